"""Serial RFID: lines become reads with their own time, rubbish is counted, a hang-up ends the session."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from edge_plcs import T0, Pty, Sink, config, intake_of, until

from edge.drivers.rfid_serial import watch
from edge.errors import DeviceUnreachable
from edge.intake import Intake

EPC = "30340242201D8840000F4241"


def line(epc: str = EPC, second: float = 1.25) -> bytes:
    return f"{epc};1;-57;2026-03-02T00:00:{second:06.3f}Z\r\n".encode()


async def follow(path: str, sink: Sink, script: Callable[[Intake], Awaitable[None]]) -> Intake:
    """One session with the reader at `path` while `script` runs; what ends the session early is raised."""
    keys = {
        "id": "R1",
        "driver": "rfid_serial",
        "endpoint": path,
        "tag": [
            {"name": "tag", "datatype": "String"},
            {"name": "rssi", "datatype": "Int32", "field": "rssi"},
        ],
    }
    device = config(keys).device[0]
    intake = intake_of(device, sink)
    intake.open_session()
    session = asyncio.create_task(watch(device, intake))
    acting = asyncio.ensure_future(script(intake))
    done, _ = await asyncio.wait({session, acting}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    (session if acting in done else acting).cancel()
    await asyncio.gather(session, acting, return_exceptions=True)
    for task in (session, acting):
        if not task.cancelled() and (error := task.exception()):
            raise error
    return intake


def test_every_read_is_reported_with_its_own_time_even_the_same_tag_twice() -> None:
    async def main() -> None:
        sink, pty = Sink(), Pty()

        async def script(_: Intake) -> None:
            await until(lambda: sink.scans)
            pty.say(line(), line(second=1.3))
            await until(lambda: len(sink.values("tag")) == 2)

        await follow(pty.path, sink, script)
        assert sink.values("tag") == [(T0 + 1250, EPC), (T0 + 1300, EPC)]
        assert sink.values("rssi") == [(T0 + 1250, -57), (T0 + 1300, -57)]
        pty.close()

    asyncio.run(main())


def test_rubbish_is_counted_and_the_lines_around_it_are_read() -> None:
    async def main() -> None:
        sink, pty = Sink(), Pty()

        async def script(intake: Intake) -> None:
            await until(lambda: sink.scans)
            pty.say(line(), b"\xff\xfe;;\r\n", b"30340242;1;-57;2026-03-02T00:00:01Z\r\n", b"\r\n")
            pty.say(f"{EPC};1;-57;2026-13-02T00:00:01Z\r\n".encode(), f"{EPC};1;-5".encode())
            pty.say(f"7;2026-03-02T00:00:02Z\r\n{EPC};1;-57;2026-03-02T00:00:01\n".encode())
            await until(lambda: len(sink.values("tag")) == 2 and intake.health.bad["bad_line"] == 4)
            pty.say(b"x" * 1000)
            await until(lambda: intake.health.bad["bad_line"] > 4)
            pty.say(b"\r\n", line(second=3))
            await until(lambda: len(sink.values("tag")) == 3)

        await follow(pty.path, sink, script)
        assert [ts - T0 for ts, _ in sink.values("tag")] == [1250, 2000, 3000]
        pty.close()

    asyncio.run(main())


def test_coverage_is_one_assertion_that_grows_behind_the_plant_clock() -> None:
    async def main() -> None:
        sink, pty = Sink(), Pty()

        async def script(intake: Intake) -> None:
            started = intake.clock.now_ms()
            await until(lambda: len(sink.scans) > 3)
            since, through = sink.coverage()[0]
            assert started - 5000 < since <= through < intake.clock.now_ms()

        await follow(pty.path, sink, script)
        assert len(sink.coverage()) == 1
        pty.close()

    asyncio.run(main())


def test_lines_that_waited_in_the_port_are_read() -> None:
    async def main() -> None:
        sink, pty = Sink(), Pty()
        pty.say(line())

        async def script(_: Intake) -> None:
            await until(lambda: sink.values("tag"))

        await follow(pty.path, sink, script)
        assert sink.values("tag") == [(T0 + 1250, EPC)]
        pty.close()

    asyncio.run(main())


def test_a_port_that_hangs_up_ends_the_session() -> None:
    with pytest.raises(DeviceUnreachable, match="hung up"):
        asyncio.run(hang_up())


async def hang_up() -> None:
    sink, pty = Sink(), Pty()

    async def script(_: Intake) -> None:
        await until(lambda: sink.scans)
        pty.close()
        await asyncio.Event().wait()

    await follow(pty.path, sink, script)


def test_a_port_that_does_not_exist_is_unreachable() -> None:
    async def script(_: Intake) -> None:
        await asyncio.Event().wait()

    with pytest.raises(DeviceUnreachable, match="cannot be opened"):
        asyncio.run(follow("/dev/there-is-no-such-port", Sink(), script))
