"""The relational half of a store whose points live in another database: one transaction per commit."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.timeseries.ledger_pages import Page, extent, pack, without_old
from cloud.timeseries.store import (
    Commit,
    Committed,
    ContentRefused,
    Meaning,
    NodeTotals,
    SignalRow,
    StoreCounts,
    StoreRefused,
    StreamKey,
    WatermarkWentBack,
)
from cloud.timeseries.tables import (
    StoreBound,
    StoreCommit,
    StoreGap,
    StoreNode,
    StoreNumber,
    StoreQuarantine,
    StoreSignal,
    StoreTag,
    StoreTelemetry,
    StoreWatermark,
)

QUARANTINE_KEPT = 1000
MARKS_KEPT = 100_000
TRIM_MARKS_EVERY = 1_000


def _may(_session: Session) -> None:
    """Let every process move watermarks."""


class Ledger:
    """Watermarks, gaps, signal log, marks and commit numbers; several processes may share it.

    Parameters
    ----------
    db
        A migrated relational database.
    real_ms
        The real clock in milliseconds since the epoch: the time a commit carries.
    guard
        Called in each transaction that moves watermarks; raises StoreRefused when this process may not.
    """

    def __init__(
        self, db: Database, real_ms: Callable[[], int], guard: Callable[[Session], None] = _may
    ) -> None:
        self.db = db
        self._guard = guard
        self._real_ms = real_ms

    def number(self, name: str) -> int:
        """Return a running number, 0 before its first use."""
        with self.db.read() as session:
            return _numbers(session).get(name, 0)

    def raise_generation(self, at_least: int = 0) -> int:
        """Return the new generation; to be called once after a backup was restored."""
        with self.writing() as session:
            generation = max(_numbers(session).get("generation", 1) + 1, at_least)
            _set_numbers(session, {"generation": generation})
            return generation

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction whose failures are those of a store.

        Raises
        ------
        ContentRefused
            When the database can never hold a value.
        StoreRefused
            When it refused for now.
        """
        try:
            with self.db.write() as session:
                yield session
        except (DataError, IntegrityError, OverflowError, ValueError) as error:
            raise ContentRefused(str(error)) from error
        except SQLAlchemyError as error:
            raise StoreRefused(str(error)) from error

    def check(self, commit: Commit) -> None:
        """Nothing comes back; the commit lies above its watermarks as they are now.

        Raises
        ------
        WatermarkWentBack
            When a batch lies at or below the watermark of its stream.
        """
        with self.db.read() as session:
            check_watermarks(session, commit)

    def record(self, commit: Commit, pages: Sequence[Page], *, seen: int, tags: Collection[str]) -> Committed:
        """Return what a commit became, whose points are stored; all of the rest in one transaction.

        `seen` is the last number in the order of writing, `tags` are those that may be new.

        Raises
        ------
        WatermarkWentBack
            When another process has stored one of its batches meanwhile.
        StoreRefused
            When the database refused; nothing of it is recorded.
        """
        with self.writing() as session:
            self._guard(session)
            known = check_watermarks(session, commit)
            numbers = _numbers(session)
            commit_no = numbers.get("commit_no", 0) + 1
            first = numbers.get("batch", 0) + 1
            committed_ms = self._real_ms()
            points = sum(page.points for page in pages)
            insert_signals(session, commit_no, commit.signals)
            _move_watermarks(session, commit, known)
            _add_tags(session, tags)
            _insert(session, StoreGap, [gap._asdict() for gap in commit.gaps])
            if pages:
                since_ms, through_ms = extent(pages)
                session.add(
                    StoreCommit(
                        commit_no=commit_no,
                        first_batch=first,
                        next_batch=first + len(pages),
                        points=points,
                        since_ms=since_ms,
                        through_ms=through_ms,
                        committed_ms=committed_ms,
                        batches=pack(pages),
                    )
                )
            _count_nodes(session, commit, pages, committed_ms)
            quarantined = _quarantine(session, commit, numbers.get("quarantined", 0))
            marks = _mark_telemetry(session, commit, numbers.get("telemetry", 0))
            generation = numbers.get("generation", 1)  # written down, so that a restore can raise it by SQL
            moved = {
                "generation": generation,
                "commit_no": commit_no,
                "batch": first + len(pages) - 1,
                "seen": seen,
            }
            # The generation is written down too, so that whoever restores a backup can raise it by SQL.
            kept = {
                "quarantined": quarantined,
                "telemetry": marks,
                "generation": numbers.get("generation", 1),
            }
            _set_numbers(session, moved | kept)
        return Committed(commit_no, points, committed_ms)

    def copy_signals(self, rows: Sequence[SignalRow]) -> int:
        """Return the number of a new commit of the signal log that holds `rows`."""
        with self.writing() as session:
            commit_no = _numbers(session).get("commit_no", 0) + 1
            insert_signals(session, commit_no, rows)
            _set_numbers(session, {"commit_no": commit_no})
            return commit_no

    def bind(self, meanings: Mapping[str, Meaning]) -> None:
        """Nothing comes back; `meanings` are those with which stored points went to the signal log."""
        with self.writing() as session:
            session.execute(delete(StoreBound))
            _insert(session, StoreBound, [{"tag": tag, **m._asdict()} for tag, m in meanings.items()])

    def trim(self, through: int) -> int:
        """Return how many signals of the commits up to `through` were forgotten."""
        with self.writing() as session:
            gone: Any = session.execute(delete(StoreSignal).where(StoreSignal.commit_no <= through))
            return int(gone.rowcount)

    def forget(
        self, old: Mapping[int, list[Page]], kept: Mapping[tuple[str, int], int], until_ms: int
    ) -> int:
        """Return how many points of some commits are gone, whose points before a time were dropped."""
        dropped = 0
        with self.writing() as session:
            for commit_no, pages in old.items():
                left = without_old(pages, kept, until_ms)
                dropped += _count_dropped(session, pages, left)
                since_ms, through_ms = extent(left)
                same = StoreCommit.commit_no == commit_no
                if since_ms is None:
                    session.execute(delete(StoreCommit).where(same))
                else:
                    values = {"since_ms": since_ms, "through_ms": through_ms, "batches": pack(left)}
                    points = sum(page.points for page in left)
                    session.execute(update(StoreCommit).where(same).values(points=points, **values))
        return dropped

    def counts(self, size_bytes: int) -> StoreCounts:
        """Return the sizes of the store; `quarantined` counts all that ever were."""
        with self.db.read() as session:
            totals = select(func.sum(StoreNode.points), func.sum(StoreNode.batches), func.sum(StoreNode.gaps))
            points, batches, gaps = session.execute(totals).one()
            numbers = _numbers(session)
            signal = session.scalar(select(func.max(StoreSignal.commit_no))) or 0
        quarantined, commit_no = numbers.get("quarantined", 0), numbers.get("commit_no", 0)
        sums = (int(points or 0), int(batches or 0), int(gaps or 0))
        return StoreCounts(*sums, quarantined, commit_no, signal, size_bytes)

    def by_node(self) -> dict[str, NodeTotals]:
        """Return what is stored per node (`group/node`)."""
        with self.db.read() as session:
            rows = session.scalars(select(StoreNode)).all()
            return {row.node: NodeTotals(row.points, row.gaps, row.committed_ms) for row in rows}


