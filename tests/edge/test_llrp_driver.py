"""The LLRP driver against a simulated reader: set-up, reads, held reports, every way a session can end."""

import asyncio

import pytest
from edge_plcs import Sink, intake_of, until
from rfid_world import EPCS, follow, llrp_device, llrp_reader

from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake
from simulators.llrp_reader import Nature
from wire.readers.llrp import Message
from wire.readers.llrp_device import Announcement, Attempt, Capabilities, Mode
from wire.readers.llrp_rospec import AntennaPlan, State

CAN = Capabilities(antennas=2, powers={1: 1000, 2: 2000, 3: 3000}, modes=(Mode(0), Mode(4)))


def test_reads_come_with_antenna_signal_and_the_readers_own_time() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, field, _):

            async def script(_: Intake) -> None:
                await until(lambda: reader.active)
                first, second = field.put(EPCS[0], 2, -61), field.put(EPCS[1], 1, -40)
                await until(lambda: len(sink.values("tag")) == 2)
                assert sink.values("tag") == [(first.at_ms, EPCS[0]), (second.at_ms, EPCS[1])]

            await follow(llrp_device(reader.port), sink, script)
        assert [value for _, value in sink.values("antenna")] == [2, 1]
        assert [value for _, value in sink.values("rssi")] == [-61, -40]

    asyncio.run(main())


def test_the_reader_is_set_up_as_configured() -> None:
    async def main() -> None:
        antennas = [{"port": 1, "power_dbm": 25.0}, {"port": 2, "role": "exit"}]
        async with llrp_reader(Nature(CAN)) as (reader, _, _faults):
            device = llrp_device(
                reader.port, antenna=antennas, session=2, population=8, mode=4, keepalive_s=2.0, report_tags=3
            )

            async def script(_: Intake) -> None:
                await until(lambda: reader.active)

            await follow(device, Sink(), script)
            assert reader.settings.keepalive_ms == 2000
            assert reader.settings.is_held
            assert reader.settings.events == frozenset({3, 4, 8})
            (spec,) = reader.rospecs.values()
            assert spec.antennas == (AntennaPlan(1, 2, 4, 2, 8), AntennaPlan(2, None, 4, 2, 8))
            assert spec.report_tags == 3

    asyncio.run(main())


def test_coverage_reaches_to_the_last_answered_question_and_grows() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, _, _faults):

            async def script(intake: Intake) -> None:
                begun = intake.clock.now_ms()
                await until(lambda: len(sink.scans) > 3)
                ((since, through),) = sink.coverage()
                assert begun - 5 <= since < through <= intake.clock.now_ms()

            await follow(llrp_device(reader.port), sink, script)

    asyncio.run(main())


def test_reads_held_while_nobody_was_connected_are_delivered_first_and_once() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, field, _):
            device = llrp_device(reader.port)
            intake = intake_of(device, sink)

            async def before(_: Intake) -> None:
                await until(lambda: reader.active)
                field.put(EPCS[0])
                await until(lambda: len(sink.values("tag")) == 1 and sink.coverage())

            await follow(device, sink, before, intake)
            for epc in EPCS[1:200]:
                field.put(epc)
            await until(lambda: len(reader.waiting) == 199)
            number = next(iter(reader.rospecs))

            async def after(_: Intake) -> None:
                field.put(EPCS[200])
                await until(lambda: len(sink.values("tag")) == 201 and len(sink.coverage()) == 2)

            await follow(device, sink, after, intake)
            # The inventory was not touched: what the reader held would have gone with it.
            assert list(reader.rospecs) == [number]
        assert [value for _, value in sink.values("tag")] == EPCS[:201]
        assert reader.counts.dropped == 0

    asyncio.run(main())


def test_a_changed_configuration_takes_what_was_held_before_it_replaces_the_inventory() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, field, _):

            async def ready(_: Intake) -> None:
                await until(lambda: reader.active)

            await follow(llrp_device(reader.port), sink, ready)
            field.put(EPCS[0])
            await until(lambda: reader.waiting)

            async def after(_: Intake) -> None:
                await until(lambda: reader.active and reader.active.antennas == ())
                await until(lambda: len(sink.values("tag")) == 1)

            await follow(llrp_device(reader.port, session=3), sink, after)
            assert reader.counts.dropped == 0

    asyncio.run(main())


def test_an_inventory_that_was_stopped_is_started_again() -> None:
    async def main() -> None:
        async with llrp_reader() as (reader, _, _faults):
            device = llrp_device(reader.port)

            async def ready(_: Intake) -> None:
                await until(lambda: reader.active)

            await follow(device, Sink(), ready)
            (number,) = reader.rospecs
            stopped = reader.rospecs[number].__class__(number, state=State.DISABLED)
            reader.rospecs[number] = stopped
            await follow(device, Sink(), ready)
            assert reader.rospecs[number].state == State.ACTIVE

    asyncio.run(main())


def test_reports_of_several_tags_are_asked_for_so_that_none_waits_for_the_next() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, field, _):

            async def script(_: Intake) -> None:
                await until(lambda: reader.active)
                field.put(EPCS[0])
                await until(lambda: sink.values("tag"))

            intake = await follow(llrp_device(reader.port, report_tags=50), sink, script)
            # Empty reports came as well and did no harm.
            assert intake.health.polls > 1
            assert not intake.health.bad

    asyncio.run(main())


