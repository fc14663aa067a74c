"""What people set: targets of scopes, and how lines flow."""

from sqlalchemy.orm import Session

from cloud.errors import Invalid
from cloud.identity.access import User
from cloud.identity.actions import audit
from cloud.oee.events import TARGET_WATCHED, watched
from cloud.oee.queries.aims import aims
from cloud.oee.schemas import LineFlowIn, TargetIn, TargetOut
from cloud.oee.tables import LineFlow, OeeTarget
from cloud.outbox import announce
from cloud.plant import queries as plant


def set_target(session: Session, scope: str, wanted: TargetIn, user: User, now_ms: int) -> TargetOut:
    """The target that holds for the scope from now on; one without any figure takes the target away.

    An alarm about a figure that has no target any more is over at once.

    Raises
    ------
    Invalid, NotFound
        When there is no such scope.
    """
    plant.machines_of(session, scope)
    said = wanted.model_dump()
    row = session.get(OeeTarget, scope)
    before = None if row is None else {name: getattr(row, name) for name in said}
    if all(value is None for value in said.values()):
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(OeeTarget(scope=scope, **said))
    else:
        for name, value in said.items():
            setattr(row, name, value)
    audit(session, user, "oee.target", f"oee_target/{scope}", {"before": before, "after": said})
    session.flush()
    after = TargetOut(scope=scope, **said)
    for figure in (aims(TargetIn(**before)).keys() if before else set()) - aims(after).keys():
        announce(session, TARGET_WATCHED, watched(scope, figure, now_ms))
    return after


def set_line_flow(session: Session, line: str, wanted: LineFlowIn, user: User) -> LineFlowIn:
    """How the line flows from now on.

    Raises
    ------
    NotFound
        When there is no such line.
    Invalid
        When a machine is not of the line, or the constraint is none of its stations.
    """
    machines = [machine.id for machine in plant.machines_of(session, f"line:{line}")]
    for machine in wanted.stations:
        if machine not in machines:
            message = f"{machine!r} is not a machine of line {line}; accepted: {', '.join(machines)}"
            raise Invalid(message, errors=[{"where": "stations", "message": message}])
    stations = sorted({wanted.stations.get(machine, machine) for machine in machines})
    if wanted.constraint is not None and wanted.constraint not in stations:
        message = f"{wanted.constraint!r} is not a station of line {line}; accepted: {', '.join(stations)}"
        raise Invalid(message, errors=[{"where": "constraint", "message": message}])
    row = session.get(LineFlow, line)
    before = None if row is None else {"stations": row.stations, "constraint": row.constraint_id}
    if row is None:
        session.add(LineFlow(line=line, stations=wanted.stations, constraint_id=wanted.constraint))
    else:
        row.stations, row.constraint_id = dict(wanted.stations), wanted.constraint
    audit(session, user, "oee.flow", f"line/{line}", {"before": before, "after": wanted.model_dump()})
    session.flush()
    return wanted
