"""What a machine's figure was reckoned from, summed over any part of its window."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from models.oee.policies import UNOBSERVED, Category, Policy
from models.oee.score import Tally, total
from models.oee.timeline import Interval, clip, length_ms


@dataclass(frozen=True, slots=True)
class Segment:
    """Time of one state and one category; `stop_s` is the length of the whole stop it is part of."""

    start_ms: int
    end_ms: int
    state: str
    category: Category
    planned: bool
    stop_s: float | None = None


class Made(NamedTuple):
    """Parts counted at `ts_ms` under a job; `startup`: no good part since the last setup's end."""

    ts_ms: int
    good: int
    rejected: int
    job: int
    ideal_cycle_s: float | None
    startup: bool


@dataclass(frozen=True, slots=True)
class JobSpan:
    """A job's unbroken run in the window with the parts that count in the figure; job 0 is none."""

    start_ms: int
    end_ms: int
    job: int
    ideal_cycle_s: float | None
    good: int
    rejected: int


@dataclass(frozen=True, slots=True)
class MachineResult:
    """Everything a machine's figure was reckoned from; `tally` sums any part of the window.

    `begun` holds when stops of a category began in planned, observed time, sorted; `reworked` are parts
    that were good only after rework, by their counter or their job.
    """

    machine: str
    window: Interval
    policy: Policy
    segments: tuple[Segment, ...]
    made: tuple[Made, ...]
    jobs: tuple[JobSpan, ...]
    resets: tuple[int, ...]
    breaks: tuple[Interval, ...]
    reworked: tuple[Made, ...]
    begun: Mapping[str, tuple[int, ...]]
    _segment_starts: tuple[int, ...] = field(repr=False)

    def tally(self, start_ms: int | None = None, end_ms: int | None = None) -> Tally:
        """The sums over `[start_ms, end_ms)`, by default the whole window; adjacent parts add up."""
        start = self.window[0] if start_ms is None else max(start_ms, self.window[0])
        end = self.window[1] if end_ms is None else min(end_ms, self.window[1])
        if start >= end:
            return Tally()
        first = max(bisect_right(self._segment_starts, start) - 1, 0)
        last = bisect_left(self._segment_starts, end)
        times = _sum_times(self.segments[first:last], start, end)
        # A count speaks of the time up to its reading, so here the window is open at its start.
        since = bisect_right(self.made, start, key=_ts)
        until = bisect_right(self.made, end, key=_ts)
        resets = bisect_right(self.resets, end) - bisect_right(self.resets, start)
        times["break"] = length_ms(clip(self.breaks, start, end))
        tally = _tally(times, self.made[since:until], resets)
        return replace(tally, **self._events(start, end))

    def by_job(self, start_ms: int, end_ms: int) -> dict[int, Tally]:
        """The tally of `[start_ms, end_ms)` by job: times by the register, parts by the job that made them.

        The tallies add up to `tally(start_ms, end_ms)`; time without a job is job 0.
        """
        start, end = max(start_ms, self.window[0]), min(end_ms, self.window[1])
        parts: dict[int, list[Tally]] = {}
        for span in self.jobs:
            if span.start_ms < end and start < span.end_ms:
                within = self.tally(max(span.start_ms, start), min(span.end_ms, end))
                parts.setdefault(span.job, []).append(_without_parts(within))
        made: dict[int, list[Made]] = {}
        for each in self.made[
            bisect_right(self.made, start, key=_ts) : bisect_right(self.made, end, key=_ts)
        ]:
            made.setdefault(each.job, []).append(each)
        for job, of_job in made.items():
            parts.setdefault(job, []).append(_tally(_NO_TIME, of_job, 0))
        for each in self.reworked:
            if start < each.ts_ms <= end:
                parts.setdefault(each.job, []).append(Tally(reworked=each.good))
        return {job: total(tallies) for job, tallies in parts.items()}

    def _events(self, start: int, end: int) -> dict[str, int]:
        """What happens at instants: stops where they begin, reworked parts where they are read."""

        def begun(category: str) -> int:
            times = self.begun.get(category, ())
            return bisect_left(times, end) - bisect_left(times, start)

        return {
            "failures": begun("breakdown"),
            "setups": begun("setup"),
            "reworked": sum(parts.good for parts in self.reworked if start < parts.ts_ms <= end),
        }


def _ts(made: Made) -> int:
    return made.ts_ms


def _without_parts(tally: Tally) -> Tally:
    no_parts = replace(tally, good=0, rejected=0, reworked=0, parts_without_ideal=0)
    return replace(no_parts, ideal_all_s=0.0, ideal_good_s=0.0, ideal_startup_s=0.0)


_NO_TIME: Mapping[str, int] = dict.fromkeys(
    (
        "planned",
        "unobserved",
        "production",
        "minor_stops",
        "breakdown",
        "setup",
        "waiting",
        "break",
        "unknown",
    ),
    0,
)


def _sum_times(segments: Sequence[Segment], start: int, end: int) -> dict[str, int]:
    times = dict.fromkeys(("production", "breakdown", "setup", "waiting", "minor_stops"), 0)
    times |= {"planned": 0, "unobserved": 0, "unknown": 0}
    for segment in segments:
        if not segment.planned:
            continue
        length = min(segment.end_ms, end) - max(segment.start_ms, start)
        times["planned"] += length
        times[segment.category] += length
        if segment.category == "unobserved" and segment.state != UNOBSERVED:
            times["unknown"] += length
    return times


def _tally(times: Mapping[str, int], made: Sequence[Made], resets: int) -> Tally:
    known = [(m, m.ideal_cycle_s) for m in made if m.ideal_cycle_s is not None]
    return Tally(
        planned_ms=times["planned"],
        observed_ms=times["planned"] - times["unobserved"],
        running_ms=times["production"],
        minor_ms=times["minor_stops"],
        breakdown_ms=times["breakdown"],
        setup_ms=times["setup"],
        waiting_ms=times["waiting"],
        break_ms=times["break"],
        good=sum(m.good for m in made),
        rejected=sum(m.rejected for m in made),
        ideal_all_s=sum(ideal * (m.good + m.rejected) for m, ideal in known),
        ideal_good_s=sum(ideal * m.good for m, ideal in known),
        ideal_startup_s=sum(ideal * m.rejected for m, ideal in known if m.startup),
        parts_without_ideal=sum(m.good + m.rejected for m in made if m.ideal_cycle_s is None),
        resets=resets,
        unknown_state_ms=times["unknown"],
    )
