"""Keep commands to gateways and replays of quarantined payloads."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "gateway_command",
        sa.Column("number", BIG, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("group", sa.String(length=200), nullable=False),
        sa.Column("node", sa.String(length=200), nullable=False),
        sa.Column("device", sa.String(length=200), nullable=False),
        sa.Column("tag", sa.String(length=200), nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.Column("value_before", JSON, nullable=False),
        sa.Column("value_after", JSON, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("requester", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("asked_ms", BIG, nullable=False),
        sa.Column("settled_ms", BIG, nullable=True),
        sa.Column("sent_ms", BIG, nullable=True),
        sa.Column("expires_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_gateway_command")),
        sa.UniqueConstraint("id", name=op.f("uq_gateway_command_id")),
    )
    with op.batch_alter_table("gateway_command", schema=None) as batch_op:
        batch_op.create_index("ix_gateway_command_node", ["group", "node", "number"], unique=False)
        batch_op.create_index("ix_gateway_command_state", ["state"], unique=False)

    op.create_table(
        "quarantine_replay",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("at_ms", BIG, nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine_replay")),
    )


def downgrade() -> None:
    op.drop_table("quarantine_replay")
    with op.batch_alter_table("gateway_command", schema=None) as batch_op:
        batch_op.drop_index("ix_gateway_command_state")
        batch_op.drop_index("ix_gateway_command_node")

    op.drop_table("gateway_command")
