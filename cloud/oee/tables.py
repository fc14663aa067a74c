"""Totals of finished shifts, what is aimed at, how lines flow, scrap found later.

`shift_figure` and `shift_total` are projections of facts: they can be emptied at any time and fill up again.
"""

from sqlalchemy import Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base

ID = String(60)
STALE = text("stale")


class ShiftFigure(Base):
    """Whether the totals of one machine over one cell of the shift calendar hold, and why they last changed.

    `marks` counts the changes heard of: who reckons anew calls it holding only if none came meanwhile.
    Times are plant time; `changed_ms` and `why` are null until something was reckoned.
    """

    __tablename__ = "shift_figure"

    machine: Mapped[str] = mapped_column(ID, primary_key=True)
    start_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    end_ms: Mapped[int]
    shift: Mapped[str] = mapped_column(ID)
    stale: Mapped[bool]
    stale_why: Mapped[str] = mapped_column(String(20))
    marks: Mapped[int]
    computed_ms: Mapped[int | None]
    changed_ms: Mapped[int | None]
    why: Mapped[str | None] = mapped_column(String(20))
    revision: Mapped[int]

    __table_args__ = (
        Index("ix_shift_figure_start_ms", "start_ms"),
        Index("ix_shift_figure_stale", "end_ms", sqlite_where=STALE, postgresql_where=STALE),
    )


class ShiftTotal(Base):
    """The tally of one machine over one cell under one job (0 = none); see `models.oee.score.Tally`."""

    __tablename__ = "shift_total"

    machine: Mapped[str] = mapped_column(ID, primary_key=True)
    start_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    job: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    planned_ms: Mapped[int]
    observed_ms: Mapped[int]
    running_ms: Mapped[int]
    minor_ms: Mapped[int]
    breakdown_ms: Mapped[int]
    setup_ms: Mapped[int]
    waiting_ms: Mapped[int]
    break_ms: Mapped[int]
    good: Mapped[int]
    rejected: Mapped[int]
    ideal_all_s: Mapped[float]
    ideal_good_s: Mapped[float]
    ideal_startup_s: Mapped[float]
    parts_without_ideal: Mapped[int]
    resets: Mapped[int]
    unknown_state_ms: Mapped[int]
    failures: Mapped[int]
    setups: Mapped[int]
    reworked: Mapped[int]

    __table_args__ = (Index("ix_shift_total_start_ms", "start_ms"),)


class OeeTarget(Base):
    """What a scope (`site`, `line:ID`, `machine:ID`) aims at; null = no target. `takt_s` per part."""

    __tablename__ = "oee_target"

    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    oee: Mapped[float | None]
    availability: Mapped[float | None]
    effectiveness: Mapped[float | None]
    quality: Mapped[float | None]
    takt_s: Mapped[float | None]


class LineFlow(Base):
    """Which machines of a line work in parallel, and which station decides what it can make.

    `stations` is machine by station id; a machine that is not named is a station of its own. Without a
    `constraint_id` the station with the most ideal time per machine is taken.
    """

    __tablename__ = "line_flow"

    line: Mapped[str] = mapped_column(ID, primary_key=True)
    stations: Mapped[dict[str, str]]
    constraint_id: Mapped[str | None] = mapped_column(ID)


class ScrapCharge(Base):
    """Parts counted as good by `machine` at `at_ms` that turned out to be scrap, found elsewhere or later.

    A row is never changed but for its withdrawal; `serial` is null when a quantity of a job was charged.
    Times are plant time.
    """

    __tablename__ = "scrap_charge"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    request: Mapped[str] = mapped_column(String(64), unique=True)
    machine: Mapped[str] = mapped_column(ID)
    at_ms: Mapped[int]
    job: Mapped[int]
    quantity: Mapped[int]
    serial: Mapped[str | None] = mapped_column(String(80))
    found_at: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)
    username: Mapped[str] = mapped_column(ID)
    said_ms: Mapped[int]
    withdrawn_by: Mapped[str | None] = mapped_column(ID)
    withdrawn_ms: Mapped[int | None]

    __table_args__ = (Index("ix_scrap_charge_machine", "machine", "at_ms"),)
