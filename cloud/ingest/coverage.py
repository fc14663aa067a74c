"""Coverage claims of the edge as rows that grow in place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.tables import Coverage, CoverageGap, CoverageSpan
from cloud.ingest.windows import Span, together
from cloud.timeseries.store import GOOD, SignalRow
from wire.coverage import OBSERVED_SINCE


@dataclass(slots=True)
class _Known:
    """The rows that a page of coverage points touches, loaded in three questions."""

    claims: dict[tuple[str, int], Coverage] = field(default_factory=dict)
    spans: dict[tuple[str, str], CoverageSpan] = field(default_factory=dict)
    gaps: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    windows: dict[str, list[Span]] = field(default_factory=dict)


def derive_coverage(
    session: Session, rows: Sequence[SignalRow], sources: Iterable[tuple[str, str]], bad_input: BadInputLog
) -> dict[str, list[Span]]:
    """Return the windows (since, until) in which the coverage of each source changed, in time order.

    Parameters
    ----------
    session
        The deriver's transaction.
    rows
        Points of `observed_since` (time = watched through, value = watched since) and gaps, in commit order.
    sources
        Pairs of node (`group/node`) and source: whose coverage a gap of a node touches.
    bad_input
        Counts claims that end before they begin.
    """
    if not rows:
        return {}
    known = _load(session, rows)
    for row in rows:
        if row.role != OBSERVED_SINCE:
            for source in sorted({source for node, source in sources if node == row.source}):
                _record_gap(session, known, row, source)
        elif row.quality == GOOD and row.value is not None:
            if not 0 <= row.value <= row.ts_ms:
                bad_input.note("coverage_backwards", row.ts_ms, f"{row.tag}: since {row.value:.0f}")
                continue
            _claim(session, known, row, int(row.value))
            _extend_span(session, known, row)
    return {source: together(spans) for source, spans in known.windows.items()}


def _load(session: Session, rows: Sequence[SignalRow]) -> _Known:
    known = _Known()
    points = [row for row in rows if row.role == OBSERVED_SINCE and row.value is not None]
    claimed = select(Coverage).where(
        Coverage.source.in_({row.source for row in points}),
        Coverage.since_ms.in_({int(row.value or 0) for row in points}),
    )
    for claim in session.scalars(claimed):
        known.claims[claim.source, claim.since_ms] = claim
    streams = {row.stream for row in rows}
    spans = select(CoverageSpan).where(CoverageSpan.stream.in_(streams)).order_by(CoverageSpan.first)
    for span in session.scalars(spans):
        known.spans[span.source, span.stream] = span  # the last one is the newest
    for gap in session.scalars(select(CoverageGap).where(CoverageGap.stream.in_(streams))):
        known.gaps.setdefault((gap.source, gap.stream), {})[gap.first] = gap.last
    return known


def _claim(session: Session, known: _Known, row: SignalRow, since_ms: int) -> None:
    claim = known.claims.get((row.source, since_ms))
    if claim is None:
        claim = Coverage(source=row.source, since_ms=since_ms, through_ms=row.ts_ms)
        known.claims[row.source, since_ms] = claim
        session.add(claim)
        _widen(known, row.source, since_ms, row.ts_ms)
    elif row.ts_ms > claim.through_ms:
        _widen(known, row.source, claim.through_ms, row.ts_ms)
        claim.through_ms = row.ts_ms


def _extend_span(session: Session, known: _Known, row: SignalRow) -> None:
    key = (row.source, row.stream)
    span = known.spans.get(key)
    told = span.last if span else 0
    if span is not None and row.position <= told:
        return  # a copy made by a binding that came later
    if span is not None and not any(first > told for first in known.gaps.get(key, ())):
        span.last = row.position
        span.last_ms = max(span.last_ms, row.ts_ms)
        return
    fresh = CoverageSpan(
        source=row.source,
        stream=row.stream,
        first=row.position,
        last=row.position,
        first_ms=row.ts_ms,
        last_ms=row.ts_ms,
    )
    known.spans[key] = fresh
    session.add(fresh)


def _record_gap(session: Session, known: _Known, row: SignalRow, source: str) -> None:
    first, last = int(row.value or 0), row.position
    recorded = known.gaps.setdefault((source, row.stream), {})
    if first in recorded:
        return
    recorded[first] = last
    session.add(CoverageGap(source=source, stream=row.stream, first=first, last=last))
    session.flush()
    claims = session.execute(
        select(Coverage.since_ms, Coverage.through_ms).where(Coverage.source == source)
    ).all()
    if claims:  # what the gap takes away may lie anywhere in what was claimed
        _widen(known, source, min(a for a, _ in claims), max(b for _, b in claims))


def _widen(known: _Known, source: str, since_ms: int, until_ms: int) -> None:
    known.windows.setdefault(source, []).append((since_ms, until_ms))
