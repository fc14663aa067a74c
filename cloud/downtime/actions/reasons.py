"""Edits the tree of reasons, and the rules that name them."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloud.downtime import schemas
from cloud.downtime.events import announce_windows
from cloud.downtime.queries.reasons import ReasonTree, reason_row, tree
from cloud.downtime.queries.rules import rule_out, rule_row, rule_rows
from cloud.downtime.tables import DowntimeRule
from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.ingest import queries as facts
from cloud.plant import queries as plant
from cloud.plant.actions import change_binding
from cloud.plant.schemas import BindingIn, ms_from_iso
from cloud.plant.tables import DowntimeReason, SignalBinding


def add_reason(session: Session, wanted: schemas.NewReasonIn, user: User) -> DowntimeReason:
    """The new reason; `Conflict` when its id is taken, `Invalid` when it cannot stand there."""
    if session.get(DowntimeReason, wanted.id) is not None:
        raise Conflict(f"There is a reason {wanted.id!r} already.", code="reason_exists")
    row = DowntimeReason(id=wanted.id, place=0)
    _fill(session, row, wanted)
    session.add(row)
    session.flush()
    audit(session, user, "downtime.reason.add", f"reason/{row.id}", wanted.model_dump(exclude={"id"}))
    return row


def change_reason(
    session: Session, reason: str, wanted: schemas.ReasonIn, user: User, now_ms: int
) -> DowntimeReason:
    """The reason as it is from now on; a new category also holds for stops of the past that bear it."""
    row = reason_row(session, reason)
    before = _said(row)
    _fill(session, row, wanted)
    session.flush()
    detail = {"before": before, "after": _said(row)}
    audit(session, user, "downtime.reason.change", f"reason/{row.id}", detail)
    if row.category != before["category"]:
        _announce_all(session, now_ms)
    return row


def order_reasons(session: Session, wanted: schemas.ReasonOrderIn, user: User) -> None:
    """Nothing comes back; neighbours in the tree stand in this order from now on.

    Raises
    ------
    Conflict
        When these are not all reasons below that parent, each once.
    """
    rows = {row.id: row for row in tree(session).rows.values() if row.parent_id == wanted.parent}
    if sorted(rows) != sorted(wanted.reasons):
        raise Conflict("Reasons were added or moved meanwhile: look at them again.", code="reasons_changed")
    before = sorted(rows, key=lambda reason: (rows[reason].place, reason))
    for place, reason in enumerate(wanted.reasons, 1):
        rows[reason].place = place
    detail = {"before": before, "after": wanted.reasons}
    audit(session, user, "downtime.reason.order", f"reason/{wanted.parent or ''}", detail)


def _said(row: DowntimeReason) -> dict[str, Any]:
    """What the audit log keeps of a reason."""
    return {
        "parent": row.parent_id,
        "name": {"zh": row.name_zh, "en": row.name_en},
        "category": row.category,
        "active": row.active,
        "scopes": list(row.scopes),
    }


def _fill(session: Session, row: DowntimeReason, wanted: schemas.ReasonIn) -> None:
    _check(tree(session), row.id, wanted)
    row.parent_id = wanted.parent
    row.name_zh, row.name_en = wanted.name.zh, wanted.name.en
    row.category = wanted.category
    row.active = wanted.active
    row.scopes = list(wanted.scopes)
    if wanted.place is not None:
        row.place = wanted.place
    elif not row.place:
        row.place = (session.scalar(select(func.max(DowntimeReason.place))) or 0) + 1


def _check(reasons: ReasonTree, reason: str, wanted: schemas.ReasonIn) -> None:
    wrong: list[tuple[str, str]] = []
    if wanted.parent is not None:
        path = reasons.path(wanted.parent)
        if not path:
            wrong.append(("parent", f"there is no reason {wanted.parent!r}"))
        elif path[0].category is not None:
            wrong.append(("parent", f"{wanted.parent!r} has a loss category and can have nothing below it"))
        elif any(row.id == reason for row in path):
            wrong.append(("parent", f"{wanted.parent!r} stands below {reason!r}"))
    if wanted.category is not None and any(row.parent_id == reason for row in reasons.rows.values()):
        wrong.append(("category", "a group has none: its leaves have"))
    wrong += [("scopes", f"there is no {scope!r}") for scope in _unknown(reasons, wanted.scopes)]
    if wrong:
        errors = [{"where": where, "message": message} for where, message in wrong]
        raise Invalid("; ".join(f"{w}: {m}" for w, m in wrong), code="bad_reason", errors=errors)


def _unknown(reasons: ReasonTree, scopes: list[str]) -> list[str]:
    known = {f"machine:{machine}" for machine in reasons.lines}
    known |= {f"line:{line}" for line in reasons.lines.values()}
    return [scope for scope in scopes if scope not in known]


def add_rule(session: Session, wanted: schemas.RuleIn, user: User, now_ms: int) -> DowntimeRule:
    """The new rule, asked after all others; `Invalid` when it names what does not exist."""
    last = session.scalar(select(func.max(DowntimeRule.place)))
    row = DowntimeRule(place=0 if last is None else last + 1)
    _fill_rule(session, row, wanted)
    session.add(row)
    session.flush()
    audit(session, user, "downtime.rule.add", f"rule/{row.id}", wanted.model_dump())
    _announce_all(session, now_ms)
    return row


def change_rule(
    session: Session, rule_id: int, wanted: schemas.RuleIn, user: User, now_ms: int
) -> DowntimeRule:
    """The rule as it is from now on."""
    row = rule_row(session, rule_id)
    before = rule_out(row)
    _fill_rule(session, row, wanted)
    session.flush()
    detail = {"before": before.model_dump(exclude={"id"}), "after": rule_out(row).model_dump(exclude={"id"})}
    audit(session, user, "downtime.rule.change", f"rule/{row.id}", detail)
    _announce_all(session, now_ms)
    return row


def draft_rule(session: Session, wanted: schemas.RuleIn) -> DowntimeRule:
    """A rule to try: checked as if it were to hold, and not kept."""
    row = DowntimeRule(id=0, place=0)
    with session.no_autoflush:
        _fill_rule(session, row, wanted)
    return row


def order_rules(session: Session, wanted: schemas.RuleOrderIn, user: User, now_ms: int) -> None:
    """Nothing comes back; rules are asked in this order from now on.

    Raises
    ------
    Conflict
        When these are not all rules there are, each once.
    """
    rows = {row.id: row for row in rule_rows(session)}
    before = list(rows)
    if sorted(rows) != sorted(wanted.rules):
        raise Conflict("Rules were added meanwhile: look at them and try again.", code="rules_changed")
    for place, number in enumerate(wanted.rules):
        rows[number].place = place
    audit(session, user, "downtime.rule.order", "rules", {"before": before, "after": wanted.rules})
    _announce_all(session, now_ms)


def change_codes(session: Session, wanted: schemas.CodesIn, user: User) -> SignalBinding:
    """The new version of what the codes of a reason signal mean.

    Raises
    ------
    NotFound
        When the tag is not bound as the reason of a machine.
    Conflict
        When somebody changed it meanwhile.
    Invalid
        When a code is no whole number or means neither a reason with a loss category nor `none`.
    """
    bound = next((row for row in plant.current_bindings(session) if row.tag == wanted.tag), None)
    if bound is None or bound.role != "reason":
        raise NotFound(f"{wanted.tag!r} is the reason signal of no machine.", code="no_such_binding")
    change = BindingIn(
        tag=wanted.tag,
        role=bound.role,
        machine=bound.machine_id,
        code_map=wanted.codes,
        valid_from=wanted.valid_from,
        replaces=wanted.replaces,
    )
    return change_binding(session, change, user)


def _fill_rule(session: Session, row: DowntimeRule, wanted: schemas.RuleIn) -> None:
    reasons = tree(session)
    wrong: list[tuple[str, str]] = []
    if reasons.category(wanted.reason) is None:
        wrong.append(("reason", f"{wanted.reason!r} is no reason with a loss category"))
    wrong += [("scopes", f"there is no {scope!r}") for scope in _unknown(reasons, wanted.scopes)]
    known = plant.products(session, wanted.products)
    wrong += [("products", f"there is no product {each!r}") for each in wanted.products if each not in known]
    if (wanted.from_time is None) != (wanted.to_time is None):
        wrong.append(("to_time", "name both times or neither"))
    if wrong:
        errors = [{"where": where, "message": message} for where, message in wrong]
        raise Invalid("; ".join(f"{w}: {m}" for w, m in wrong), code="bad_rule", errors=errors)
    row.reason_id, row.active, row.scopes = wanted.reason, wanted.active, list(wanted.scopes)
    row.states, row.products, row.weekdays = list(wanted.states), list(wanted.products), list(wanted.weekdays)
    row.min_s, row.max_s, row.from_time, row.to_time = (
        wanted.min_s,
        wanted.max_s,
        wanted.from_time,
        wanted.to_time,
    )
    row.valid_from_ms = None if wanted.valid_from is None else ms_from_iso(wanted.valid_from, "valid_from")


def _announce_all(session: Session, now_ms: int) -> None:
    """Nothing comes back; any stop of the past may count as something else now.

    There are none before the first state that is known: shifts of long before are not marked.
    """
    first = {
        machine.id: facts.next_point(session, "state", machine.id, -1) for machine in plant.machines(session)
    }
    announce_windows(
        session,
        {
            machine: (point.ts_ms, now_ms)
            for machine, point in first.items()
            if point and point.ts_ms < now_ms
        },
    )
