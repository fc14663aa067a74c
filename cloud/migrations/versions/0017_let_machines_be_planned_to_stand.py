"""Let machines be planned to stand."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Any = None
depends_on: Any = None


def upgrade() -> None:
    with op.batch_alter_table("calendar_exception", schema=None) as batch_op:
        batch_op.alter_column(
            "kind", existing_type=sa.String(10), type_=sa.String(20), existing_nullable=False
        )
        batch_op.add_column(sa.Column("scope", sa.String(length=70), nullable=True))
        batch_op.add_column(sa.Column("end_day", sa.String(length=10), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM calendar_exception WHERE kind = 'planned_stop'")
    with op.batch_alter_table("calendar_exception", schema=None) as batch_op:
        batch_op.drop_column("end_day")
        batch_op.drop_column("scope")
        batch_op.alter_column(
            "kind", existing_type=sa.String(20), type_=sa.String(10), existing_nullable=False
        )
