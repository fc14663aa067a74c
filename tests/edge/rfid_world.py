"""Simulated readers for the edge's tests: scripted tags, one session at a time, what was handed on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from edge_plcs import CLOCK, T0, Sink, config, intake_of

from edge.devices import Device
from edge.drivers import driver
from edge.intake import Intake
from simulators.faults import LINK_FAULTS, Faults
from simulators.llrp_reader import READER_FAULTS, LlrpReader, Nature
from simulators.tag_field import FieldRead
from wire.clock import PlantClock

EPCS = [f"30340242201D8840000F{n:04X}" for n in range(0x4241, 0x4341)]

TAGS = [
    {"name": "tag", "datatype": "String"},
    {"name": "antenna", "datatype": "Int32", "field": "antenna"},
    {"name": "rssi", "datatype": "Int32", "field": "rssi"},
]


class HandClock:
    """A plant clock that a test turns by hand, so that no load of the machine moves a tag's time."""

    speed = 1.0

    def __init__(self) -> None:
        self.at_ms = T0

    def now_ms(self) -> int:
        return self.at_ms


class Script:
    """What is in front of a reader: the test puts tags there."""

    def __init__(self, clock: PlantClock | HandClock = CLOCK) -> None:
        self.coming: list[FieldRead] = []
        self._clock = clock

    def put(self, epc: str, antenna: int = 1, rssi: int = -50, at_ms: int | None = None) -> FieldRead:
        read = FieldRead(self._clock.now_ms() if at_ms is None else at_ms, epc, antenna, rssi)
        self.coming.append(read)
        return read

    def advance(self, until_ms: int) -> list[FieldRead]:
        due = [read for read in self.coming if read.at_ms <= until_ms]
        self.coming = [read for read in self.coming if read.at_ms > until_ms]
        return due


@asynccontextmanager
async def llrp_reader(
    nature: Nature | None = None, clock: PlantClock | HandClock = CLOCK
) -> AsyncIterator[tuple[LlrpReader, Script, Faults]]:
    """A simulated LLRP reader on a free port."""
    script, faults = Script(clock), Faults({**LINK_FAULTS, **READER_FAULTS})
    reader = LlrpReader(script, clock.now_ms, faults, nature)
    await reader.serve()
    try:
        yield reader, script, faults
    finally:
        await reader.stop()


def llrp_device(port: int, **keys: object) -> Device:
    tree = {
        "id": "R1",
        "driver": "rfid_llrp",
        "endpoint": f"127.0.0.1:{port}",
        "probe_s": 0.05,
        "timeout_s": 5.0,
        "tag": TAGS,
        **keys,
    }
    return config(tree).device[0]


async def follow(
    device: Device, sink: Sink, script: Callable[[Intake], Awaitable[None]], intake: Intake | None = None
) -> Intake:
    """One session with `device` while `script` runs; what ends the session early is raised."""
    intake = intake or intake_of(device, sink)
    intake.open_session()
    session = asyncio.create_task(driver(device.driver)(device, intake))
    acting = asyncio.ensure_future(script(intake))
    done, _ = await asyncio.wait({session, acting}, return_when=asyncio.FIRST_COMPLETED, timeout=90)
    (session if acting in done else acting).cancel()
    await asyncio.gather(session, acting, return_exceptions=True)
    for task in (session, acting):
        if not task.cancelled() and (error := task.exception()):
            raise error
    return intake
