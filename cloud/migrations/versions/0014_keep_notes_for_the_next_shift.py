"""Keep notes for the next shift."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "handover_note",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("version", BIG, autoincrement=False, nullable=False),
        sa.Column("scope", sa.String(length=80), nullable=False),
        sa.Column("shift_start_ms", BIG, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("said_ms", BIG, nullable=False),
        sa.PrimaryKeyConstraint("number", "version", name=op.f("pk_handover_note")),
    )
    with op.batch_alter_table("handover_note", schema=None) as batch_op:
        batch_op.create_index("ix_handover_note_shift_start_ms", ["shift_start_ms"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("handover_note", schema=None) as batch_op:
        batch_op.drop_index("ix_handover_note_shift_start_ms")

    op.drop_table("handover_note")
