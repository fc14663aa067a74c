"""Give each sheet counters of its own.

Sheets of a machine without a PLC counted on from sheet to sheet. Now each begins at zero, and says so. What
was counted of them is counted again from their facts when the programs run: the announcement asks for it.
"""

import hashlib
import time
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
BEGINS = "begins"
EVER_MS = 1 << 62

FACT = sa.table(
    "signal_fact",
    sa.column("id", BIG),
    sa.column("kind", sa.String),
    sa.column("source", sa.String),
    sa.column("stream", sa.String),
    sa.column("position", BIG),
    sa.column("ord", BIG),
    sa.column("value", sa.Float),
    sa.column("text", sa.Text),
)
SHEET = sa.table("manual_sheet", sa.column("machine", sa.String))
EVENT = sa.table(
    "outbox_event",
    sa.column("kind", sa.String),
    sa.column("payload", JSON),
    sa.column("announced_ms", BIG),
    sa.column("fanned_out", sa.Boolean),
)
Told = list[tuple[int, float]]  # row id and value of each count of a sheet, in their order


def upgrade() -> None:
    for machine, counters in _counts().items():
        _change(
            machine,
            [
                {"fact": row, "now": value - told[0][1], "says": None if place else BEGINS}
                for sheets in counters
                for told in sheets
                for place, (row, value) in enumerate(told)
            ],
        )


def downgrade() -> None:
    for machine, counters in _counts().items():
        changed = []
        for sheets in counters:
            before = 0.0
            for told in sheets:
                changed += [{"fact": row, "now": value + before, "says": None} for row, value in told]
                before += told[-1][1]
        _change(machine, changed)


def _counts() -> dict[str, list[list[Told]]]:
    """By machine, for each of its counters, the counts of each sheet in their order."""
    found: dict[str, list[list[Told]]] = {}
    for machine in op.get_bind().scalars(sa.select(SHEET.c.machine).distinct()).all():
        stream = hashlib.sha256(f"manual/{machine}".encode()).hexdigest()[:32]
        for kind in ("good", "reject"):
            query = (
                sa.select(FACT.c.position, FACT.c.id, FACT.c.value)
                .where(FACT.c.kind == kind, FACT.c.stream == stream, FACT.c.source == machine)
                .order_by(FACT.c.position, FACT.c.ord)
            )
            sheets: dict[int, Told] = {}
            for position, row, value in op.get_bind().execute(query):
                sheets.setdefault(position, []).append((row, value))
            if sheets:
                found.setdefault(machine, []).append(list(sheets.values()))
    return found


def _change(machine: str, changed: list[dict[str, Any]]) -> None:
    """Nothing comes back; facts say something else, and whoever counts is told to count again."""
    values: dict[str, Any] = {"value": sa.bindparam("now"), "text": sa.bindparam("says")}
    op.get_bind().execute(sa.update(FACT).where(FACT.c.id == sa.bindparam("fact")).values(**values), changed)
    again = {"windows": {machine: [0, EVER_MS]}}
    said = {"kind": "CounterDeclared", "payload": again, "announced_ms": time.time_ns() // 1_000_000}
    op.get_bind().execute(sa.insert(EVENT), [said | {"fanned_out": False}])
