"""The receipts model's schedules, driven through the real spool, sending and stream gate."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from receipts_world import SEEDS, Edge, Host, drive

from edge.sending import Effect, Sending
from wire.receipts import BatchHeader
from wire.stream_gate import StreamGate, Verdict


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of commits, and no power cut is simulated here."""
    memory = Path("/dev/shm")  # noqa: S108 - a private folder is made inside
    if not memory.is_dir():
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=memory))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize("forgets", [False, True])
@pytest.mark.parametrize("restores", [False, True])
def test_every_spooled_batch_is_stored_once_or_in_a_recorded_gap(
    fast_folder: Path, *, restores: bool, forgets: bool
) -> None:
    produced = stored = 0
    for seed in range(SEEDS):
        folder = fast_folder / str(seed)
        schedule = drive(seed, folder, Host(), restores=restores, forgets=forgets)
        produced += len(schedule.edge.produced)
        stored += len(schedule.host.store.stored)
    assert produced > 15 * SEEDS
    assert stored > 5 * SEEDS


def test_a_short_schedule_keeps_the_law(fast_folder: Path) -> None:
    for seed in range(1000, 1008):
        drive(seed, fast_folder / str(seed), Host(), restores=True, forgets=True, steps=150)


class GreedyGate(StreamGate[bytes]):
    """Stores what comes although something before it is missing."""

    def offer(self, header: BatchHeader, item: bytes, now_s: float) -> Verdict[bytes]:
        self._staged = max(self._staged, header.prev)
        return super().offer(header, item, now_s)


class ForgetfulGate(StreamGate[bytes]):
    """Believes stored what a failed transaction has thrown away."""

    def rolled_back(self) -> None:
        self.committed()


@pytest.mark.parametrize("broken", [GreedyGate, ForgetfulGate])
def test_a_host_that_breaks_a_rule_is_caught(fast_folder: Path, broken: type[StreamGate[bytes]]) -> None:
    for seed in range(120):
        host = Host()
        host.gate = lambda w: broken(w, hold_s=0.0, held_max=8)
        try:
            drive(seed, fast_folder / str(seed), host, restores=False, forgets=False)
        except AssertionError:
            return
    pytest.fail("no schedule noticed the broken rule")


class LoyalSending(Sending):
    """Keeps its receipts although the host was restored."""

    def _renew(self) -> None:
        return


class RashSending(Sending):
    """Takes what it has published for stored."""

    def _repeated(self, lane: Any, now_s: float) -> Effect:
        self._progress(lane, lane.cursor, now_s)
        return Effect(stored=(lane.no, lane.cursor))


@pytest.mark.parametrize("broken", [LoyalSending, RashSending])
def test_an_edge_that_breaks_a_rule_is_caught(
    fast_folder: Path, broken: type[Sending], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Edge, "kind", broken)
    for seed in range(120):  # real threads make a schedule differ from run to run: go on until one catches it
        try:
            drive(seed, fast_folder / str(seed), Host(), restores=True, forgets=False)
        except AssertionError:
            return
    pytest.fail("no schedule noticed the broken rule")
