"""`sim serve llrp` and `rfid-serial` as programs: where they are, what they say, faults on command."""

import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wire.readers import lines, r200, uhf18
from wire.readers.llrp import Message, MessageStream, Type
from wire.readers.llrp_device import Announcement, Attempt, Capabilities

pytestmark = pytest.mark.slow

BUSY = ["--tags-per-min", "600", "--reads-per-s", "50"]


@contextmanager
def program(root: Path, *arguments: str) -> Iterator[dict[str, object]]:
    running = subprocess.Popen(
        [sys.executable, "-m", "simulators", "serve", *arguments],
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        try:
            yield json.loads(running.stdout.readline())
        finally:
            running.terminate()
            assert running.wait(60) == 0
            # Without an input there are no command lines, which is no reason to complain.
            assert not [row for row in running.stderr if "info" not in row]


def command(said: dict[str, object], line: str) -> str:
    with socket.create_connection(("127.0.0.1", int(str(said["control"]))), 60) as control:
        control.sendall(f"{line}\n".encode())
        return control.makefile().readline().strip()


def next_of(link: socket.socket, stream: MessageStream, kind: Type) -> Message:
    while chunk := link.recv(65_536):
        for message in stream.feed(chunk):
            if message.type == kind:
                return message
    raise AssertionError("the reader closed")


def test_an_llrp_reader_greets_and_can_be_broken_on_command(root: Path) -> None:
    with program(root, "llrp", "--antennas", "3", "--no-clock") as said:
        host, port = str(said["endpoint"]).split(":")
        with socket.create_connection((host, int(port)), 20) as link:
            stream = MessageStream()
            greeting = Announcement.decode(next_of(link, stream, Type.READER_EVENT_NOTIFICATION).body)
            assert greeting.attempt == Attempt.SUCCESS
            assert greeting.uptime_us is not None
            link.sendall(Message(Type.GET_READER_CAPABILITIES, 1, b"\0").encode())
            body = next_of(link, stream, Type.GET_READER_CAPABILITIES_RESPONSE).body
            assert Capabilities.decode(body).antennas == 3
            assert command(said, "fault reset") == "ok"
            with pytest.raises(ConnectionError):
                next_of(link, stream, Type.KEEPALIVE)
        assert "missed_keepalives" in command(said, "faults")
        assert command(said, "fault fire").startswith("error no fault 'fire'; accepted: latency")


def frames_from(path: str, question: bytes, feed: object, enough: int) -> list[object]:
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        found: list[object] = []
        end = time.monotonic() + 60
        os.write(descriptor, question)
        while len(found) < enough:
            assert time.monotonic() < end, "deadline passed"
            if select.select([descriptor], [], [], 0.2)[0]:
                found += feed(os.read(descriptor, 4096))
            else:
                os.write(descriptor, question)
        return found
    finally:
        os.close(descriptor)


def test_a_printing_reader_prints_its_tags(root: Path) -> None:
    with program(root, "rfid-serial", "--protocol", "lines", *BUSY) as said:
        found = frames_from(str(said["endpoint"]), b"", lines.LineStream().feed, 5)
    assert [lines.parse(line).antenna for line in found[1:]] == [1] * (len(found) - 1)


def test_a_module_reports_after_it_was_told_to_poll(root: Path) -> None:
    start = r200.Frame(r200.Type.COMMAND, r200.Command.MULTI_POLL, b"\x22\xff\xff").encode()
    with program(root, "rfid-serial", "--protocol", "r200", *BUSY) as said:
        found = frames_from(str(said["endpoint"]), start, r200.FrameStream().feed, 5)
    tags = [r200.decode_tag(frame.parameters) for frame in found if frame.command == r200.Command.POLL]
    assert tags
    assert {len(epc) for epc, _ in tags} == {24}


def test_a_uhf18_answers_an_inventory(root: Path) -> None:
    ask = uhf18.Frame(0, uhf18.Command.INVENTORY).encode()
    with program(root, "rfid-serial", "--protocol", "chafon18", *BUSY) as said:
        (frame, *_) = frames_from(str(said["endpoint"]), ask, uhf18.FrameStream(is_answer=True).feed, 1)
    assert frame.status in {*uhf18.TAGS_IN, uhf18.Answer.NO_TAG}


def test_an_impossible_option_is_refused_with_what_is_accepted(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simulators", "serve", "llrp", "--antennas", "0"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "antennas is 0; accepted: above 0" in done.stderr