def check_watermarks(session: Session, commit: Commit) -> dict[StreamKey, int]:
    """Return the known watermarks of a commit's streams, which all of its batches lie above."""
    streams = sorted({key.stream for key in commit.watermarks} | {batch.stream for batch in commit.batches})
    question = select(StoreWatermark).where(StoreWatermark.stream.in_(streams))
    rows = session.scalars(question).all() if streams else []
    known = {StreamKey(row.node, row.stream): row.w for row in rows}
    nodes = {key.stream: key for key in commit.watermarks}
    for batch in commit.batches:
        key = nodes.get(batch.stream, StreamKey(batch.node, batch.stream))
        if batch.position <= known.get(key, 0) or batch.position > commit.watermarks.get(key, 0):
            raise WatermarkWentBack(f"{key.node} {key.stream}: {batch.position} after {known.get(key, 0)}")
    return known


def insert_signals(session: Session, commit_no: int, rows: Sequence[SignalRow]) -> None:
    """Nothing comes back; the signal log has one more commit."""
    _insert(
        session,
        StoreSignal,
        [
            {
                "commit_no": commit_no,
                "ord": at,
                "stream": row.stream,
                "position": row.position,
                "point_ord": row.ord,
                "tag": row.tag,
                "role": row.role,
                "source": row.source,
                "ts_ms": row.ts_ms,
                "value": row.value,
                "text": row.text,
                "quality": row.quality,
            }
            for at, row in enumerate(rows)
        ],
    )


