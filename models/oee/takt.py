"""What was finished, against the parts that a takt asks for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from models.oee.score import Tally


@dataclass(frozen=True, slots=True)
class Finished:
    """Good parts that left a machine, a station, a line or a site, and the time it had for them.

    `planned_ms` is time planned by the calendar, `observed_ms` the part of it that somebody watched.
    """

    good: int
    planned_ms: float
    observed_ms: float

    @classmethod
    def by_machine(cls, tally: Tally) -> Self:
        """What one machine made in its own time."""
        return cls(tally.good, tally.planned_ms, tally.observed_ms)

    @classmethod
    def side_by_side(cls, parts: Sequence[Self]) -> Self:
        """What machines of one station, or lines of one site, finished together; nothing when there are none.

        Parts add up and time does not: two machines that work side by side for eight hours are a station that
        had eight hours. Where their times differ it is the mean, so a machine that nobody watched for half
        the time neither asks for the parts that were not counted nor hides those of its neighbour.
        Example: 90 and 150 good parts in 2 h each are 240 in 2 h; 80 in 2 h and 40 in 1 h are 120 in 1.5 h.
        """
        if not parts:
            return cls(0, 0, 0)
        return cls(
            sum(part.good for part in parts),
            sum(part.planned_ms for part in parts) / len(parts),
            sum(part.observed_ms for part in parts) / len(parts),
        )


def takt_adherence(paced: Iterable[tuple[Finished, float]]) -> float | None:
    """Good parts ÷ parts that the takt asks for, 0 or more; None when it asks for none.

    Parameters
    ----------
    paced
        What was finished, each with its takt: seconds of planned time in which customers want one part.
        Of several lines with takts of their own the parts and what is asked for add up.

    Notes
    -----
    Takt is available time ÷ customer demand (Womack, Jones: Lean Thinking, 1996), so observed planned time ÷
    takt is what customers wanted in it, and a reject meets no demand. Example: 420 min with a takt of 1.2 s
    ask for 21,000 parts; 18,848 good ones are .897524. Adding up lets one line's surplus stand for what
    another lacks: which line misses its takt, its own figure says.
    """
    good, asked = 0, 0.0
    for finished, takt_s in paced:
        good += finished.good
        asked += finished.observed_ms / (takt_s * 1000)
    return good / asked if asked > 0 else None
