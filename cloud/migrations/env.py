"""What alembic runs: the revisions, on the connection that `cloud.db.migrate` hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON, BigInteger

from cloud.db import Base, Exact
from cloud.migrations import import_tables


def self_contained(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """How a revision spells the types of `cloud.db`: by its own constants, since it outlives our code."""
    if kind != "type":
        return False
    spelt = ((Exact, "EXACT"), (BigInteger, "BIG"), (JSON, "JSON"))
    return next((name for type_, name in spelt if isinstance(item, type_)), False)


import_tables()
connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    # SQLite cannot alter a table in place; the same revisions run on PostgreSQL.
    render_as_batch=True,
    render_item=self_contained,
)
with context.begin_transaction():
    context.run_migrations()
