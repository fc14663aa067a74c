"""What alembic runs: the revisions, on the connection that `cloud.db.migrate` hands over."""

from alembic import context

from cloud.db import Base
from cloud.migrations import import_tables

import_tables()
connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    compare_type=True,
    # SQLite cannot alter a table in place; the same revisions run on PostgreSQL.
    render_as_batch=True,
    user_module_prefix="cloud.db.",
)
with context.begin_transaction():
    context.run_migrations()
