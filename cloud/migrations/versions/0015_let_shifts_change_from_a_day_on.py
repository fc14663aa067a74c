"""Let shifts change from a day on."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: Any = None
depends_on: Any = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "shift_version",
        sa.Column("shift_id", sa.String(length=60), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("start", sa.String(length=5), nullable=False),
        sa.Column("end", sa.String(length=5), nullable=False),
        sa.Column("days", JSON, nullable=False),
        sa.Column("breaks", JSON, nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_shift_version_shift_id_shift")),
        sa.PrimaryKeyConstraint("shift_id", "valid_from", name=op.f("pk_shift_version")),
    )


def downgrade() -> None:
    op.drop_table("shift_version")
