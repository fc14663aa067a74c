"""Reckon shifts with merged stops again.

Merged stops without a reason now count in OEE as the one stop that they are. Totals of shifts in which people
merged stops were kept by the old rule; they are marked, and the job that keeps totals reckons them anew.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Any = None
depends_on: Any = None

DAY_MS = 86_400_000  # a stop that was merged while it went on may reach into later shifts

FIGURE = sa.table(
    "shift_figure",
    sa.column("machine", sa.String),
    sa.column("start_ms", sa.BigInteger),
    sa.column("end_ms", sa.BigInteger),
    sa.column("stale", sa.Boolean),
    sa.column("stale_why", sa.String),
    sa.column("marks", sa.BigInteger),
)
CORRECTION = sa.table(
    "downtime_correction",
    sa.column("machine", sa.String),
    sa.column("kind", sa.String),
    sa.column("start_ms", sa.BigInteger),
    sa.column("end_ms", sa.BigInteger),
    sa.column("withdrawn_ms", sa.BigInteger),
)


def upgrade() -> None:
    merged = sa.exists().where(
        CORRECTION.c.kind == "merge",
        CORRECTION.c.withdrawn_ms.is_(None),
        CORRECTION.c.machine == FIGURE.c.machine,
        CORRECTION.c.start_ms - DAY_MS < FIGURE.c.end_ms,
        CORRECTION.c.end_ms + DAY_MS > FIGURE.c.start_ms,
    )
    op.execute(
        sa.update(FIGURE)
        .where(merged)
        .values(stale=sa.true(), stale_why="correction", marks=FIGURE.c.marks + 1)
    )


def downgrade() -> None:
    """Nothing to take back: what is marked is reckoned by the rule of the program that runs."""
