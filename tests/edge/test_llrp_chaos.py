"""An LLRP reader on a breaking link: nothing twice, nothing missing from the time that is claimed."""

import asyncio
import random
from time import monotonic

import pytest
from edge_plcs import CLOCK, Sink, intake_of, until
from rfid_world import Script, llrp_device

from edge.drivers.rfid_llrp import watch
from edge.watches import Backoff, supervise
from simulators.faults import LINK_FAULTS, Faults
from simulators.links import FaultyLink
from simulators.llrp_reader import READER_FAULTS, LlrpReader
from simulators.tag_field import FieldRead

pytestmark = pytest.mark.slow


class Stream(Script):
    """A new tag at every moment it is asked; what the reader truly read is written down."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger: list[FieldRead] = []

    def advance(self, until_ms: int) -> list[FieldRead]:
        read = FieldRead(until_ms, f"{len(self.ledger):024X}", 1, -50)
        self.ledger.append(read)
        return [read]


async def storm(seed: int, breaks: int) -> tuple[Stream, Sink, LlrpReader]:
    chance = random.Random(seed)
    field, sink, faults = Stream(), Sink(), Faults({**LINK_FAULTS, **READER_FAULTS})
    reader = LlrpReader(field, CLOCK.now_ms, faults)
    await reader.serve()
    async with FaultyLink(reader.port, faults) as link:
        device = llrp_device(link.port, keepalive_s=0.15, timeout_s=0.3)
        intake = intake_of(device, sink)
        backoff = Backoff(first_s=0.05, longest_s=0.1, refused_s=0.1)
        watching = asyncio.create_task(supervise(device, watch, intake, backoff, lambda _device, _up: None))
        for _ in range(breaks):
            sessions = intake.health.sessions
            await until(lambda before=sessions: intake.health.sessions > before)
            calm_until = monotonic() + chance.uniform(0, 0.4)
            await until(lambda end=calm_until: monotonic() > end)
            fault = chance.choice(["reset", "black_hole", "truncate", "missed_keepalives"])
            errors = intake.health.errors
            faults.begin(fault)
            await until(lambda before=errors: intake.health.errors > before)
            faults.clear()
        covered = len(sink.coverage())
        await until(lambda: len(sink.coverage()) > covered or sink.scans[-1].observed)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    await reader.stop()
    return field, sink, reader


@pytest.mark.parametrize("seed", [1])
def test_a_breaking_link_doubles_nothing_and_claims_nothing_that_was_lost(seed: int) -> None:
    field, sink, reader = asyncio.run(storm(seed, 5))
    got = [str(value) for _, value in sink.values("tag")]
    assert len(got) == len(set(got))
    assert got == sorted(got), "held reads came before newer ones"
    claimed = [
        read.epc
        for read in field.ledger
        if any(since < read.at_ms < through for since, through in sink.coverage())
    ]
    assert claimed
    assert set(claimed) <= set(got)
    # What is missing was on its way in a connection that broke: LLRP acknowledges no report.
    assert reader.counts.dropped < len(got)


@pytest.mark.parametrize("seed", range(2, 8))
def test_many_storms_keep_the_same_promise(seed: int) -> None:
    test_a_breaking_link_doubles_nothing_and_claims_nothing_that_was_lost(seed)
