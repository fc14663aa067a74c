"""What people say about stops, the rules that name reasons, and what is declared by hand.

Stops themselves are never stored: they are folded from facts whenever somebody asks.
"""

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base
from cloud.plant.tables import DowntimeReason

ID = String(60)


class DowntimeCorrection(Base):
    """One correction of a machine's stops over `[start_ms, end_ms)`, plant time; a later `id` was said later.

    `kind` is assign, split (start and end are the same instant), merge or note. A row is never changed; one
    that was withdrawn no longer counts.
    """

    __tablename__ = "downtime_correction"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    machine: Mapped[str] = mapped_column(ID)
    kind: Mapped[str] = mapped_column(String(10))
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    reason_id: Mapped[str | None] = mapped_column(ForeignKey(DowntimeReason.id))
    text: Mapped[str] = mapped_column(Text, default="")
    username: Mapped[str] = mapped_column(ID)
    said_ms: Mapped[int]  # plant time
    withdrawn_by: Mapped[str | None] = mapped_column(ID)
    withdrawn_ms: Mapped[int | None]

    __table_args__ = (Index("ix_downtime_correction_machine_end_ms", "machine", "end_ms"),)


class DowntimeRule(Base):
    """A rule that names the reason of stops that neither a person nor the PLC explained, by `place`.

    Lists that are empty and columns that are null are not asked. It speaks of stops that begin at
    `valid_from_ms` or later (plant time; null = since ever).
    """

    __tablename__ = "downtime_rule"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    place: Mapped[int]
    active: Mapped[bool]
    reason_id: Mapped[str] = mapped_column(ForeignKey(DowntimeReason.id))
    scopes: Mapped[list[str]]
    states: Mapped[list[str]]
    products: Mapped[list[str]]
    weekdays: Mapped[list[str]]
    min_s: Mapped[float | None]
    max_s: Mapped[float | None]
    from_time: Mapped[str | None] = mapped_column(String(5))
    to_time: Mapped[str | None] = mapped_column(String(5))
    valid_from_ms: Mapped[int | None]
