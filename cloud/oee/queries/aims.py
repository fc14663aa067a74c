"""What scopes aim at, what misses it, and the station that decides what a line makes."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.oee.queries.shown import figure
from cloud.oee.schemas import ConstraintFigure, Figure, LineFlowOut, TargetIn, TargetOut
from cloud.oee.tables import LineFlow, OeeTarget
from cloud.plant import queries as plant
from models.oee.policies import Policy
from models.oee.score import Tally, total
from models.oee.takt import Finished, takt_adherence

AIMED_AT = ("oee", "availability", "effectiveness", "quality")
TAKT = "takt_adherence"


class Targets:
    """All targets: those of a machine, or of its line, or of the site."""

    def __init__(self, session: Session) -> None:
        rows = session.scalars(select(OeeTarget).order_by(OeeTarget.scope)).all()
        self.all = [_shown(row) for row in rows]
        self._by_scope = {target.scope: target for target in self.all}

    def of(self, scope: str) -> TargetOut | None:
        """The target that was set for the scope itself."""
        return self._by_scope.get(scope)

    def of_machine(self, machine: plant.Machine) -> TargetOut | None:
        """The target that holds for a machine: its own, else its line's, else the site's."""
        scopes = (f"machine:{machine.id}", f"line:{machine.line}", "site")
        return next((self._by_scope[scope] for scope in scopes if scope in self._by_scope), None)

    def of_scope(self, scope: str, machines: Sequence[plant.Machine]) -> TargetOut | None:
        """The target that holds for a scope; a takt is only taken from the scope itself."""
        own = self.of(scope)
        if own is not None or scope == "site":
            return own
        return self.of_machine(machines[0]) if scope.startswith("machine:") and machines else self.of("site")

    def takt_s(self, scope: str) -> float | None:
        """The takt of a scope in s per part: of the site or of another line it would say nothing."""
        own = self.of(scope)
        return own.takt_s if own is not None else None


def aims(target: TargetIn) -> dict[str, float]:
    """By figure what a target asks of it, 0-1; who has a takt aims at all the parts that it asks for."""
    asked = {name: getattr(target, name) for name in AIMED_AT}
    asked[TAKT] = None if target.takt_s is None else 1.0
    return {name: aim for name, aim in asked.items() if aim is not None}


def misses(target: TargetOut | None, shown: Figure) -> list[str]:
    """What of a figure is below its target; a figure that is not there misses nothing."""
    if target is None:
        return []
    pairs = ((name, getattr(target, name), getattr(shown, name)) for name in AIMED_AT)
    return [name for name, aim, value in pairs if aim is not None and value is not None and value < aim]


def constraint_of(
    session: Session,
    line: str,
    tallies: Iterable[tuple[str, Tally]],
    policy: Policy,
    calendar_ms: int,
    *,
    takt_s: float | None = None,
) -> ConstraintFigure | None:
    """The figure of the station that decides what a line makes, None when it made nothing and none is named.

    Parallel machines are one station: their times and quantities are added up. Without a named constraint it
    is the station with the most ideal time per machine: the one that would be the last to finish the work.
    `takt_s` is the line's takt, s per part, which its constraint has to keep; good parts of the station
    count, whether they were finished further down or not.
    """
    flow = session.get(LineFlow, line)
    station_of = flow.stations if flow else {}
    stations: dict[str, dict[str, list[Tally]]] = {}
    for machine, tally in tallies:
        of_station = stations.setdefault(station_of.get(machine, machine), {})
        of_station.setdefault(machine, []).append(tally)
    sums = {name: total(t for of in each.values() for t in of) for name, each in stations.items()}
    named = flow.constraint_id if flow and flow.constraint_id in sums else None
    loads = {name: tally.ideal_all_s / len(stations[name]) for name, tally in sums.items()}
    chosen = named or max(loads, key=lambda name: loads[name], default=None)
    if chosen is None or (named is None and not loads[chosen]):
        return None
    machines = sorted(stations[chosen])
    made = Finished.side_by_side([Finished.by_machine(total(of)) for of in stations[chosen].values()])
    return ConstraintFigure(
        station=chosen,
        machines=machines,
        named=named is not None,
        figure=figure(
            sums[chosen],
            policy,
            calendar_ms=calendar_ms * len(machines),
            takt_adherence=None if takt_s is None else takt_adherence([(made, takt_s)]),
        ),
    )


def line_flows(session: Session) -> list[LineFlowOut]:
    """How each line flows, in the plant file's order; without description a machine is a station."""
    rows = {row.line: row for row in session.scalars(select(LineFlow))}
    return [
        LineFlowOut(
            line=line.id,
            stations=rows[line.id].stations if line.id in rows else {},
            constraint=rows[line.id].constraint_id if line.id in rows else None,
        )
        for line in plant.lines(session)
    ]


def _shown(row: OeeTarget) -> TargetOut:
    return TargetOut(
        scope=row.scope,
        oee=row.oee,
        availability=row.availability,
        effectiveness=row.effectiveness,
        quality=row.quality,
        takt_s=row.takt_s,
    )
