"""Keep reasons of stops, corrections, rules."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "downtime_reason",
        sa.Column("id", sa.String(length=60), nullable=False),
        sa.Column("parent_id", sa.String(length=60), nullable=True),
        sa.Column("place", BIG, nullable=False),
        sa.Column("category", sa.String(length=20), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["downtime_reason.id"], name=op.f("fk_downtime_reason_parent_id_downtime_reason")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downtime_reason")),
    )
    op.create_table(
        "downtime_correction",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("start_ms", BIG, nullable=False),
        sa.Column("end_ms", BIG, nullable=False),
        sa.Column("reason_id", sa.String(length=60), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("said_ms", BIG, nullable=False),
        sa.Column("withdrawn_by", sa.String(length=60), nullable=True),
        sa.Column("withdrawn_ms", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["reason_id"],
            ["downtime_reason.id"],
            name=op.f("fk_downtime_correction_reason_id_downtime_reason"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downtime_correction")),
    )
    with op.batch_alter_table("downtime_correction", schema=None) as batch_op:
        batch_op.create_index("ix_downtime_correction_machine_end_ms", ["machine", "end_ms"], unique=False)

    op.create_table(
        "downtime_rule",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("place", BIG, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("reason_id", sa.String(length=60), nullable=False),
        sa.Column("scopes", JSON, nullable=False),
        sa.Column("states", JSON, nullable=False),
        sa.Column("products", JSON, nullable=False),
        sa.Column("weekdays", JSON, nullable=False),
        sa.Column("min_s", sa.Double(), nullable=True),
        sa.Column("max_s", sa.Double(), nullable=True),
        sa.Column("from_time", sa.String(length=5), nullable=True),
        sa.Column("to_time", sa.String(length=5), nullable=True),
        sa.Column("valid_from_ms", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["reason_id"], ["downtime_reason.id"], name=op.f("fk_downtime_rule_reason_id_downtime_reason")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downtime_rule")),
    )


def downgrade() -> None:
    op.drop_table("downtime_rule")
    with op.batch_alter_table("downtime_correction", schema=None) as batch_op:
        batch_op.drop_index("ix_downtime_correction_machine_end_ms")

    op.drop_table("downtime_correction")
    op.drop_table("downtime_reason")
