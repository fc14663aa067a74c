"""Parts made out of cumulative counter readings, each with the job it was made under.

A counter reading says nothing by itself; two consecutive ones do. So everything here is a fold over readings
sorted by time, and a fold over the same set of readings gives the same parts whatever order they came in.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from models.production.counters import JITTER, RESET, ROLLOVER, CounterRule, rule_at, step

BASELINE = "baseline"
BEGINS = "begins"
AMBIGUOUS = "ambiguous"
NO_JOB = 0


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """The value of a cumulative counter at plant time `ts_ms` (ms since the Unix epoch).

    `begins`: a counter of its own begins with it, from zero, whatever was read before.
    """

    ts_ms: int
    value: int
    begins: bool = False


@dataclass(frozen=True, slots=True, order=True)
class JobSet:
    """The job register held `job` from plant time `ts_ms` on; 0 = no job."""

    ts_ms: int
    job: int


@dataclass(frozen=True, slots=True)
class Parts:
    """What one counter added between two consecutive readings, (from_ms, at_ms].

    `first` and `last` are the ordinals the parts have on the counter, both included, in `epoch` (the number
    of resets and rollovers before; where a counter of its own begins, the plant ms of that, and on from
    there). After a rollover the parts up to the end of the range have ordinals below one. A baseline, a
    begin or a reset to zero holds no parts: `count` is 0.
    """

    from_ms: int
    at_ms: int
    first: int
    last: int
    epoch: int
    job: int
    flags: frozenset[str]

    @property
    def count(self) -> int:
        """Parts made in (from_ms, at_ms]."""
        return self.last - self.first + 1


def in_time_order(readings: Iterable[Reading]) -> list[Reading]:
    """Readings sorted by time, one for each instant.

    Two readings of one millisecond are one: the greater value is the later, since the counter is cumulative.
    A point read twice therefore changes nothing, and neither does the order of arrival.
    """
    greatest: dict[int, int] = {}
    begun: set[int] = set()
    for reading in readings:
        standing = greatest.get(reading.ts_ms)
        if standing is None or reading.value > standing:
            greatest[reading.ts_ms] = reading.value
        if reading.begins:
            begun.add(reading.ts_ms)
    return [Reading(ts_ms, greatest[ts_ms], ts_ms in begun) for ts_ms in sorted(greatest)]


def jobs_in_time_order(changes: Iterable[JobSet]) -> list[JobSet]:
    """Job register readings sorted by time, one for each instant.

    Job numbers grow with the work order, so the greater one of an instant is the one just set.
    """
    return [JobSet(r.ts_ms, r.value) for r in in_time_order(Reading(c.ts_ms, c.job) for c in changes)]


def fold_parts(
    readings: Sequence[Reading],
    jobs: Sequence[JobSet],
    rules: Sequence[CounterRule] = (),
    *,
    epoch: int = 0,
    is_first_ever: bool = True,
) -> list[Parts]:
    """Parts made between consecutive readings, in time order; pairs that made nothing are left out.

    A smaller value than the one before means that the counter restarted from zero, unless its rules say
    otherwise (`counters.step`): the parts are the new value, flagged `reset`. Example: readings 7, 9, 3 make
    2 parts (ordinals 8-9), then 3 (ordinals 1-3 of the next epoch). With a modulus of 10, readings 9, 2 make
    3 parts (ordinals 0-2), flagged `rollover`. Readings 500, 498, 501 make one part: 498 was jitter.
    A reading that begins a counter of its own is flagged `begins` and hangs on nothing before it: neither do
    the ordinals and the epoch of the parts after it.

    Parameters
    ----------
    readings
        In time order (`in_time_order`). The first one only gives the value to count from: it stands at the
        most that was counted, so it is none of a counter that has stepped back and not returned.
    jobs
        Job register readings in time order, from the one that stood before the first reading on.
    rules
        What is declared of the counter, by time.
    epoch
        Resets and rollovers before the first reading.
    is_first_ever
        Whether nothing was read before the first reading: then it is returned as an empty `baseline`.

    Returns
    -------
    list[Parts]
        Parts, begins, resets, rollovers, and the baseline if there is one.
    """
    register = _Register(jobs)
    rolls = any(rule.modulus is not None for rule in rules)
    folded = []
    mark = readings[0].value if readings else 0
    if is_first_ever and readings:
        start = readings[0]
        if start.begins:
            folded.append(_begun(start, register))
            epoch = start.ts_ms
        else:
            job = register.standing_before(start.ts_ms)
            folded.append(Parts(start.ts_ms, start.ts_ms, mark + 1, mark, epoch, job, frozenset({BASELINE})))
    for before, after in pairwise(readings):
        if after.begins:
            folded.append(_begun(after, register))
            mark, epoch = after.value, after.ts_ms
            continue
        if after.value == mark:
            continue
        flags: set[str] = set()
        first = mark + 1
        if rolls or after.value < mark:
            rule = rule_at(rules, after.ts_ms)
            kind = step(mark, after.value, rule)
            if kind == JITTER:
                continue
            if kind in _NEW_EPOCH:
                epoch += 1
                first = 1 if kind == RESET else first - (rule.modulus or 0)
                flags.add(kind)
        mark = after.value
        job, is_ambiguous = register.over(before.ts_ms, after.ts_ms)
        if is_ambiguous and after.value >= first:
            flags.add(AMBIGUOUS)
        folded.append(
            Parts(before.ts_ms, after.ts_ms, first, after.value, epoch, job, frozenset(flags)),
        )
    return folded


_NEW_EPOCH = frozenset({RESET, ROLLOVER})


def _begun(reading: Reading, register: "_Register") -> Parts:
    """What a counter of its own begins with: mostly no parts, and then no job either."""
    job = register.standing_before(reading.ts_ms) if reading.value else NO_JOB
    at_ms = reading.ts_ms
    return Parts(at_ms, at_ms, 1, reading.value, at_ms, job, frozenset({BEGINS}))


class _Register:
    """The job register over time."""

    def __init__(self, jobs: Sequence[JobSet]) -> None:
        self._jobs = jobs
        self._times = [change.ts_ms for change in jobs]

    def standing_before(self, ts_ms: int) -> int:
        """The job that stood just before `ts_ms`: a part counted at a change was made under the old job."""
        index = bisect_left(self._times, ts_ms)
        return self._jobs[index - 1].job if index else NO_JOB

    def over(self, from_ms: int, at_ms: int) -> tuple[int, bool]:
        """The job of parts made in (from_ms, at_ms] and whether more than one could have made them.

        An empty register makes nothing, so it never competes; among several jobs the last one wins.
        """
        low = bisect_left(self._times, from_ms + 1)
        if low == len(self._times) or self._times[low] >= at_ms:  # mostly one job stood all the time
            return (self._jobs[low - 1].job if low else NO_JOB), False
        high = bisect_left(self._times, at_ms, low)
        stood = [self._jobs[index].job for index in range(max(low - 1, 0), high)]
        working = [job for job in stood if job != NO_JOB]
        if not working:
            return NO_JOB, False
        return working[-1], len(set(working)) > 1
