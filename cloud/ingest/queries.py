"""How higher slices read facts and coverage."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.orm import Session

from cloud.ingest.tables import Coverage, CoverageGap, CoverageSpan, SignalFact

FACT_COLUMNS = (
    SignalFact.ts_ms,
    SignalFact.value,
    SignalFact.text,
    SignalFact.quality,
    SignalFact.stream,
    SignalFact.position,
    SignalFact.ord,
)


CHUNK = 500
_Facts: TypeAlias = Select[int, float | None, str | None, int, str, int, int]

# Questions that are asked thousands of times an hour, written once: making one costs more than its answer.
_FORWARD = (SignalFact.ts_ms, SignalFact.id)
_BACKWARD = (SignalFact.ts_ms.desc(), SignalFact.id.desc())
_OF: _Facts = select(*FACT_COLUMNS).where(
    SignalFact.source == bindparam("source"), SignalFact.kind == bindparam("kind")
)
_BEFORE = _OF.where(SignalFact.ts_ms < bindparam("before"))
_AFTER = _OF.where(SignalFact.ts_ms > bindparam("after"))
_FROM = _OF.where(SignalFact.ts_ms >= bindparam("since"))
_WITHIN = _FROM.where(SignalFact.ts_ms < bindparam("until")).order_by(*_FORWARD)
_LAST = _BEFORE.order_by(*_BACKWARD).limit(1)
_NEXT = _AFTER.order_by(*_FORWARD).limit(1)
_NEWEST = _OF.order_by(*_BACKWARD).limit(1)
_OTHER = SignalFact.text.is_(None) | SignalFact.text.not_in(bindparam("than", expanding=True))
_LAST_OTHER = _BEFORE.where(_OTHER).order_by(*_BACKWARD).limit(1)
_NEXT_OTHER = _FROM.where(_OTHER).order_by(*_FORWARD).limit(1)
# Of several readings of one millisecond the greatest is the counter's.
_LAST_APART = (
    _BEFORE.where((SignalFact.value > bindparam("above")) | (SignalFact.value <= bindparam("at_most")))
    .order_by(SignalFact.ts_ms.desc(), SignalFact.value.desc())
    .limit(1)
)
_GREATEST_AT = _OF.where(SignalFact.ts_ms == bindparam("at")).order_by(SignalFact.value.desc()).limit(1)
_SAYING = select(SignalFact.ts_ms).where(
    SignalFact.source == bindparam("source"),
    SignalFact.kind == bindparam("kind"),
    SignalFact.ts_ms.in_(bindparam("times", expanding=True)),
    SignalFact.text == bindparam("said"),
)
_OUTSIDE = (SignalFact.value < bindparam("low")) | (SignalFact.value >= bindparam("high"))
_TIMES_AFTER = select(SignalFact.ts_ms).where(
    SignalFact.source == bindparam("source"),
    SignalFact.kind == bindparam("kind"),
    SignalFact.ts_ms > bindparam("after"),
)
_NEXT_OUTSIDE = _TIMES_AFTER.where(_OUTSIDE).order_by(SignalFact.ts_ms).limit(1)
_NEXT_OUTSIDE_OR_0 = (
    _TIMES_AFTER.where(_OUTSIDE | (SignalFact.value == 0)).order_by(SignalFact.ts_ms).limit(1)
)
_SOURCES: BindParameter[Any] = bindparam("sources", expanding=True)
_CLAIMS = select(Coverage.source, Coverage.since_ms, Coverage.through_ms).where(
    Coverage.source.in_(_SOURCES),
    Coverage.through_ms > bindparam("since"),
    Coverage.since_ms < bindparam("until"),
)
_GAPS = select(CoverageGap).where(CoverageGap.source.in_(_SOURCES))
_SPANS = select(CoverageSpan).where(CoverageSpan.source.in_(_SOURCES))


class FactPoint(NamedTuple):
    """One reading of a bound signal at plant time `ts_ms`; states and EPCs are `text`, numbers `value`."""

    ts_ms: int
    value: float | None
    text: str | None
    quality: int
    stream: str
    position: int
    ord: int


def points(  # noqa: PLR0917  the border is stated so
    session: Session,
    kind: str,
    source: str,
    since_ms: int,
    until_ms: int,
    with_previous: bool = True,  # noqa: FBT001, FBT002  the border is stated so
) -> list[FactPoint]:
    """Return the readings of a source in [since, until) sorted by time, then commit order.

    Parameters
    ----------
    session
        Any session.
    kind
        `state`, `reason`, `job`, `good`, `reject`, `run_s`, `condition` or `tag`.
    source
        Machine or reader id.
    since_ms, until_ms
        Plant time, milliseconds since the epoch.
    with_previous
        Whether the last reading before `since_ms` comes first, if there is one.
    """
    asked = {"kind": kind, "source": source}
    rows = session.execute(_WITHIN, asked | {"since": since_ms, "until": until_ms}).all()
    found = [FactPoint._make(row) for row in rows]
    previous = _first(session, _LAST, asked | {"before": since_ms}) if with_previous else None
    return found if previous is None else [previous, *found]


def times_saying(session: Session, kind: str, source: str, text: str, times: Sequence[int]) -> set[int]:
    """Return those of some times (plant ms) at which a source also said a text, asked for them alone."""
    found: set[int] = set()
    for start in range(0, len(times), CHUNK):
        asked = {"kind": kind, "source": source, "said": text, "times": times[start : start + CHUNK]}
        found |= set(session.scalars(_SAYING, asked))
    return found


def next_point(session: Session, kind: str, source: str, after_ms: int) -> FactPoint | None:
    """Return the first reading of a source later than `after_ms`, None when there is none."""
    return _first(session, _NEXT, {"kind": kind, "source": source, "after": after_ms})


def last_other(
    session: Session, kind: str, source: str, before_ms: int, *, than: Collection[str]
) -> FactPoint | None:
    """Return the last reading before `before_ms` whose text is none of `than`, None when there is none."""
    asked = {"kind": kind, "source": source, "before": before_ms, "than": list(than)}
    return _first(session, _LAST_OTHER, asked)


def next_other(
    session: Session, kind: str, source: str, since_ms: int, *, than: Collection[str]
) -> FactPoint | None:
    """Return the first reading from `since_ms` on whose text is none of `than`, None when there is none."""
    asked = {"kind": kind, "source": source, "since": since_ms, "than": list(than)}
    return _first(session, _NEXT_OTHER, asked)


def latest(session: Session, kind: str, sources: Sequence[str]) -> dict[str, FactPoint]:
    """Return the reading with the greatest time of each source that has one."""
    newest = {source: _first(session, _NEWEST, {"kind": kind, "source": source}) for source in sources}
    return {source: point for source, point in newest.items() if point is not None}


def coverage(session: Session, source: str, since_ms: int, until_ms: int) -> list[tuple[int, int]]:
    """Return the times in [since, until) a source was watched: merged, clipped, without holes."""
    return coverages(session, [source], since_ms, until_ms)[source]


def coverages(
    session: Session, sources: Collection[str], since_ms: int, until_ms: int
) -> dict[str, list[tuple[int, int]]]:
    """Return the same of each source, read together."""
    claims: dict[str, list[tuple[int, int]]] = {source: [] for source in sources}
    asked = {"sources": list(sources), "since": since_ms, "until": until_ms}
    for source, since, through in session.execute(_CLAIMS, asked):
        claims[source].append((max(since, since_ms), min(through, until_ms)))
    holes = _holes(session, [source for source, of_source in claims.items() if of_source], until_ms)
    return {source: without(merged(of_source), holes.get(source, ())) for source, of_source in claims.items()}


def last_watched_ms(session: Session, source: str) -> int | None:
    """Return how far the coverage of a source reaches, None when it was never watched."""
    return session.scalar(select(func.max(Coverage.through_ms)).where(Coverage.source == source))


def first_watched_ms(session: Session) -> dict[str, int]:
    """Return since when each source has been watched at all."""
    rows = session.execute(select(Coverage.source, func.min(Coverage.since_ms)).group_by(Coverage.source))
    return {row[0]: row[1] for row in rows}


def last_apart(
    session: Session, kind: str, source: str, before_ms: int, *, above: float, at_most: float
) -> FactPoint | None:
    """Return the last number before `before_ms` that is greater than `above` or at most `at_most`."""
    asked = {"kind": kind, "source": source, "before": before_ms, "above": above, "at_most": at_most}
    return _first(session, _LAST_APART, asked)


def next_number(
    session: Session, kind: str, source: str, after_ms: int, *, outside: tuple[float, float] = (1, 0)
) -> FactPoint | None:
    """Return the first number later than `after_ms` that is not in [low, high), None when there is none.

    A zero is returned wherever the interval does not begin there: a counter that reads 0 has restarted.
    Of several readings of that millisecond it is the greatest, be it inside or not.
    """
    asked, (low, high) = {"kind": kind, "source": source}, outside
    later = _NEXT_OUTSIDE_OR_0 if low > 0 else _NEXT_OUTSIDE
    at_ms = session.scalar(later, asked | {"after": after_ms, "low": low, "high": high})
    return None if at_ms is None else _first(session, _GREATEST_AT, asked | {"at": at_ms})


def _holes(session: Session, sources: Collection[str], until_ms: int) -> dict[str, list[tuple[int, int]]]:
    """Return by source the times whose readings a recorded gap may have taken away, up to `until_ms`."""
    if not sources:
        return {}
    gaps: dict[str, list[CoverageGap]] = {}
    for gap in session.scalars(_GAPS, {"sources": list(sources)}):
        gaps.setdefault(gap.source, []).append(gap)
    spans: dict[str, list[CoverageSpan]] = {source: [] for source in gaps}
    if gaps:  # mostly nothing is missing
        for span in session.scalars(_SPANS, {"sources": list(gaps)}):
            spans[span.source].append(span)
    return {source: _missing(of_source, spans[source], until_ms) for source, of_source in gaps.items()}


def _missing(
    gaps: Sequence[CoverageGap], spans: Sequence[CoverageSpan], until_ms: int
) -> list[tuple[int, int]]:
    """Return what the gaps of a source may have taken away.

    A gap lies between the last coverage point before it and the first one after it; where its own stream has
    none, the nearest of another stream bounds it, since streams follow each other in time.
    """
    holes = []
    for gap in gaps:
        own = [span for span in spans if span.stream == gap.stream]
        others = [span for span in spans if span.stream != gap.stream]
        since = max((span.last_ms for span in own if span.last < gap.first), default=None)
        until = min((span.first_ms for span in own if span.first > gap.last), default=None)
        if since is None:
            since = max((s.last_ms for s in others if until is None or s.last_ms <= until), default=0)
        if until is None:
            until = min((s.first_ms for s in others if s.first_ms >= since), default=until_ms)
        holes.append((since, until))
    return merged(holes)


def merged(intervals: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the union of half-open intervals, sorted, touching ones joined, empty ones left out."""
    joined: list[tuple[int, int]] = []
    for since, until in sorted(intervals):
        if since >= until:
            continue
        if joined and since <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(until, joined[-1][1]))
        else:
            joined.append((since, until))
    return joined


