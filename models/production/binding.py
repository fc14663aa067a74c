"""Tags onto units: which read at the end of a line belongs to which unit made there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Made:
    """A unit made somewhere in (from_ms, at_ms]; `key` orders the units of a line as they were made."""

    key: tuple[int, int]
    from_ms: int
    at_ms: int


@dataclass(frozen=True, slots=True, order=True)
class FirstRead:
    """The first time the tag `epc` was read at the end of a line."""

    ts_ms: int
    epc: str


def first_reads(reads: Iterable[tuple[int, str]]) -> list[FirstRead]:
    """The first read of each tag, in time order (a tag is read several times while it passes)."""
    earliest: dict[str, int] = {}
    for ts_ms, epc in reads:
        standing = earliest.get(epc)
        if standing is None or ts_ms < standing:
            earliest[epc] = ts_ms
    return sorted(FirstRead(ts_ms, epc) for epc, ts_ms in earliest.items())


def bind(units: Sequence[Made], reads: Sequence[FirstRead], *, max_transit_ms: int) -> dict[FirstRead, Made]:
    """The unit each read belongs to; a read without a candidate is left out.

    A candidate can have left the machine before the read, and not longer than `max_transit_ms` before it.
    Parts keep their order on the way, so the oldest candidate still free wins, and units older than a bound
    one are never bound later. Example: units made at 10 s and 50 s, the first tag lost, a read at 56 s with
    20 s of transit: the unit of 10 s is out of reach, the read belongs to the unit of 50 s.

    Parameters
    ----------
    units
        In the order they were made (nondecreasing `from_ms` and `at_ms`).
    reads
        First reads in time order.
    max_transit_ms
        Longest way from the machine to the reader, ms of plant time.

    Returns
    -------
    dict[FirstRead, Made]
        Bound reads. The answer for a prefix of the reads does not depend on the reads after it.
    """
    bound: dict[FirstRead, Made] = {}
    free = 0
    for read in reads:
        while free < len(units) and units[free].at_ms < read.ts_ms - max_transit_ms:
            free += 1
        if free < len(units) and units[free].from_ms < read.ts_ms:
            bound[read] = units[free]
            free += 1
    return bound
