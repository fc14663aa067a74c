"""The simulated LLRP reader with an independent client: sllurp takes inventory and receives the tags."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sllurp.llrp import LLRPReaderClient, LLRPReaderConfig, LLRPReaderState

from simulators.faults import LINK_FAULTS, Faults
from simulators.llrp_reader import READER_FAULTS, LlrpReader, Nature
from simulators.tag_field import Conveyor, Field, FieldRead, MovingTags
from wire.readers.llrp_device import Capabilities, Mode

T0 = 1_772_409_600_000
CAN = Capabilities(2, {index: 1000 + 100 * index for index in range(1, 21)}, (Mode(0), Mode(2)))


class Served:
    """A reader in a thread of its own, so that a threaded client can talk to it."""

    def __init__(self, tags: Field, now_ms: object) -> None:
        self.faults = Faults({**LINK_FAULTS, **READER_FAULTS})
        self._tags, self._now_ms = tags, now_ms
        self._up, self._stop = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.reader = LlrpReader(self._tags, self._now_ms, self.faults, Nature(CAN))
        await self.reader.serve()
        self._up.set()
        await self._stop.wait()
        await self.reader.stop()

    @contextmanager
    def running(self) -> Iterator["Served"]:
        self._thread.start()
        assert self._up.wait(60)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(60)


class Steps:
    """A field that shows one tag for every time it is asked, and a clock that goes with it."""

    def __init__(self) -> None:
        self.at_ms = T0
        self.shown: list[FieldRead] = []

    def now_ms(self) -> int:
        self.at_ms += 20
        return self.at_ms

    def advance(self, until_ms: int) -> list[FieldRead]:
        number = len(self.shown)
        read = FieldRead(until_ms, f"30340242201D8840{number:08X}", 1 + number % 2, -40 - number % 20)
        self.shown.append(read)
        return [read]


class Listener:
    """sllurp's client with what it received."""

    def __init__(self, port: int, **keys: object) -> None:
        self.tags: list[dict[str, object]] = []
        self.enough = threading.Event()
        self.states: list[int] = []
        content = dict.fromkeys(
            [
                "EnableROSpecID",
                "EnableSpecIndex",
                "EnableInventoryParameterSpecID",
                "EnableChannelIndex",
                "EnableAccessSpecID",
            ],
            False,
        ) | dict.fromkeys(
            [
                "EnableAntennaID",
                "EnablePeakRSSI",
                "EnableFirstSeenTimestamp",
                "EnableLastSeenTimestamp",
                "EnableTagSeenCount",
            ],
            True,
        )
        chosen = {"antennas": [1, 2], "tag_content_selector": content, "report_every_n_tags": 1, **keys}
        self.client = LLRPReaderClient("127.0.0.1", port, LLRPReaderConfig(chosen), timeout=60)
        self.client.add_tag_report_callback(self._take)
        self.client.add_state_callback(
            LLRPReaderState.STATE_INVENTORYING, lambda _client, state: self.states.append(state)
        )

    def _take(self, _client: object, tags: list[dict[str, object]]) -> None:
        self.tags += tags
        if len(self.tags) >= 20:
            self.enough.set()


def test_sllurp_takes_inventory_and_receives_every_tag() -> None:
    steps = Steps()
    with Served(steps, steps.now_ms).running() as served:
        listener = Listener(served.reader.port, keepalive_interval=200)
        listener.client.connect()
        assert listener.enough.wait(30)
        assert listener.states
        spec = served.reader.active
        assert spec is not None
        assert [plan.port for plan in spec.antennas] == [1, 2]
        listener.client.disconnect()
        listener.client.join(20)
    got = [bytes(tag["EPC-96"]).decode().upper() for tag in listener.tags]
    shown = [read.epc for read in steps.shown]
    begun = shown.index(got[0])
    assert got == shown[begun : begun + len(got)]
    by_epc = {read.epc: read for read in steps.shown}
    for tag, epc in zip(listener.tags, got, strict=True):
        read = by_epc[epc]
        assert (tag["AntennaID"], tag["PeakRSSI"]) == (read.antenna, read.rssi_dbm)
        assert tag["FirstSeenTimestampUTC"] == read.at_ms * 1000


def test_a_second_sllurp_is_refused() -> None:
    steps = Steps()
    with Served(steps, steps.now_ms).running() as served:
        first = Listener(served.reader.port)
        first.client.connect()
        assert first.enough.wait(30)
        second = Listener(served.reader.port)
        second.client.connect()
        second.client.join(20)
        assert not second.tags
        assert served.reader.counts.refused == 1
        first.client.disconnect()
        first.client.join(20)


def test_the_conveyor_tells_the_same_story_however_it_is_asked() -> None:
    conveyor = Conveyor(antennas=2, tags_per_min=60, dwell_s=1.0, ghosts_per_min=0)
    whole = MovingTags(conveyor, 7, T0).advance(T0 + 20_000)
    slow = MovingTags(conveyor, 7, T0)
    parts = [read for ms in range(T0, T0 + 20_001, 130) for read in slow.advance(ms)]
    parts += slow.advance(T0 + 20_000)
    assert parts == whole
    assert len({read.epc for read in whole}) == 20
    first = [read for read in whole if read.epc == whole[0].epc]
    # Past the antennas in their order, strongest in the middle of each field.
    assert [read.antenna for read in first] == sorted(read.antenna for read in first)
    at_two = [read for read in first if read.antenna == 2]
    middle = max(at_two, key=lambda read: read.rssi_dbm)
    assert at_two[0].at_ms < middle.at_ms < at_two[-1].at_ms


def test_ghosts_are_single_weak_reads() -> None:
    tags = MovingTags(Conveyor(tags_per_min=0, ghosts_per_min=600), 3, T0)
    reads = tags.advance(T0 + 10_000)
    assert 50 < len(reads) < 200
    assert max(read.rssi_dbm for read in reads) <= -74


@pytest.mark.parametrize("keys", [{"antennas": 0}, {"dwell_s": 0}, {"tags_per_min": -1}])
def test_an_impossible_conveyor_is_refused(keys: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="accepted"):
        Conveyor(**keys)
