"""Declare counters, flag rework, let alarms be about lines."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.alter_column(
            "machine",
            existing_type=sa.VARCHAR(length=60),
            type_=sa.String(length=80),
            existing_nullable=False,
        )

    with op.batch_alter_table("signal_binding", schema=None) as batch_op:
        batch_op.add_column(sa.Column("modulus", BIG, nullable=True))
        batch_op.add_column(sa.Column("jitter", BIG, nullable=True))

    with op.batch_alter_table("work_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rework", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("work_order", schema=None) as batch_op:
        batch_op.drop_column("rework")

    with op.batch_alter_table("signal_binding", schema=None) as batch_op:
        batch_op.drop_column("jitter")
        batch_op.drop_column("modulus")

    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.alter_column(
            "machine",
            existing_type=sa.String(length=80),
            type_=sa.VARCHAR(length=60),
            existing_nullable=False,
        )
