"""Keep sheets of machines without a PLC."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "manual_sheet",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("machine", sa.String(length=60), nullable=False),
        sa.Column("start_ms", BIG, nullable=False),
        sa.Column("end_ms", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("periods", JSON, nullable=False),
        sa.Column("runs", JSON, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("said_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_manual_sheet")),
    )
    with op.batch_alter_table("manual_sheet", schema=None) as batch_op:
        batch_op.create_index(
            "ix_manual_sheet_machine_start_ms", ["machine", "start_ms", "version"], unique=True
        )


def downgrade() -> None:
    with op.batch_alter_table("manual_sheet", schema=None) as batch_op:
        batch_op.drop_index("ix_manual_sheet_machine_start_ms")

    op.drop_table("manual_sheet")
