"""Blocks of condition signals, alarms, and what happened to them.

`condition_block` is a projection of facts: it can be computed again at any time.
"""

from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base

ID = String(60)


class ConditionBlock(Base):
    """One cell of the time grid of a machine's condition signal; `level` is ln(mm/s)."""

    __tablename__ = "condition_block"

    machine: Mapped[str] = mapped_column(ID, primary_key=True)
    start_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    level: Mapped[float]
    samples: Mapped[int]
    regime: Mapped[str] = mapped_column(ID)


class Alarm(Base):
    """An alarm; `active` and `acknowledged` make its ISA-18.2 state, `affected` is of the time it was raised.

    `machine` is a machine's id, or `line:ID` or `site` where the alarm is about more than one. `value` and
    `limit` are in `unit`; times are plant time.
    """

    __tablename__ = "alarm"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    machine: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(40))
    severity: Mapped[str] = mapped_column(String(20))
    active: Mapped[bool]
    acknowledged: Mapped[bool]
    raised_ms: Mapped[int]
    cleared_ms: Mapped[int | None]
    value: Mapped[float]
    limit: Mapped[float]
    unit: Mapped[str] = mapped_column(String(20))
    affected: Mapped[dict[str, Any]]

    __table_args__ = (
        UniqueConstraint("machine", "kind", "raised_ms"),
        Index("ix_alarm_order", "active", "raised_ms", "id"),
    )


class AlarmEvent(Base):
    """One entry of an alarm's history: raised, escalated, acknowledged, cleared or note."""

    __tablename__ = "alarm_event"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarm.id"), index=True)
    at_ms: Mapped[int]
    kind: Mapped[str] = mapped_column(String(20))
    username: Mapped[str | None] = mapped_column(String(60))
    note: Mapped[str | None] = mapped_column(Text)
