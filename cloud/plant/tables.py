"""Where things stand, what they make, what a signal means."""

from decimal import Decimal
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base

ID = String(60)


class Named:
    """Columns of a name in both languages."""

    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))

    @property
    def name(self) -> dict[str, str]:
        """The name as `{"zh": …, "en": …}`."""
        return {"zh": self.name_zh, "en": self.name_en}


class Site(Named, Base):
    """The plant; `id` is also the Sparkplug group."""

    __tablename__ = "site"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    timezone: Mapped[str] = mapped_column(String(60))
    currency: Mapped[str] = mapped_column(String(3))
    origin_ms: Mapped[int]


class Area(Named, Base):
    """An area of the site."""

    __tablename__ = "area"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    site_id: Mapped[str] = mapped_column(ForeignKey("site.id"))
    place: Mapped[int]


class Line(Named, Base):
    """A production line."""

    __tablename__ = "line"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    area_id: Mapped[str] = mapped_column(ForeignKey("area.id"))
    place: Mapped[int]


class Machine(Named, Base):
    """A machine; `sequence` is its place in the flow of the line."""

    __tablename__ = "machine"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    line_id: Mapped[str] = mapped_column(ForeignKey("line.id"))
    sequence: Mapped[int]
    gateway: Mapped[str] = mapped_column(ID)
    protocol: Mapped[str] = mapped_column(String(30))
    minor_stop_s: Mapped[int]

    __table_args__ = (UniqueConstraint("line_id", "sequence"),)


class Reader(Named, Base):
    """A tag reader at the end of a line."""

    __tablename__ = "reader"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    line_id: Mapped[str] = mapped_column(ForeignKey("line.id"))
    gateway: Mapped[str] = mapped_column(ID)
    protocol: Mapped[str] = mapped_column(String(30))
    max_transit_s: Mapped[int]


class Shift(Named, Base):
    """A shift pattern in local wall-clock time; an end at or before the start lies on the next day."""

    __tablename__ = "shift"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    place: Mapped[int]
    start: Mapped[str] = mapped_column(String(5))
    end: Mapped[str] = mapped_column(String(5))
    days: Mapped[list[str]]


class ShiftBreak(Named, Base):
    """A break of a shift, in local wall-clock time."""

    __tablename__ = "shift_break"

    shift_id: Mapped[str] = mapped_column(ForeignKey("shift.id"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    start: Mapped[str] = mapped_column(String(5))
    end: Mapped[str] = mapped_column(String(5))


class ShiftVersion(Base):
    """How a shift is from a local day on; before its first version it is as the plant file says.

    Without `days` it takes place no more. `breaks` has `start`, `end` and `name` (`{"zh", "en"}`) of each.
    """

    __tablename__ = "shift_version"

    shift_id: Mapped[str] = mapped_column(ForeignKey("shift.id"), primary_key=True)
    valid_from: Mapped[str] = mapped_column(String(10), primary_key=True)
    start: Mapped[str] = mapped_column(String(5))
    end: Mapped[str] = mapped_column(String(5))
    days: Mapped[list[str]]
    breaks: Mapped[list[Any]]
    username: Mapped[str] = mapped_column(ID)


class CalendarException(Base):
    """What one local day has otherwise than its weekday; see `models.oee.shifts.DayException`.

    A `planned_stop` begins on `day` at `start` and ends at `end`, on `end_day` if it has one; `scope` is
    `site`, `line:ID` or `machine:ID`. Other kinds have neither.
    """

    __tablename__ = "calendar_exception"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    day: Mapped[str] = mapped_column(String(10))
    kind: Mapped[str] = mapped_column(String(20))
    scope: Mapped[str | None] = mapped_column(String(70))
    shift: Mapped[str | None] = mapped_column(ID)
    start: Mapped[str | None] = mapped_column(String(5))
    end: Mapped[str | None] = mapped_column(String(5))
    end_day: Mapped[str | None] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(String(200))
    username: Mapped[str] = mapped_column(ID)

    __table_args__ = (Index("ix_calendar_exception_day", "day"),)


class Supplier(Named, Base):
    """Who delivers items."""

    __tablename__ = "supplier"

    id: Mapped[str] = mapped_column(ID, primary_key=True)


class Item(Named, Base):
    """Something bought."""

    __tablename__ = "item"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    unit: Mapped[str] = mapped_column(String(20))
    supplier_id: Mapped[str] = mapped_column(ForeignKey("supplier.id"))


class Product(Named, Base):
    """Something made and sold; `price_minor` in minor units of the site's currency per piece."""

    __tablename__ = "product"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    gtin: Mapped[str] = mapped_column(String(14))
    line_id: Mapped[str] = mapped_column(ForeignKey("line.id"))
    price_minor: Mapped[int]


class RoutingStep(Base):
    """One operation of a product's routing; the ideal cycle in seconds per part."""

    __tablename__ = "routing_step"

    product_id: Mapped[str] = mapped_column(ForeignKey("product.id"), primary_key=True)
    operation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    machine_id: Mapped[str] = mapped_column(ForeignKey("machine.id"))
    ideal_cycle_s: Mapped[float]


class BomLine(Base):
    """How much of an item one piece of a product takes, in the item's unit."""

    __tablename__ = "bom_line"

    product_id: Mapped[str] = mapped_column(ForeignKey("product.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(ForeignKey("item.id"), primary_key=True)
    quantity: Mapped[Decimal]


class DowntimeReason(Named, Base):
    """Why a machine may stand: a node of the tree; only leaves have a loss category, and only they are given.

    `scopes` (`machine:ID`, `line:ID`) say where it may be used; an empty list means wherever its parent may.
    """

    __tablename__ = "downtime_reason"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("downtime_reason.id"))
    place: Mapped[int]
    category: Mapped[str | None] = mapped_column(String(20))
    active: Mapped[bool] = mapped_column(default=True)
    scopes: Mapped[list[str]]


class SignalBinding(Base):
    """What a tag means: its highest version holds; `retired` says that it means nothing any more.

    Of a counter `modulus` is how many values it has, `jitter` how many parts it may step back.
    """

    __tablename__ = "signal_binding"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    tag: Mapped[str] = mapped_column(String(300))
    version: Mapped[int]
    role: Mapped[str] = mapped_column(String(30))
    machine_id: Mapped[str | None] = mapped_column(ForeignKey("machine.id"))
    reader_id: Mapped[str | None] = mapped_column(ForeignKey("reader.id"))
    code_map: Mapped[dict[str, str] | None]
    valid_from_ms: Mapped[int | None]  # plant time; null = since ever
    retired: Mapped[bool] = mapped_column(default=False)
    modulus: Mapped[int | None]
    jitter: Mapped[int | None]

    __table_args__ = (UniqueConstraint("tag", "version"), Index("ix_signal_binding_machine_id", "machine_id"))
