"""Remember streams that are derived further than the common cursor."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "deriver_ahead",
        sa.Column("name", sa.String(length=220), nullable=False),
        sa.Column("stream", sa.String(length=32), nullable=False),
        sa.Column("commit_no", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", "stream", name=op.f("pk_deriver_ahead")),
    )


def downgrade() -> None:
    op.drop_table("deriver_ahead")
