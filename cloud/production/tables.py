"""Work orders, what the machines made for them, and the units that came of it.

`part_count`, `job_seen`, `tag_read` and `unit` are projections of facts: the same facts give the same rows in
whatever order they came, and they can be computed again at any time.
"""

from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base

ID = String(60)

WAITING = "waiting"
RUNNING = "running"
DONE = "done"


class WorkOrder(Base):
    """An order line released to the floor; what it repeats of the line never changes.

    `rework`: parts that failed before go through its operations once more.
    """

    __tablename__ = "work_order"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_line.id"))
    order_number: Mapped[str] = mapped_column(String(40))
    line: Mapped[int]
    customer: Mapped[str] = mapped_column(ID)
    product: Mapped[str] = mapped_column(ID)
    quantity: Mapped[Decimal]
    released_ms: Mapped[int]
    status: Mapped[str] = mapped_column(String(10), default=WAITING)
    rework: Mapped[bool] = mapped_column(default=False, server_default=false())

    __table_args__ = (
        Index("ix_work_order_order_line_id", "order_line_id"),
        Index("ix_work_order_order_number", "order_number", "line"),
    )


class Operation(Base):
    """One routing step of a work order; the machine's job register bears `job` while it runs."""

    __tablename__ = "operation"

    job: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    work_order: Mapped[int] = mapped_column(ForeignKey("work_order.number"))
    sequence: Mapped[int]
    machine: Mapped[str] = mapped_column(ID)
    ideal_cycle_s: Mapped[float]
    target: Mapped[int]
    good: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(10), default=WAITING)
    started_ms: Mapped[int | None]
    last_count_ms: Mapped[int | None]

    __table_args__ = (
        Index("ix_operation_work_order", "work_order"),
        Index("ix_operation_machine", "machine", "status", "work_order"),
    )


class PartCount(Base):
    """What one counter of a machine added in (from_ms, at_ms]; `operation` is null while the job is unknown.

    `first_value` and `last_value` are the ordinals of the parts on the counter, `epoch` its resets before.
    The identity of the reading at `at_ms` is (stream, position, ord).
    """

    __tablename__ = "part_count"

    machine: Mapped[str] = mapped_column(ID, primary_key=True)
    counter: Mapped[str] = mapped_column(String(10), primary_key=True)
    at_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    from_ms: Mapped[int]
    good: Mapped[int]
    rejected: Mapped[int]
    job: Mapped[int]
    operation: Mapped[int | None] = mapped_column(ForeignKey("operation.job"))
    epoch: Mapped[int]
    first_value: Mapped[int]
    last_value: Mapped[int]
    flags: Mapped[str] = mapped_column(String(60))
    stream: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    ord: Mapped[int]

    __table_args__ = (
        Index("ix_part_count_operation", "operation"),
        Index("ix_part_count_job", "job"),
        Index("ix_part_count_at_ms", "at_ms"),
    )


class JobSeen(Base):
    """When a machine's job register bore `job` first and last."""

    __tablename__ = "job_seen"

    machine: Mapped[str] = mapped_column(ID, primary_key=True)
    job: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    first_ms: Mapped[int]
    last_ms: Mapped[int]

    __table_args__ = (Index("ix_job_seen_last_ms", "machine", "last_ms"),)


class Unit(Base):
    """The good part `ordinal` of the counter of a line's last machine, made in (made_from_ms, made_ms].

    `number` counts the units of the work order from 1; both are null while the job is unknown.
    """

    __tablename__ = "unit"

    machine: Mapped[str] = mapped_column(ID, primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_from_ms: Mapped[int]
    made_ms: Mapped[int]
    work_order: Mapped[int | None] = mapped_column(ForeignKey("work_order.number"))
    number: Mapped[int | None]
    epc: Mapped[str | None] = mapped_column(String(96))
    tagged_ms: Mapped[int | None]
    reader: Mapped[str | None] = mapped_column(ID)

    __table_args__ = (
        Index("ix_unit_work_order", "work_order", "epoch", "ordinal"),
        Index("ix_unit_epc", "epc"),
        Index("ix_unit_tagged_ms", "machine", "tagged_ms"),
        Index("ix_unit_made_ms", "machine", "made_ms"),
    )


class TagRead(Base):
    """The first time a tag was read at the end of the line whose last machine is `machine`."""

    __tablename__ = "tag_read"

    machine: Mapped[str] = mapped_column(ID, primary_key=True)
    epc: Mapped[str] = mapped_column(String(96), primary_key=True)
    first_ms: Mapped[int]
    reader: Mapped[str] = mapped_column(ID)

    __table_args__ = (Index("ix_tag_read_first_ms", "machine", "first_ms"),)
