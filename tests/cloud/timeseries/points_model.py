"""A store's answers computed from a plain list of points, and commits made by chance."""

import random
from bisect import bisect_left
from dataclasses import dataclass, field

from cloud.timeseries.continued import Readings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import FUTURE, GOOD, BatchRow, Commit, Store, StreamKey

NODE, STREAM = "suzhou/gw-l1", "a" * 32
TAGS = ["p/n/m/state", "p/n/m/temp", "p/n/r/tag"]
HOUR_MS = 3_600_000
# 25 hours around the end of a month, so that hours stand in two files.
START_MS = 1_772_323_200_000 - 12 * HOUR_MS
END_MS = START_MS + 25 * HOUR_MS


@dataclass
class Model:
    """Every point that was committed: (batch, ord, tag, ts, value or text, quality)."""

    rows: list[tuple[int, int, str, int, float | str, int]] = field(default_factory=list)
    position: int = 0

    def commit(self, rng: random.Random) -> Commit:
        """Make the next commit and remember it."""
        commit = Commit(tags=TAGS)
        at = START_MS + int(rng.random() ** 0.7 * 24 * HOUR_MS)
        for index in range(rng.randint(1, 5)):
            self.position += 1
            commit.batches.append(BatchRow(STREAM, self.position, NODE, at, 0))
            for ordinal in range(rng.choice((0, 1, 3, 8))):
                ts = at + rng.randint(-HOUR_MS, HOUR_MS) if rng.random() < 0.3 else at + ordinal * 7000
                ts = min(max(ts, START_MS), END_MS - 1)
                self._add(commit, index, ordinal, ts, rng)
        commit.watermarks[StreamKey(NODE, STREAM)] = self.position
        return commit

    def _add(self, commit: Commit, index: int, ordinal: int, ts: int, rng: random.Random) -> None:
        quality = rng.choices((GOOD, 0, FUTURE), (20, 1, 1))[0]
        tag = rng.randrange(3)
        if tag == 2:
            columns, value = commit.texts, f"E{rng.randrange(9)}"
            columns.text.append(value)
            columns.is_number.append(False)
            self.rows.append((self.position, ordinal, TAGS[tag], ts, value, quality))
        else:
            columns = commit.points
            number = float(rng.randrange(4)) if tag == 0 else round(rng.uniform(-5, 90), 2)
            columns.value.append(number)
            self.rows.append((self.position, ordinal, TAGS[tag], ts, number, quality))
        columns.batch.append(index)
        columns.ord.append(ordinal)
        columns.tag.append(tag)
        columns.ts_ms.append(ts)
        columns.quality.append(quality)

    def raw(self, tag: str) -> list[tuple[int, float | str, int]]:
        """Every point of a tag in the order of a store."""
        rows = sorted((ts, batch, o, value, q) for batch, o, t, ts, value, q in self.rows if t == tag)
        return [(ts, value, q) for ts, _, _, value, q in rows]

    def good(self, tag: str, until_ms: int) -> list[tuple[int, float]]:
        return [(ts, float(v)) for ts, v, q in self.raw(tag) if q == GOOD and ts < until_ms]

    def windows(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> dict[int, tuple[float, ...]]:
        """Per window: good, minimum, maximum, mean, first, last, time-weighted mean."""
        good = self.good(tag, until_ms)
        times = [ts for ts, _ in good]
        found = {}
        for start in sorted({ts // window_ms * window_ms for ts in times if ts >= since_ms}):
            a, b = max(start, since_ms), min(start + window_ms, until_ms)
            first, last = bisect_left(times, a), bisect_left(times, b)
            inside = good[first:last]
            steps = [*((a, value) for _, value in good[max(first - 1, 0) : first]), *inside]
            ends = [ts for ts, _ in steps[1:]] + [b]
            held = [(end - ts, v) for (ts, v), end in zip(steps, ends, strict=True)]
            values = [v for _, v in inside]
            weighted = sum(d * v for d, v in held) / sum(d for d, _ in held)
            mean = sum(values) / len(values)
            found[start] = (len(values), min(values), max(values), mean, values[0], values[-1], weighted)
        return found

    def durations(self, tag: str, since_ms: int, until_ms: int) -> dict[float, int]:
        """Milliseconds per value."""
        steps = self.good(tag, until_ms)
        found: dict[float, int] = {}
        for (ts, value), end in zip(steps, [*(ts for ts, _ in steps[1:]), until_ms], strict=False):
            length = end - max(ts, since_ms)
            if length > 0:
                found[value] = found.get(value, 0) + length
        return found

    def check(self, store: Store, rng: random.Random) -> None:
        """Assert that a store says what the points say."""
        for tag in TAGS:
            assert [tuple(s) for s in store.raw(tag, START_MS, END_MS)] == [
                (ts, value, q) for ts, value, q in self.raw(tag)
            ]
        rows, after = [], 0
        while after is not None:
            page = store.audit(after, 397)
            rows += page.rows
            after = page.next
        told = [(r.position, r.ord, r.tag, r.ts_ms, r.value, r.quality) for r in rows]
        assert told == sorted(self.rows), "the audit pages are in the order of commits"
        for _ in range(2):
            since, until = sorted(
                rng.randrange(START_MS, END_MS, rng.choice((1, 60_000, HOUR_MS))) for _ in "ab"
            )
            until += 1
            self.check_sums(store, since, until, rng)
        self.check_sums(store, START_MS, END_MS, rng)
        latest = store.latest(TAGS)
        for tag in TAGS:
            known = [row for row in self.raw(tag) if row[2] != FUTURE]
            assert tuple(latest[tag]) == known[-1] if known else tag not in latest
        assert store.counts().points == len(self.rows)
        assert store.by_node()[NODE].points == len(self.rows)

    def check_sums(self, store: Readings, since: int, until: int, rng: random.Random) -> None:
        """Assert that windows and times per state are those of the points."""
        for tag in TAGS[:2]:
            for window_ms in rng.sample((60_000, HOUR_MS, 1000, 6 * HOUR_MS, 90_000), 2):
                told = {w.start_ms: tuple(w)[1:] for w in store.aggregate(tag, since, until, window_ms)}
                wanted = self.windows(tag, since, until, window_ms)
                assert told.keys() == wanted.keys()
                for start, values in wanted.items():
                    assert max(abs(a - b) for a, b in zip(told[start], values, strict=True)) < 1e-6
            assert store.state_durations(tag, since, until) == self.durations(tag, since, until)


class Killed(Exception):
    """The process would have died here."""


def fill(store: DuckDBStore, model: Model, rng: random.Random, commits: int) -> None:
    for _ in range(commits):
        store.append(model.commit(rng))


def close_all(store: DuckDBStore, until_ms: int = END_MS) -> None:
    while store.compact(until_ms).waiting:
        pass
