"""Keep the ledger of stores whose points live elsewhere."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "store_bound",
        sa.Column("tag", sa.String(length=1000), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_store_bound")),
    )
    op.create_table(
        "store_commit",
        sa.Column("commit_no", BIG, autoincrement=False, nullable=False),
        sa.Column("first_batch", BIG, nullable=False),
        sa.Column("next_batch", BIG, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("since_ms", BIG, nullable=True),
        sa.Column("through_ms", BIG, nullable=True),
        sa.Column("committed_ms", BIG, nullable=False),
        sa.Column("batches", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("commit_no", name=op.f("pk_store_commit")),
    )
    with op.batch_alter_table("store_commit", schema=None) as batch_op:
        batch_op.create_index("ix_store_commit_next_batch", ["next_batch"], unique=False)
        batch_op.create_index("ix_store_commit_since_ms", ["since_ms"], unique=False)

    op.create_table(
        "store_gap",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("node", sa.String(length=500), nullable=False),
        sa.Column("stream", sa.String(length=64), nullable=False),
        sa.Column("first", BIG, nullable=False),
        sa.Column("last", BIG, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_gap")),
    )
    op.create_table(
        "store_node",
        sa.Column("node", sa.String(length=500), nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("batches", BIG, nullable=False),
        sa.Column("gaps", BIG, nullable=False),
        sa.Column("committed_ms", BIG, nullable=True),
        sa.PrimaryKeyConstraint("node", name=op.f("pk_store_node")),
    )
    op.create_table(
        "store_number",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_store_number")),
    )
    op.create_table(
        "store_quarantine",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_quarantine")),
    )
    op.create_table(
        "store_signal",
        sa.Column("commit_no", BIG, autoincrement=False, nullable=False),
        sa.Column("ord", BIG, autoincrement=False, nullable=False),
        sa.Column("stream", sa.String(length=64), nullable=False),
        sa.Column("position", BIG, nullable=False),
        sa.Column("point_ord", BIG, nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("ts_ms", BIG, nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("quality", BIG, nullable=False),
        sa.PrimaryKeyConstraint("commit_no", "ord", name=op.f("pk_store_signal")),
    )
    op.create_table(
        "store_tag",
        sa.Column("tag", sa.String(length=1000), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_store_tag")),
    )
    op.create_table(
        "store_telemetry",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_store_telemetry")),
    )
    op.create_table(
        "store_watermark",
        sa.Column("node", sa.String(length=500), nullable=False),
        sa.Column("stream", sa.String(length=64), nullable=False),
        sa.Column("w", BIG, nullable=False),
        sa.PrimaryKeyConstraint("node", "stream", name=op.f("pk_store_watermark")),
    )


def downgrade() -> None:
    op.drop_table("store_watermark")
    op.drop_table("store_telemetry")
    op.drop_table("store_tag")
    op.drop_table("store_signal")
    op.drop_table("store_quarantine")
    op.drop_table("store_number")
    op.drop_table("store_node")
    op.drop_table("store_gap")
    with op.batch_alter_table("store_commit", schema=None) as batch_op:
        batch_op.drop_index("ix_store_commit_since_ms")
        batch_op.drop_index("ix_store_commit_next_batch")

    op.drop_table("store_commit")
    op.drop_table("store_bound")