def test_a_reader_that_serves_another_client_refuses_and_tells_the_first() -> None:
    async def main() -> None:
        async with llrp_reader() as (reader, _, _faults):
            device = llrp_device(reader.port)

            async def script(intake: Intake) -> None:
                await until(lambda: reader.active)
                with pytest.raises(DeviceRefused, match="serves another client"):
                    await follow(device, Sink(), lambda _: asyncio.Event().wait())
                await until(lambda: intake.health.bad["second_client"])

            await follow(device, Sink(), script)

    asyncio.run(main())


def test_a_clean_end_frees_the_reader_at_once() -> None:
    async def main() -> None:
        async with llrp_reader() as (reader, _, _faults):
            device = llrp_device(reader.port)

            async def script(_: Intake) -> None:
                await until(lambda: reader.active)

            for _ in range(3):
                await follow(device, Sink(), script)
                await until(lambda: reader._client is None)
            assert reader.counts.refused == 0

    asyncio.run(main())


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"antenna": [{"port": 3}]}, "no antenna 3; accepted: 1 to 2"),
        ({"antenna": [{"port": 1, "power_dbm": 5.0}]}, "no transmit power of 5 dBm.*accepted: 10 to 30"),
        ({"mode": 9}, "no RF mode 9; accepted: 0, 4"),
    ],
)
def test_what_the_reader_cannot_do_is_refused_with_what_it_can(keys: dict[str, object], said: str) -> None:
    async def main() -> None:
        async with llrp_reader(Nature(CAN)) as (reader, _, _faults):
            await follow(llrp_device(reader.port, **keys), Sink(), lambda _: asyncio.Event().wait())

    with pytest.raises(DeviceRefused, match=said):
        asyncio.run(main())


def test_missed_keepalives_end_the_session() -> None:
    async def main() -> None:
        async with llrp_reader() as (reader, _, faults):

            async def script(_: Intake) -> None:
                await until(lambda: reader.active)
                faults.begin("missed_keepalives")
                await asyncio.Event().wait()

            await follow(llrp_device(reader.port, keepalive_s=0.1, timeout_s=0.5), Sink(), script)

    with pytest.raises(DeviceUnreachable, match="no keepalive"):
        asyncio.run(main())


def test_an_unplugged_antenna_is_counted_with_its_port() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, field, faults):

            async def script(intake: Intake) -> None:
                await until(sink.coverage)
                faults.begin("antenna_off", port=2)
                await until(lambda: intake.health.bad["antenna_disconnected"])
                assert intake.health.examples["antenna_disconnected"] == "antenna 2"
                field.put(EPCS[0], 2)
                field.put(EPCS[1], 1)
                await until(lambda: sink.values("tag"))
                faults.clear()

            await follow(llrp_device(reader.port), sink, script)
        assert [value for _, value in sink.values("tag")] == [EPCS[1]]

    asyncio.run(main())


def test_a_reader_that_restarted_is_set_up_anew() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, field, faults):
            device = llrp_device(reader.port)

            async def restarting(_: Intake) -> None:
                await until(lambda: reader.active)
                faults.begin("restart")
                await asyncio.Event().wait()

            with pytest.raises(DeviceUnreachable, match="closed the connection"):
                await follow(device, sink, restarting)

            async def after(_: Intake) -> None:
                await until(lambda: reader.active)
                field.put(EPCS[0])
                await until(lambda: sink.values("tag"))

            await follow(device, sink, after)

    asyncio.run(main())


def test_reads_that_the_reader_threw_away_are_counted_and_break_the_coverage() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader(Nature(CAN, holds=10)) as (reader, field, _):
            device = llrp_device(reader.port)

            async def ready(_: Intake) -> None:
                await until(lambda: reader.active)

            await follow(device, sink, ready)
            for epc in EPCS[:25]:
                field.put(epc)
            await until(lambda: reader.counts.dropped == 15)

            async def after(_: Intake) -> None:
                await until(lambda: len(sink.values("tag")) == 10)

            intake = await follow(device, sink, after)
            assert intake.health.bad["reads_lost"] == 1

    asyncio.run(main())


async def answered_by(raw: bytes) -> None:
    """A session with a peer that says `raw` and then nothing."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        while await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    device = llrp_device(server.sockets[0].getsockname()[1], timeout_s=0.5)
    try:
        await follow(device, Sink(), lambda _: asyncio.Event().wait())
    finally:
        server.close()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no greeting"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "no LLRP"),
        (Announcement(attempt=Attempt.SUCCESS).encode(1), "no answer to GET_READER_CAPABILITIES"),
        (Announcement(attempt=Attempt.SUCCESS).encode(1) + Message(61, 2, b"\xff").encode(), "no answer"),
    ],
)
def test_a_peer_that_is_no_reader_is_unreachable_with_the_reason(raw: bytes, said: str) -> None:
    with pytest.raises(DeviceUnreachable, match=said):
        asyncio.run(answered_by(raw))


def test_nobody_there_is_unreachable() -> None:
    with pytest.raises(DeviceUnreachable, match="cannot be reached"):
        asyncio.run(follow(llrp_device(1), Sink(), lambda _: asyncio.Event().wait()))
