"""Set OEE targets, line flows and charge scrap back."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "line_flow",
        sa.Column("line", sa.String(length=60), nullable=False),
        sa.Column("stations", JSON, nullable=False),
        sa.Column("constraint_id", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("line", name=op.f("pk_line_flow")),
    )
    op.create_table(
        "oee_target",
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("oee", sa.Double(), nullable=True),
        sa.Column("availability", sa.Double(), nullable=True),
        sa.Column("effectiveness", sa.Double(), nullable=True),
        sa.Column("quality", sa.Double(), nullable=True),
        sa.Column("takt_s", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_oee_target")),
    )
    op.create_table(
        "scrap_charge",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("request", sa.String(length=64), nullable=False),
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("job", BIG, nullable=False),
        sa.Column("quantity", BIG, nullable=False),
        sa.Column("serial", sa.String(length=80), nullable=True),
        sa.Column("found_at", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("said_ms", BIG, nullable=False),
        sa.Column("withdrawn_by", sa.String(length=60), nullable=True),
        sa.Column("withdrawn_ms", BIG, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scrap_charge")),
        sa.UniqueConstraint("request", name=op.f("uq_scrap_charge_request")),
    )
    with op.batch_alter_table("scrap_charge", schema=None) as batch_op:
        batch_op.create_index("ix_scrap_charge_machine", ["machine", "at_ms"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("scrap_charge", schema=None) as batch_op:
        batch_op.drop_index("ix_scrap_charge_machine")

    op.drop_table("scrap_charge")
    op.drop_table("oee_target")
    op.drop_table("line_flow")
