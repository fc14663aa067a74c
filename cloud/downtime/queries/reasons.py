"""The tree of reasons: who may use which where, what it counts as."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.downtime import schemas
from cloud.errors import NotFound
from cloud.plant import queries as plant
from cloud.plant.schemas import Name
from cloud.plant.tables import DowntimeReason
from models.oee.policies import Category


@dataclass(frozen=True, slots=True)
class ReasonTree:
    """All reasons by id; a child stands wherever all its ancestors do."""

    rows: Mapping[str, DowntimeReason]
    lines: Mapping[str, str]  # line by machine

    def category(self, reason: str | None) -> Category | None:
        """The loss that a leaf counts as; None for a group and for a reason that does not exist."""
        row = self.rows.get(reason or "")
        return row.category if row is not None else None  # type: ignore[return-value]  # written checked

    def path(self, reason: str) -> list[DowntimeReason]:
        """The reason and its ancestors, upwards."""
        found: list[DowntimeReason] = []
        row = self.rows.get(reason)
        while row is not None and row not in found:
            found.append(row)
            row = self.rows.get(row.parent_id or "")
        return found

    def machines(self, reason: str) -> set[str] | None:
        """Where a reason may be used; None = on every machine."""
        allowed: set[str] | None = None
        for row in self.path(reason):
            if row.scopes:
                named = {
                    machine
                    for machine, line in self.lines.items()
                    if f"machine:{machine}" in row.scopes or f"line:{line}" in row.scopes
                }
                allowed = named if allowed is None else allowed & named
        return allowed

    def is_usable(self, reason: str, machine: str) -> bool:
        """Whether people may give this reason on a machine: an active leaf that is meant for it."""
        path = self.path(reason)
        if not path or path[0].category is None or not all(row.active for row in path):
            return False
        allowed = self.machines(reason)
        return allowed is None or machine in allowed


def tree(session: Session) -> ReasonTree:
    """The tree as it stands."""
    rows = session.scalars(select(DowntimeReason).order_by(DowntimeReason.place, DowntimeReason.id))
    lines = {machine.id: machine.line for machine in plant.machines(session)}
    return ReasonTree({row.id: row for row in rows}, lines)


def reason_row(session: Session, reason: str) -> DowntimeReason:
    """One reason; `NotFound` names it when it does not exist."""
    row = session.get(DowntimeReason, reason)
    if row is None:
        raise NotFound(f"There is no reason {reason!r}.", code="no_such_reason")
    return row


def reasons_out(session: Session) -> list[schemas.ReasonOut]:
    """All reasons in the order of the tree: parents before their children, neighbours by place."""
    found = tree(session)
    children: dict[str | None, list[DowntimeReason]] = {}
    for row in found.rows.values():
        children.setdefault(row.parent_id, []).append(row)
    shown: list[schemas.ReasonOut] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        row = waiting.pop()
        shown.append(reason_out(found, row))
        waiting += reversed(children.get(row.id, []))
    return shown


def reason_out(found: ReasonTree, row: DowntimeReason) -> schemas.ReasonOut:
    """A reason as the API shows it."""
    machines = found.machines(row.id)
    return schemas.ReasonOut(
        id=row.id,
        parent=row.parent_id,
        name=Name(zh=row.name_zh, en=row.name_en),
        category=row.category,  # type: ignore[arg-type]  # written checked
        active=row.active,
        scopes=row.scopes,
        machines=None if machines is None else sorted(machines),
    )