def add_to_node(session: Session, node: str, change: Mapping[str, int], committed_ms: int | None) -> None:
    """Nothing comes back; `change` is added to what is counted for a node."""
    row = session.get(StoreNode, node)
    if row is None:
        row = StoreNode(node=node, points=0, batches=0, gaps=0, committed_ms=None)
        session.add(row)
    row.points += change.get("points", 0)
    row.batches += change.get("batches", 0)
    row.gaps += change.get("gaps", 0)
    if committed_ms is not None:
        row.committed_ms = committed_ms


def _count_nodes(session: Session, commit: Commit, pages: Sequence[Page], committed_ms: int) -> None:
    changes: dict[str, dict[str, int]] = {}
    for page in pages:
        change = changes.setdefault(page.node, {"points": 0, "batches": 0, "gaps": 0})
        change["points"] += page.points
        change["batches"] += 1
    for gap in commit.gaps:
        changes.setdefault(gap.node, {"points": 0, "batches": 0, "gaps": 0})["gaps"] += 1
    for node, change in changes.items():
        add_to_node(session, node, change, committed_ms if change["batches"] else None)


def _count_dropped(session: Session, before: Sequence[Page], after: Sequence[Page]) -> int:
    changes: dict[str, Counter[str]] = {}
    for old, new in zip(before, after, strict=True):
        change = changes.setdefault(old.node, Counter())
        change["points"] += new.points - old.points
        change["batches"] -= 1 if old.points and not new.points else 0
    for node, change in changes.items():
        add_to_node(session, node, change, None)
    return -sum(change["points"] for change in changes.values())


def _numbers(session: Session) -> dict[str, int]:
    return {row.name: row.value for row in session.scalars(select(StoreNumber))}


def _set_numbers(session: Session, values: Mapping[str, int]) -> None:
    known = _numbers(session)
    _insert(
        session, StoreNumber, [{"name": name, "value": v} for name, v in values.items() if name not in known]
    )
    for name, value in values.items():
        if known.get(name, value) != value:
            session.execute(update(StoreNumber).where(StoreNumber.name == name).values(value=value))


def _insert(session: Session, table: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _move_watermarks(session: Session, commit: Commit, known: Mapping[StreamKey, int]) -> None:
    fresh = [{**key._asdict(), "w": w} for key, w in commit.watermarks.items() if key not in known]
    _insert(session, StoreWatermark, fresh)
    moved = [{**key._asdict(), "w": w} for key, w in commit.watermarks.items() if key in known]
    if moved:
        session.execute(update(StoreWatermark), moved)


def _add_tags(session: Session, tags: Collection[str]) -> None:
    if tags:
        known = set(session.scalars(select(StoreTag.tag).where(StoreTag.tag.in_(tags))))
        _insert(session, StoreTag, [{"tag": tag} for tag in tags if tag not in known])


def _quarantine(session: Session, commit: Commit, last: int) -> int:
    rows = [{"id": last + 1 + at, **row._asdict()} for at, row in enumerate(commit.quarantine)]
    _insert(session, StoreQuarantine, rows)
    if rows:
        oldest = last + len(rows) - QUARANTINE_KEPT
        session.execute(delete(StoreQuarantine).where(StoreQuarantine.id <= oldest))
    return last + len(rows)


def _mark_telemetry(session: Session, commit: Commit, last: int) -> int:
    rows = [{"id": last + 1 + at, **row._asdict()} for at, row in enumerate(commit.telemetry)]
    _insert(session, StoreTelemetry, rows)
    now = last + len(rows)
    if now // TRIM_MARKS_EVERY != last // TRIM_MARKS_EVERY:
        session.execute(delete(StoreTelemetry).where(StoreTelemetry.id <= now - MARKS_KEPT))
    return now
