"""What the audit log says, the newest entry first."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.identity.schemas import AuditEntryOut, AuditLogPage, AuditUser
from cloud.identity.tables import AuditEntry, User

COLUMNS = ("id", "at", "username", "action", "object", "detail")
CSV_PAGE = 1000


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are wanted; what is None is not asked. Times are real, in ms, half-open."""

    kind: str | None = None
    object: str | None = None
    action: str | None = None
    username: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What holds for a wanted entry; of a kind are `kind` itself and all `kind/…`."""
        entry, found = AuditEntry, []
        if self.kind is not None:
            found.append(
                or_(entry.object == self.kind, entry.object.startswith(f"{self.kind}/", autoescape=True))
            )
        if self.object is not None:
            found.append(entry.object == self.object)
        if self.action is not None:
            found.append(entry.action == self.action)
        if self.username is not None:
            found.append(entry.username == self.username)
        if self.from_ms is not None:
            found.append(entry.at_ms >= self.from_ms)
        if self.to_ms is not None:
            found.append(entry.at_ms < self.to_ms)
        return found


def audit_page(session: Session, wanted: AuditFilter, after: int | None, limit: int) -> AuditLogPage:
    """A page of the audit log; `after` is `next` of the page before.

    Entries are numbered in the order of their commits and never change, so pages neither overlap nor skip.
    """
    rows = _rows(session, wanted, after, limit + 1)
    users = session.execute(select(User.username, User.display_name).order_by(User.username)).all()
    return AuditLogPage(
        items=[_shown(row) for row in rows[:limit]],
        next=rows[limit - 1].id if len(rows) > limit else None,
        users=[AuditUser(username=username, display_name=name) for username, name in users],
    )


def _rows(session: Session, wanted: AuditFilter, after: int | None, limit: int) -> list[AuditEntry]:
    query = select(AuditEntry).where(*wanted.conditions()).order_by(AuditEntry.id.desc()).limit(limit)
    return list(session.scalars(query if after is None else query.where(AuditEntry.id < after)))


def _shown(row: AuditEntry) -> AuditEntryOut:
    return AuditEntryOut(
        id=row.id,
        at=iso(row.at_ms),
        username=row.username,
        action=row.action,
        object=row.object,
        detail=row.detail,
    )


def audit_csv(db: Database, wanted: AuditFilter) -> Iterator[bytes]:
    """The wanted entries as lines of UTF-8 CSV with a head, in pieces; `detail` is JSON.

    Each piece is read by itself, so a slow reader keeps no transaction open.
    """
    after: int | None = None
    head: tuple[str, ...] = COLUMNS
    while True:
        with db.read() as session:
            page = [_shown(row) for row in _rows(session, wanted, after, CSV_PAGE)]
        yield _lines(head, page)
        if len(page) < CSV_PAGE:
            return
        head, after = (), page[-1].id


def _lines(head: tuple[str, ...], page: list[AuditEntryOut]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    if head:
        writer.writerow(head)
    for entry in page:
        said = (entry.username, entry.action, entry.object, orjson.dumps(entry.detail).decode())
        writer.writerow((entry.id, entry.at, *map(_safe, said)))
    return text.getvalue().encode()


def _safe(text: str) -> str:
    """A text that a spreadsheet would run as a formula is shown as text."""
    return f"'{text}" if text[:1] in set("=+-@\t\r") else text


def iso(at_ms: int) -> str:
    """The time as the API writes it; this slice stands below the plant, which has the same function."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
