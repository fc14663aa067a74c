"""${message}."""
<%
    def plain(commands):
        lines = [line for line in (commands or "pass").splitlines() if "# ###" not in line]
        return "\n".join(lines).strip("\n").removeprefix("    ")
%>
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: Any = ${repr(branch_labels)}
depends_on: Any = ${repr(depends_on)}

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT = sa.Numeric(18, 6).with_variant(sa.String(40), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:  # noqa: PLR0915  one statement per table
    ${plain(upgrades)}


def downgrade() -> None:  # noqa: PLR0915  the same
    ${plain(downgrades)}
