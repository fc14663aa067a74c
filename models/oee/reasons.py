"""Lets the reason of a stop decide which loss its time counts as."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from models.oee.policies import Category

if TYPE_CHECKING:
    from models.oee.result import Segment

STOP_CATEGORIES: Final[tuple[Category, ...]] = ("breakdown", "setup", "waiting", "minor_stops")


class ReasonSpan(NamedTuple):
    """What `[start_ms, end_ms)` counts as by the reason of its stop; spans are disjoint, sorted by time."""

    start_ms: int
    end_ms: int
    category: Category


def categorised(segments: Iterable["Segment"], spans: Sequence[ReasonSpan]) -> list["Segment"]:
    """The segments, cut where spans begin or end, stops inside a span with the span's category.

    Only planned, observed stops change: production, breaks and time that nobody watched stay what they are,
    so planned and observed time stay the same and the losses still add up.

    Parameters
    ----------
    segments
        A machine's segments, sorted and disjoint, as `solve` makes them.
    spans
        Sorted and disjoint; they may reach out of the segments.
    """
    if not spans:
        return list(segments)
    found: list[Segment] = []
    first = 0
    for segment in segments:
        while first < len(spans) and spans[first].end_ms <= segment.start_ms:
            first += 1
        if not (segment.planned and segment.category in STOP_CATEGORIES):
            found.append(segment)
            continue
        at, place = segment.start_ms, first
        while place < len(spans) and spans[place].start_ms < segment.end_ms:
            span = spans[place]
            if at < span.start_ms:
                found.append(replace(segment, start_ms=at, end_ms=span.start_ms))
                at = span.start_ms
            until = min(span.end_ms, segment.end_ms)
            found.append(replace(segment, start_ms=at, end_ms=until, category=span.category))
            at, place = until, place + 1
        if at < segment.end_ms:
            found.append(replace(segment, start_ms=at))
    return found
