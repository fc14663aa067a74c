"""What a store of points keeps in the relational database: commits, watermarks, gaps, signal log, marks."""

from typing import Any

from sqlalchemy import Dialect, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from cloud.db import Base

NODE = String(500)
STREAM = String(64)
TAG = String(1000)


def escaped(text: str) -> str:
    """Return a text without the character NUL, which some databases refuse; a backslash escapes it."""
    return text.replace("\\", "\\\\").replace("\0", "\\0")


def unescaped(text: str) -> str:
    """Return the text that `escaped` was given."""
    return "\\".join(part.replace("\\0", "\0") for part in text.split("\\\\"))


class AnyText(TypeDecorator[str]):
    """A text that may hold the character NUL, which PostgreSQL refuses; a backslash escapes it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002  SQLAlchemy's
        """The text as both databases take it."""
        return None if value is None else escaped(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002  SQLAlchemy's
        """The text as it was."""
        return None if value is None else unescaped(str(value))


class StoreNumber(Base):
    """A running number of the store: `generation`, `commit_no`, `batch`, `quarantined`, `telemetry`."""

    __tablename__ = "store_number"

    name: Mapped[str] = mapped_column(String(20), primary_key=True)
    value: Mapped[int]


class StoreCommit(Base):
    """One commit: how many points in which batches; a row per batch would be thousands a second.

    `batches` is the packed list of them (`ledger_pages`), `first_batch` the number of the first. The times
    `since_ms` and `through_ms` are the least and the greatest of its points; None without points.
    """

    __tablename__ = "store_commit"

    commit_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_batch: Mapped[int]
    next_batch: Mapped[int]
    points: Mapped[int]
    since_ms: Mapped[int | None]
    through_ms: Mapped[int | None]
    committed_ms: Mapped[int]  # real time
    batches: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_store_commit_next_batch", "next_batch"),
        Index("ix_store_commit_since_ms", "since_ms"),
    )


class StoreTag(Base):
    """A tag that has stored points, or had some."""

    __tablename__ = "store_tag"

    tag: Mapped[str] = mapped_column(TAG, primary_key=True)


class StoreNode(Base):
    """What is stored of one edge node (`group/node`)."""

    __tablename__ = "store_node"

    node: Mapped[str] = mapped_column(NODE, primary_key=True)
    points: Mapped[int]
    batches: Mapped[int]
    gaps: Mapped[int]
    committed_ms: Mapped[int | None]  # real time


class StoreWatermark(Base):
    """The highest stored position of a stream of a node."""

    __tablename__ = "store_watermark"

    node: Mapped[str] = mapped_column(NODE, primary_key=True)
    stream: Mapped[str] = mapped_column(STREAM, primary_key=True)
    w: Mapped[int]


class StoreGap(Base):
    """A recorded hole in a stream, in the order of recording."""

    __tablename__ = "store_gap"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    node: Mapped[str] = mapped_column(NODE)
    stream: Mapped[str] = mapped_column(STREAM)
    first: Mapped[int]
    last: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)


class StoreSignal(Base):
    """One row of the signal log, read in the order (commit_no, ord)."""

    __tablename__ = "store_signal"

    commit_no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ord: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stream: Mapped[str] = mapped_column(STREAM)
    position: Mapped[int]
    point_ord: Mapped[int]
    tag: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(Text)
    ts_ms: Mapped[int]
    value: Mapped[float | None]
    text: Mapped[str | None] = mapped_column(AnyText)
    quality: Mapped[int]


class StoreQuarantine(Base):
    """A payload that could not be stored as points; the newest are kept."""

    __tablename__ = "store_quarantine"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_ms: Mapped[int]
    topic: Mapped[str] = mapped_column(AnyText)
    reason: Mapped[str] = mapped_column(AnyText)
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(Text)
    head: Mapped[bytes] = mapped_column(LargeBinary)


class StoreTelemetry(Base):
    """The mark of a stored telemetry message; the newest are kept."""

    __tablename__ = "store_telemetry"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    device: Mapped[str] = mapped_column(AnyText)
    digest: Mapped[str] = mapped_column(Text)
    at_ms: Mapped[int]


class StoreBound(Base):
    """The meaning with which stored points of a tag went to the signal log."""

    __tablename__ = "store_bound"

    tag: Mapped[str] = mapped_column(TAG, primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    source: Mapped[str] = mapped_column(Text)
    version: Mapped[int]
