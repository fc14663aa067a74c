"""Whatever a reader, or a client of the simulated one, says: an error of our own or nothing, no crash."""

import asyncio

from edge_plcs import CLOCK, Sink, intake_of, until
from hypothesis import given, settings
from hypothesis import strategies as st
from rfid_world import EPCS, follow, llrp_device, llrp_reader

from edge.drivers.rfid_llrp.link import Link
from edge.drivers.rfid_llrp.session import Session
from edge.errors import EdgeError
from edge.intake import Intake
from edge.presence import Sight
from edge.sightings import WAITING, Sightings
from wire.readers import TagRead
from wire.readers.llrp import Message, Type, tlv
from wire.readers.llrp_device import Announcement, Attempt
from wire.readers.llrp_reports import encode_report

bodies = st.binary(max_size=60) | st.binary(max_size=30).map(lambda raw: tlv(240, raw) + tlv(246, raw))
said = st.lists(
    st.builds(
        Message, st.sampled_from([61, 62, 63, 12, 100, 1023]), st.integers(0, 9), bodies, st.just(1)
    ).map(Message.encode)
    | st.builds(
        Announcement,
        st.none() | st.integers(0, 2**63),
        st.none(),
        st.sampled_from(Attempt),
        st.just({}),
        st.none(),
    ).map(lambda event: event.encode(1))
    | st.binary(max_size=40),
    max_size=8,
)


async def hear(raw: bytes) -> Intake:
    """What the driver makes of these bytes: the connection reads them and then its end."""
    device = llrp_device(1)
    intake = intake_of(device, Sink())
    link = Link(device.endpoint, 1.0)
    session = Session(device, intake, link, Sightings.of(device, intake))
    link._reader = asyncio.StreamReader()
    link._reader.feed_data(raw)
    link._reader.feed_eof()
    link.tell = lambda _message: None
    link._writer = Silent()
    try:
        await link._listen()
    except EdgeError:
        session._sightings.flush(None)
    return intake


class Silent:
    """A writer that nobody reads."""

    async def drain(self) -> None:
        pass


@settings(max_examples=150)
@given(said)
def test_whatever_a_reader_says_ends_in_an_error_of_ours(parts: list[bytes]) -> None:
    asyncio.run(hear(b"".join(parts)))


@settings(max_examples=15)
@given(
    st.lists(st.lists(st.binary(max_size=40) | bodies.map(lambda b: Message(20, 1, b).encode()), max_size=4))
)
def test_whatever_clients_say_the_simulated_reader_serves_the_next(clients: list[list[bytes]]) -> None:
    async def main() -> None:
        async with llrp_reader() as (reader, _, _faults):
            for parts in clients[:5]:
                stream, writer = await asyncio.open_connection("127.0.0.1", reader.port)
                writer.write(b"".join(parts))
                writer.write_eof()
                while await stream.read(1000):
                    pass
                writer.close()
                await until(lambda: reader._client is None)

            async def script(_: Intake) -> None:
                await until(lambda: reader.active)

            await follow(llrp_device(reader.port), Sink(), script)

    asyncio.run(main())


def test_a_flood_of_held_reads_is_handed_on_in_portions() -> None:
    sink = Sink()
    device = llrp_device(1)
    intake = intake_of(device, sink)
    sightings = Sightings.of(device, intake)
    now_ms = CLOCK.now_ms()
    for number in range(WAITING):
        sightings.see(Sight(EPCS[0], 1, -50, now_ms + number % 7, now_ms))
    assert len(sightings._samples) < WAITING
    assert len(sink.scans) == len(device.tag) * WAITING // (WAITING + 1)


def test_a_report_with_a_time_nobody_can_believe_is_kept_and_flagged() -> None:
    async def main() -> None:
        greeting = Announcement(utc_us=CLOCK.now_ms() * 1000, attempt=Attempt.SUCCESS).encode(1)
        read = TagRead(EPCS[0], 1, -50, 2**63, 2**63, 1)
        intake = await hear(greeting + Message(Type.RO_ACCESS_REPORT, 2, encode_report([read])).encode())
        assert intake.health.bad["future_time"]
        # Three tags, and the count of bad input.
        assert intake.health.readings == 4

    asyncio.run(main())


def test_too_many_tags_are_counted_and_depart_early() -> None:
    sink = Sink()
    device = llrp_device(1, presence={"max_tags": 10})
    intake = intake_of(device, sink)
    sightings = Sightings.of(device, intake)
    for epc in EPCS[:25]:
        sightings.see(Sight(epc, 1, -50, CLOCK.now_ms(), CLOCK.now_ms()))
    sightings.flush(None)
    assert intake.health.bad["too_many_tags"] == 15
