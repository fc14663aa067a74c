"""The LLRP driver where the link to the reader is slow, cut or refused."""

import asyncio

import pytest
from edge_plcs import Sink, intake_of, until
from rfid_world import EPCS, follow, llrp_device, llrp_reader

from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake
from simulators.links import FaultyLink


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("black_hole", "no answer|no keepalive"),
        ("reset", "closed|reset|lost"),
        ("truncate", "no LLRP|no answer|no keepalive"),
    ],
)
def test_a_faulty_link_ends_the_session_and_the_next_one_loses_nothing_held(fault: str, said: str) -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, field, faults), FaultyLink(reader.port, faults) as link:
            device = llrp_device(link.port, keepalive_s=0.2, timeout_s=0.5)
            intake = intake_of(device, sink)

            async def broken(_: Intake) -> None:
                await until(lambda: reader.active)
                faults.begin(fault)
                await asyncio.Event().wait()

            with pytest.raises(DeviceUnreachable, match=said):
                await follow(device, sink, broken, intake)
            faults.clear()
            # The reader gives the dead client up and holds from then on.
            await until(lambda: reader._client is None)
            for epc in EPCS[:20]:
                field.put(epc)
            await until(lambda: len(reader.waiting) == 20)

            async def after(_: Intake) -> None:
                await until(lambda: len(sink.values("tag")) == 20)

            await follow(device, sink, after, intake)
        assert [value for _, value in sink.values("tag")] == EPCS[:20]

    asyncio.run(main())


def test_a_slow_link_only_makes_reads_late() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, field, faults), FaultyLink(reader.port, faults) as link:

            async def script(_: Intake) -> None:
                await until(lambda: reader.active)
                faults.begin("latency", ms=150.0)
                for epc in EPCS[:20]:
                    field.put(epc)
                await until(lambda: len(sink.values("tag")) == 20)
                covered = sink.coverage()
                await until(lambda: len(sink.coverage()) > len(covered) or sink.coverage() != covered)

            await follow(llrp_device(link.port, keepalive_s=1.0, timeout_s=2.0), sink, script)
        assert [value for _, value in sink.values("tag")] == EPCS[:20]
        assert len({since for since, _ in sink.coverage()}) == 1  # one session all along

    asyncio.run(main())


def test_a_reader_that_refuses_clients_says_so_and_is_read_when_it_takes_one_again() -> None:
    async def main() -> None:
        sink = Sink()
        async with llrp_reader() as (reader, field, faults):
            device = llrp_device(reader.port)
            intake = intake_of(device, sink)
            faults.begin("refuse_clients")
            with pytest.raises((DeviceUnreachable, DeviceRefused), match="another"):
                await follow(device, sink, lambda _: asyncio.Event().wait(), intake)
            faults.clear()

            async def after(_: Intake) -> None:
                await until(lambda: reader.active)
                field.put(EPCS[0])
                await until(lambda: sink.values("tag"))

            await follow(device, sink, after, intake)
        assert [value for _, value in sink.values("tag")] == [EPCS[0]]

    asyncio.run(main())
