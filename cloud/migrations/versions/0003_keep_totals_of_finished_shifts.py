"""Keep totals of finished shifts."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

STALE: Any = {"sqlite_where": sa.text("stale"), "postgresql_where": sa.text("stale")}


def upgrade() -> None:
    op.create_table(
        "shift_figure",
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("start_ms", BIG, autoincrement=False, nullable=False),
        sa.Column("end_ms", BIG, nullable=False),
        sa.Column("shift", sa.String(length=60), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("stale_why", sa.String(length=20), nullable=False),
        sa.Column("marks", BIG, nullable=False),
        sa.Column("computed_ms", BIG, nullable=True),
        sa.Column("changed_ms", BIG, nullable=True),
        sa.Column("why", sa.String(length=20), nullable=True),
        sa.Column("revision", BIG, nullable=False),
        sa.PrimaryKeyConstraint("machine", "start_ms", name=op.f("pk_shift_figure")),
    )
    with op.batch_alter_table("shift_figure", schema=None) as batch_op:
        batch_op.create_index(
            "ix_shift_figure_stale",
            ["end_ms"],
            unique=False,
            sqlite_where=sa.text("stale"),
            postgresql_where=sa.text("stale"),
        )
        batch_op.create_index("ix_shift_figure_start_ms", ["start_ms"], unique=False)

    op.create_table(
        "shift_total",
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("start_ms", BIG, autoincrement=False, nullable=False),
        sa.Column("job", BIG, autoincrement=False, nullable=False),
        sa.Column("planned_ms", BIG, nullable=False),
        sa.Column("observed_ms", BIG, nullable=False),
        sa.Column("running_ms", BIG, nullable=False),
        sa.Column("minor_ms", BIG, nullable=False),
        sa.Column("breakdown_ms", BIG, nullable=False),
        sa.Column("setup_ms", BIG, nullable=False),
        sa.Column("waiting_ms", BIG, nullable=False),
        sa.Column("break_ms", BIG, nullable=False),
        sa.Column("good", BIG, nullable=False),
        sa.Column("rejected", BIG, nullable=False),
        sa.Column("ideal_all_s", sa.Double(), nullable=False),
        sa.Column("ideal_good_s", sa.Double(), nullable=False),
        sa.Column("ideal_startup_s", sa.Double(), nullable=False),
        sa.Column("parts_without_ideal", BIG, nullable=False),
        sa.Column("resets", BIG, nullable=False),
        sa.Column("unknown_state_ms", BIG, nullable=False),
        sa.Column("failures", BIG, nullable=False),
        sa.Column("setups", BIG, nullable=False),
        sa.Column("reworked", BIG, nullable=False),
        sa.PrimaryKeyConstraint("machine", "start_ms", "job", name=op.f("pk_shift_total")),
    )
    with op.batch_alter_table("shift_total", schema=None) as batch_op:
        batch_op.create_index("ix_shift_total_start_ms", ["start_ms"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("shift_total", schema=None) as batch_op:
        batch_op.drop_index("ix_shift_total_start_ms")

    op.drop_table("shift_total")
    with op.batch_alter_table("shift_figure", schema=None) as batch_op:
        batch_op.drop_index("ix_shift_figure_start_ms")
        batch_op.drop_index("ix_shift_figure_stale", **STALE)

    op.drop_table("shift_figure")
