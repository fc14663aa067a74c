"""Faults on command: their lines, the control socket, the link that shows them."""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.control import Control
from simulators.faults import LINK_FAULTS, FaultKind, Faults
from simulators.links import FaultyLink
from simulators.serve import main

KINDS = {**LINK_FAULTS, "freeze": FaultKind("values stand still", {"unit": 1.0})}


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_fault_lasts_as_long_as_it_was_said_to() -> None:
    clock = Clock()
    faults = Faults(KINDS, clock)
    assert faults.say("fault latency 2 ms=40") == "ok"
    assert faults.now("latency")["ms"] == 40
    clock.now_s += 2
    assert faults.now("latency") is None
    assert faults.say("fault black_hole") == "ok"
    clock.now_s += 1e6
    assert faults.now("black_hole")
    assert faults.say("clear black_hole") == "ok"
    assert faults.now("black_hole") is None


def test_an_event_happens_once_and_is_over() -> None:
    faults = Faults(KINDS, Clock())
    seen = []
    faults.when("reset", lambda fault: seen.append(fault.name))
    assert faults.say("fault reset") == "ok"
    assert seen == ["reset"]
    assert faults.now("reset") is None
    assert faults.say("fault reset 3") == "ok"
    assert faults.now("reset")


@pytest.mark.parametrize(
    ("line", "accepted"),
    [
        ("fault nothing", "latency, black_hole"),
        ("fault latency 1 s=3", "ms=500"),
        ("fault latency soon", "a number"),
        ("fault latency -1", "seconds above 0"),
        ("fault latency 1 2", "seconds, then key=number"),
        ("fault latency ms=nan", "a number"),
        ("clear nothing", "latency, black_hole"),
        ("stop", "fault NAME [seconds]"),
        ("", "fault NAME [seconds]"),
    ],
)
def test_a_wrong_line_is_answered_with_what_would_be_accepted(line: str, accepted: str) -> None:
    answer = Faults(KINDS).say(line)
    assert answer.startswith("error ")
    assert f"accepted: {accepted}" in answer


@given(st.text(max_size=60))
def test_any_line_gets_one_answer(line: str) -> None:
    answer = Faults(KINDS).say(line)
    assert answer.startswith(("ok", "error "))
    assert "\n" not in answer


def test_the_control_socket_answers_each_line() -> None:
    async def main() -> None:
        faults = Faults(KINDS)
        async with Control(faults) as control:
            reader, writer = await asyncio.open_connection("127.0.0.1", control.port)
            writer.write(b"fault freeze 60 unit=3\nfault x\nfaults\n")
            answers = [await reader.readline() for _ in range(3)]
            writer.close()
        assert answers[0] == b"ok\n"
        assert answers[1].startswith(b"error no fault 'x'")
        assert b"freeze (values stand still; unit=1)" in answers[2]
        assert faults.now("freeze")["unit"] == 3

    asyncio.run(main())


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(1000):
        writer.write(chunk)
    writer.close()


async def asked(link: FaultyLink, question: bytes, wait_s: float = 5.0) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    writer.write(question)
    try:
        return await asyncio.wait_for(reader.read(1000), wait_s)
    finally:
        writer.close()


def test_a_link_shows_each_fault_and_works_again_after_it() -> None:
    async def main() -> None:
        faults = Faults(KINDS)
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server, FaultyLink(server.sockets[0].getsockname()[1], faults) as link:
            assert await asked(link, b"hello") == b"hello"
            faults.begin("latency", ms=80)
            began = time.monotonic()
            assert await asked(link, b"hello") == b"hello"
            assert time.monotonic() - began >= 0.08
            faults.clear()
            faults.begin("truncate")
            assert await asked(link, b"hello!") == b"hel"
            faults.clear()
            faults.begin("black_hole")
            with pytest.raises(TimeoutError):
                await asked(link, b"hello", 0.1)
            faults.clear()
            faults.begin("reset", 60)
            with pytest.raises(ConnectionError):
                await asked(link, b"hello")
            faults.clear()
            assert await asked(link, b"hello") == b"hello"

    asyncio.run(main())


def test_a_reset_cuts_the_connections_that_are_open() -> None:
    async def main() -> None:
        faults = Faults(KINDS)
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        async with server, FaultyLink(server.sockets[0].getsockname()[1], faults) as link:
            reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
            writer.write(b"a")
            assert await reader.read(10) == b"a"
            faults.say("fault reset")
            with pytest.raises(ConnectionError):
                await asyncio.wait_for(reader.read(10), 30)
            writer.close()

    asyncio.run(main())


STATUES = {"statue": "statue_kind"}
STATUE = '''
"""A simulator that stands still."""
from simulators.control import Control
from simulators.faults import FaultKind, Faults


def add_arguments(parser):
    parser.add_argument("--size", type=int, default=1)


async def serve(options, ready, stop):
    import sys
    faults = Faults({"fall": FaultKind("it falls", is_event=True)})
    faults.when("fall", lambda _: stop.set())
    async with Control(faults, options.control, lines=sys.stdin) as control:
        ready({"kind": "statue", "size": options.size, "control": control.port})
        await stop.wait()
'''


def test_a_kind_that_nobody_knows_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["nothing"], STATUES)
    assert end.value.code == 2
    assert "statue" in capsys.readouterr().err


@pytest.mark.parametrize("end", ["signal", "line"])
def test_a_simulator_says_where_it_is_and_ends_when_told(root: Path, tmp_path: Path, end: str) -> None:
    (tmp_path / "statue_kind.py").write_text(STATUE)
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import sys; from simulators.serve import main;"
                f"sys.exit(main(['statue', '--size', '3'], {STATUES!r}))"
            ),
        ],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{tmp_path}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        said = json.loads(program.stdout.readline())
        assert said["size"] == 3
        assert said["control"] > 0
        if end == "signal":
            program.send_signal(signal.SIGTERM)
        else:
            program.stdin.write("fault stumble\nfault fall\n")
            program.stdin.flush()
            assert program.stdout.readline().startswith("error no fault 'stumble'; accepted: fall")
        assert program.wait(60) == 0


def test_a_simulator_without_an_input_says_nothing_on_its_error_stream(root: Path, tmp_path: Path) -> None:
    (tmp_path / "statue_kind.py").write_text(STATUE)
    program = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; from simulators.serve import main; sys.exit(main(['statue'], {STATUES!r}))",
        ],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}:{tmp_path}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with program:
        json.loads(program.stdout.readline())
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0
        assert program.stderr.read() == ""


def test_every_kind_of_the_table_has_its_two_functions() -> None:
    from importlib import import_module  # noqa: PLC0415 - modules of this table are imported one by one

    from simulators.serve import KINDS as TABLE  # noqa: PLC0415 - not the faults of this test

    for module in TABLE.values():
        found = import_module(module)
        found.add_arguments(argparse.ArgumentParser())
        assert asyncio.iscoroutinefunction(found.serve)
