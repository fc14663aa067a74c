"""The questions that a store answers from the relational database alone."""

from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from cloud.timeseries.ledger_pages import Page, unpack
from cloud.timeseries.store import (
    GOOD,
    BatchTimes,
    GapRow,
    Meaning,
    Quarantined,
    SignalPage,
    SignalRow,
    StreamKey,
)
from cloud.timeseries.tables import (
    StoreBound,
    StoreCommit,
    StoreGap,
    StoreQuarantine,
    StoreSignal,
    StoreTag,
    StoreTelemetry,
    StoreWatermark,
)

HEAD_BYTES = 256


def watermarks(session: Session) -> dict[StreamKey, int]:
    """Return the highest stored position per stream."""
    return {StreamKey(row.node, row.stream): row.w for row in session.scalars(select(StoreWatermark))}


def gaps(session: Session) -> list[GapRow]:
    """Return every recorded gap in the order of recording."""
    rows = session.scalars(select(StoreGap).order_by(StoreGap.id))
    return [GapRow(row.node, row.stream, row.first, row.last, row.reason) for row in rows]


def bound(session: Session) -> dict[str, Meaning]:
    """Return the meanings that stored points went to the signal log with."""
    return {
        row.tag: Meaning(row.role, row.source, row.version) for row in session.scalars(select(StoreBound))
    }


def tags(session: Session) -> list[str]:
    """Return every tag that has stored points or had some."""
    return list(session.scalars(select(StoreTag.tag)))


def telemetry_marks(session: Session) -> list[tuple[str, str]]:
    """Return the marks of telemetry messages, oldest first."""
    question = select(StoreTelemetry.device, StoreTelemetry.digest).order_by(StoreTelemetry.id)
    return [(device, digest) for device, digest in session.execute(question)]


def signals(
    session: Session, after: int, limit: int, taken: Mapping[str, int], only: Collection[str] | None
) -> SignalPage:
    """Return the signals that `Store.signal_log` tells."""
    last = 0
    if only is None:
        last = session.scalar(select(func.max(StoreSignal.commit_no))) or 0
    wanted = select(StoreSignal).where(*_waiting(after, taken))
    if only is not None:
        wanted = wanted.where(StoreSignal.stream.in_(only))
    ordered = wanted.order_by(StoreSignal.commit_no, StoreSignal.ord)
    rows = session.scalars(ordered.limit(limit + 1)).all()
    if not rows:
        return SignalPage([], max(after, last))
    more = len(rows) > limit
    if more:
        cut = rows[-1].commit_no
        if rows[0].commit_no == cut:  # one commit larger than the page
            rows = session.scalars(ordered.where(StoreSignal.commit_no == cut)).all()
            more = session.scalars(ordered.where(StoreSignal.commit_no > cut).limit(1)).first() is not None
        else:
            rows = [row for row in rows if row.commit_no < cut]
    through = rows[-1].commit_no
    return SignalPage([_signal(row) for row in rows], through if more else max(through, last), more)


def newest_signals(session: Session, after: int, until_ms: int, taken: Mapping[str, int]) -> dict[str, int]:
    """Return for each stream with signals left in the log the newest good time up to `until_ms`."""
    question = select(StoreSignal.stream, func.max(StoreSignal.ts_ms)).where(
        *_waiting(after, taken), StoreSignal.quality == GOOD, StoreSignal.ts_ms <= until_ms
    )
    return {row[0]: row[1] for row in session.execute(question.group_by(StoreSignal.stream))}


def _waiting(after: int, taken: Mapping[str, int]) -> list[ColumnElement[bool]]:
    found = [StoreSignal.commit_no > after]
    for stream, through in taken.items():
        found.append(or_(StoreSignal.stream != stream, StoreSignal.commit_no > through))
    return found


def _signal(row: StoreSignal) -> SignalRow:
    identity = (row.stream, row.position, row.point_ord)
    return SignalRow(*identity, row.tag, row.role, row.source, row.ts_ms, row.value, row.text, row.quality)


def quarantined(session: Session, limit: int) -> list[Quarantined]:
    """Return the newest quarantined payloads first, each with its first bytes."""
    kept = StoreQuarantine
    head = func.substr(kept.head, 1, HEAD_BYTES)
    question = select(kept.id, kept.at_ms, kept.topic, kept.reason, kept.size, head)
    rows = session.execute(question.order_by(kept.id.desc()).limit(limit))
    return [
        Quarantined(number, at_ms, topic, reason, size, bytes(first))
        for number, at_ms, topic, reason, size, first in rows
    ]


def quarantined_whole(session: Session, number: int) -> Quarantined | None:
    """Return one quarantined payload with all of it that was kept."""
    row = session.get(StoreQuarantine, number)
    if row is None:
        return None
    return Quarantined(row.id, row.at_ms, row.topic, row.reason, row.size, bytes(row.head))


def batches_from(session: Session, first: int, points: int) -> tuple[list[Page], dict[int, int]]:
    """Return the batches from number `first` on, and the real time at which each was committed.

    Whole commits are read until the batches after the first hold `points` points.
    """
    question = select(StoreCommit).where(StoreCommit.next_batch > first).order_by(StoreCommit.next_batch)
    found: list[Page] = []
    committed: dict[int, int] = {}
    held = 0
    for row in session.scalars(question.execution_options(yield_per=50)):
        pages = unpack(row.batches, row.first_batch)
        for page in pages:
            if page.number >= first and page.points:
                held += page.points if found else 0
                found.append(page)
                committed[page.number] = row.committed_ms
                if held >= points:
                    return found, committed
    return found, committed


def batch_times(session: Session, stream: str, position: int, ts_ms: int) -> BatchTimes | None:
    """Return when the batch came that holds a point of this time, from the commits that reach over it."""
    question = select(StoreCommit).where(StoreCommit.since_ms <= ts_ms, StoreCommit.through_ms >= ts_ms)
    for row in session.scalars(question.execution_options(yield_per=50)):
        for page in unpack(row.batches, row.first_batch):
            if (page.stream, page.position) == (stream, position) and page.points:
                return BatchTimes(page.sent_ms, page.received_ms, row.committed_ms)
    return None


def commits_before(session: Session, until_ms: int, after: int, limit: int) -> dict[int, list[Page]]:
    """Return the batches of the commits after number `after` that hold a point before a time, by commit."""
    question = select(StoreCommit).where(StoreCommit.since_ms < until_ms, StoreCommit.commit_no > after)
    rows = session.scalars(question.order_by(StoreCommit.commit_no).limit(limit))
    return {row.commit_no: unpack(row.batches, row.first_batch) for row in rows}
