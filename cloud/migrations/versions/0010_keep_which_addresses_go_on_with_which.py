"""Keep which addresses go on with which."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Any = None
depends_on: Any = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "tag_mapping",
        sa.Column("id", BIG, autoincrement=True, nullable=False),
        sa.Column("old", sa.String(length=1000), nullable=False),
        sa.Column("new", sa.String(length=1000), nullable=False),
        sa.Column("from_ms", BIG, nullable=False),
        sa.Column("scale", sa.Double(), nullable=False),
        sa.Column("shift", sa.Double(), nullable=False),
        sa.Column("codes", JSON, nullable=True),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("moved", JSON, nullable=False),
        sa.Column("username", sa.String(length=60), nullable=False),
        sa.Column("made_ms", BIG, nullable=False),
        sa.Column("undone_ms", BIG, nullable=True),
        sa.Column("undone_by", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_mapping")),
    )
    op.create_table(
        "tag_mapping_pair",
        sa.Column("mapping_id", BIG, nullable=False),
        sa.Column("new_tag", sa.String(length=1000), nullable=False),
        sa.Column("old_tag", sa.String(length=1000), nullable=False),
        sa.Column("ended_version", BIG, nullable=True),
        sa.Column("bound_version", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["mapping_id"], ["tag_mapping.id"], name=op.f("fk_tag_mapping_pair_mapping_id_tag_mapping")
        ),
        sa.PrimaryKeyConstraint("mapping_id", "new_tag", name=op.f("pk_tag_mapping_pair")),
    )
    with op.batch_alter_table("tag_mapping_pair", schema=None) as batch_op:
        batch_op.create_index("ix_tag_mapping_pair_new_tag", ["new_tag"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tag_mapping_pair", schema=None) as batch_op:
        batch_op.drop_index("ix_tag_mapping_pair_new_tag")

    op.drop_table("tag_mapping_pair")
    op.drop_table("tag_mapping")
