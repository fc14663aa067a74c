"""How far a signal log is derived: a cursor common to all streams, and streams that are further."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.orm import Session

from cloud.ingest.tables import DeriverAhead, DeriverCursor


class LogPlace(NamedTuple):
    """All signals through commit `cursor` are derived, of a stream in `ahead` those through that commit."""

    cursor: int
    ahead: Mapping[str, int]


def place_of(session: Session, name: str) -> LogPlace:
    """Return the place kept under a name, the beginning of the log when there is none."""
    cursor = session.scalar(select(DeriverCursor.commit_no).where(DeriverCursor.name == name)) or 0
    rows = session.execute(
        select(DeriverAhead.stream, DeriverAhead.commit_no).where(
            DeriverAhead.name == name, DeriverAhead.commit_no > cursor
        )
    )
    return LogPlace(cursor, {row.stream: row.commit_no for row in rows})


def move_cursor(session: Session, name: str, through: int) -> None:
    """Nothing comes back; the cursor stands at a commit, streams that it has reached are no longer ahead."""
    upsert(session, DeriverCursor, [{"name": name, "commit_no": through}], ("name",))
    session.execute(delete(DeriverAhead).where(DeriverAhead.name == name, DeriverAhead.commit_no <= through))


def move_ahead(session: Session, name: str, streams: Iterable[str], through: int) -> None:
    """Nothing comes back; some streams stand at a commit, before the cursor reaches it."""
    rows = [{"name": name, "stream": stream, "commit_no": through} for stream in sorted(streams)]
    upsert(session, DeriverAhead, rows, ("name", "stream"))


def upsert(session: Session, table: Any, rows: list[dict[str, Any]], key: tuple[str, ...]) -> None:
    """Insert rows, or overwrite the rows with the same key."""
    dialect = session.get_bind().dialect.name
    statement: Any = (insert_postgresql if dialect == "postgresql" else insert_sqlite)(table.__table__)
    overwritten = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=overwritten), rows)