def without(intervals: Sequence[tuple[int, int]], holes: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return sorted disjoint intervals minus sorted disjoint holes."""
    left: list[tuple[int, int]] = []
    for start, end in intervals:
        since = start
        for a, b in holes:
            if b <= since or a >= end:
                continue
            if a > since:
                left.append((since, a))
            since = b
        if since < end:
            left.append((since, end))
    return left


def _first(session: Session, question: _Facts, asked: Mapping[str, Any]) -> FactPoint | None:
    row = session.execute(question, asked).first()
    return None if row is None else FactPoint._make(row)


def texts(
    session: Session, kind: str, source: str, since_ms: int, until_ms: int
) -> list[tuple[str, int, int]]:
    """Return each text that came in [since, until) with how often and when last, the most frequent first."""
    count, last = func.count(), func.max(SignalFact.ts_ms)
    query = (
        select(SignalFact.text, count, last)
        .where(
            SignalFact.source == source,
            SignalFact.kind == kind,
            SignalFact.ts_ms >= since_ms,
            SignalFact.ts_ms < until_ms,
            SignalFact.text.is_not(None),
        )
        .group_by(SignalFact.text)
        .order_by(count.desc(), SignalFact.text)
    )
    return [(text or "", number, last_ms) for text, number, last_ms in session.execute(query)]
