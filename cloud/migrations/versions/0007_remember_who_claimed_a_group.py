"""Remember who claimed a group."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "ingest_claim",
        sa.Column("sparkplug_group", sa.String(length=200), nullable=False),
        sa.Column("fence", BIG, nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("since_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("sparkplug_group", name=op.f("pk_ingest_claim")),
    )
    with op.batch_alter_table("deriver_cursor", schema=None) as batch_op:
        batch_op.alter_column(
            "name", existing_type=sa.VARCHAR(length=40), type_=sa.String(length=220), existing_nullable=False
        )


def downgrade() -> None:
    with op.batch_alter_table("deriver_cursor", schema=None) as batch_op:
        batch_op.alter_column(
            "name", existing_type=sa.String(length=220), type_=sa.VARCHAR(length=40), existing_nullable=False
        )

    op.drop_table("ingest_claim")
