"""What history() replays is what the PLCs showed."""

from collections import defaultdict
from itertools import pairwise

from demo_worlds import Worlds

from simulators.figures import segments
from simulators.history import Change, history
from simulators.plant_file import Plant

HOUR_MS = 3_600_000


def test_a_shift_of_history_tells_the_ledgers_story(demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(9, 4.0)
    changes = list(history(demo, 9, ledger.start_ms, ledger.start_ms, ledger.through_ms))
    assert all(a.ts_ms <= b.ts_ms for a, b in pairwise(changes))
    by_tag: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in changes:
        by_tag[change.source, change.tag].append(change)
    for machine in demo.machines:
        states = [(c.ts_ms, demo.state_codes[int(c.value)]) for c in by_tag[machine.id, "state"]]
        assert states == [(run.start_ms, run.state) for run in segments(ledger, machine.id)]
        jobs = [(c.ts_ms, c.value) for c in by_tag[machine.id, "job"]]
        assert jobs == [(ledger.start_ms, 0), *map(tuple, ledger.jobs[machine.id])]
        good = [part.ts_ms for part in ledger.parts[machine.id] if part.good]
        counts = [(c.ts_ms, c.value) for c in by_tag[machine.id, "good"]]
        assert counts == [(ledger.start_ms, 0), *((ts_ms, i + 1) for i, ts_ms in enumerate(good))]
    for reader in demo.readers:
        reads = [(c.ts_ms, c.value) for c in by_tag[reader.id, "tag"]]
        assert reads == [tuple(read) for read in ledger.reads[reader.id]]


def test_history_from_the_middle_begins_with_what_stands(demo: Plant, worlds: Worlds) -> None:
    ledger = worlds.ledger(9, 4.0)
    since_ms = ledger.start_ms + 2 * HOUR_MS
    changes = list(history(demo, 9, ledger.start_ms, since_ms, ledger.through_ms))
    first = {(c.source, c.tag): c.value for c in changes if c.ts_ms == since_ms}
    for machine in demo.machines:
        made = sum(part.good for part in ledger.parts[machine.id] if part.ts_ms <= since_ms)
        assert first[machine.id, "good"] == made
    whole = history(demo, 9, ledger.start_ms, ledger.start_ms, ledger.through_ms)
    assert [c for c in changes if c.ts_ms > since_ms] == [c for c in whole if c.ts_ms > since_ms]
