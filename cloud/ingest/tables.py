"""Facts read from signals, coverage, the deriver's cursor, counters of bad input."""

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base

SOURCE = String(100)
STREAM = String(32)


class SignalFact(Base):
    """One reading of a bound signal; `id` grows in commit order, `text` is a state's name or an EPC."""

    __tablename__ = "signal_fact"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(SOURCE)
    stream: Mapped[str] = mapped_column(STREAM)
    position: Mapped[int]
    ord: Mapped[int]
    ts_ms: Mapped[int]  # plant time
    value: Mapped[float | None]
    text: Mapped[str | None] = mapped_column(Text)
    quality: Mapped[int]

    __table_args__ = (
        UniqueConstraint("kind", "stream", "position", "ord"),
        Index("ix_signal_fact_source_kind_ts_ms", "source", "kind", "ts_ms", "id"),
    )


class Coverage(Base):
    """`source` was watched without a break over [since_ms, through_ms], plant time; grown in place."""

    __tablename__ = "coverage"

    source: Mapped[str] = mapped_column(SOURCE, primary_key=True)
    since_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    through_ms: Mapped[int]


class CoverageSpan(Base):
    """An unbroken run of a stream's coverage points of a source: what lies between them has arrived.

    A recorded gap ends a span; the next point of the stream begins another. Times are plant time.
    """

    __tablename__ = "coverage_span"

    source: Mapped[str] = mapped_column(SOURCE, primary_key=True)
    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
    first_ms: Mapped[int]
    last_ms: Mapped[int]


class CoverageGap(Base):
    """Positions of a stream that will never come and may have held readings of `source`."""

    __tablename__ = "coverage_gap"

    source: Mapped[str] = mapped_column(SOURCE, primary_key=True)
    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class IngestClaim(Base):
    """The last claim of a Sparkplug group by a worker: `fence` grows with each, `since_ms` is real time."""

    __tablename__ = "ingest_claim"

    group: Mapped[str] = mapped_column("sparkplug_group", String(200), primary_key=True)
    fence: Mapped[int]
    holder: Mapped[str] = mapped_column(String(200))
    since_ms: Mapped[int]


class DeriverCursor(Base):
    """The last commit of the signal log whose facts are committed."""

    __tablename__ = "deriver_cursor"

    name: Mapped[str] = mapped_column(String(220), primary_key=True)
    commit_no: Mapped[int]


class DeriverAhead(Base):
    """A stream whose signals are derived further than the cursor `name`: through commit `commit_no`."""

    __tablename__ = "deriver_ahead"

    name: Mapped[str] = mapped_column(String(220), primary_key=True)
    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    commit_no: Mapped[int]


class BadInputCount(Base):
    """How often input of a kind was refused or flagged; `last_ms` plant time of the newest."""

    __tablename__ = "bad_input"

    kind: Mapped[str] = mapped_column(String(60), primary_key=True)
    count: Mapped[int]
    last_ms: Mapped[int | None]
    example: Mapped[str | None] = mapped_column(Text)


class QuarantineReplay(Base):
    """What became of a quarantined payload that somebody had read again; `id` is its number in quarantine."""

    __tablename__ = "quarantine_replay"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_ms: Mapped[int]  # plant time
    username: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str] = mapped_column(String(40))
    detail: Mapped[str] = mapped_column(Text)
    points: Mapped[int]
