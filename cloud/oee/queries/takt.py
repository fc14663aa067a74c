"""What a line finished: the parts of all machines of its last station, and how that keeps the takt."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.oee.queries.aims import Targets
from cloud.oee.tables import LineFlow
from cloud.plant import queries as plant
from models.oee.score import Tally
from models.oee.takt import Finished, takt_adherence


class LastStations:
    """By line, in the plant file's order, the machines of its last station in the order of the flow.

    Parts that leave one of them are finished: the station is that of the line's last machine, with every
    machine that works in parallel to it. A line without machines has none.
    """

    def __init__(self, session: Session) -> None:
        stations = {row.line: row.stations for row in session.scalars(select(LineFlow))}
        self.of_line: Mapping[str, tuple[str, ...]] = {
            line.id: _last([machine.id for machine in line.machines], stations.get(line.id, {}))
            for line in plant.lines(session)
        }
        self.machines = frozenset(machine for last in self.of_line.values() for machine in last)

    def finished(self, line: str, tallies: Mapping[str, Tally]) -> Finished:
        """What a line finished by the tallies of its machines; one without a tally had no time."""
        return Finished.side_by_side(
            [Finished.by_machine(tallies.get(machine, Tally())) for machine in self.of_line[line]]
        )


class Takts:
    """Which takt holds for a scope, and how what was finished keeps it."""

    def __init__(self, last: LastStations, targets: Targets) -> None:
        self._last = last
        self._targets = targets

    def is_paced(self, scope: str) -> bool:
        """Whether there is a takt for the scope: its own, or of the site one for each of its lines."""
        return self._own(scope) is not None or (scope == "site" and self._of_lines() is not None)

    def adherence(self, scope: str, tallies: Mapping[str, Tally]) -> float | None:
        """Finished parts ÷ parts that the takt asks for; None when the scope has no takt or no watched time.

        Parameters
        ----------
        scope
            `site`, `line:ID` or `machine:ID`. The site without a takt of its own adds up its lines, each
            against its own, if all have one.
        tallies
            By machine, of all machines that finish something in the scope.
        """
        kind, _, name = scope.partition(":")
        own = self._own(scope)
        if kind == "machine":
            made = Finished.by_machine(tallies.get(name, Tally()))
            return None if own is None else takt_adherence([(made, own)])
        lines = [name] if kind == "line" else [line for line, last in self._last.of_line.items() if last]
        finished = {line: self._last.finished(line, tallies) for line in lines}
        if own is not None:
            return takt_adherence([(Finished.side_by_side(list(finished.values())), own)])
        paced = self._of_lines() if scope == "site" else None
        return takt_adherence((finished[line], takt_s) for line, takt_s in paced.items()) if paced else None

    def _own(self, scope: str) -> float | None:
        return self._targets.takt_s(scope)

    def _of_lines(self) -> dict[str, float] | None:
        """By line with machines its takt, None while one has none."""
        found = {line: self._own(f"line:{line}") for line, last in self._last.of_line.items() if last}
        paced = {line: takt_s for line, takt_s in found.items() if takt_s is not None}
        return paced if paced and len(paced) == len(found) else None


def _last(machines: list[str], stations: Mapping[str, str]) -> tuple[str, ...]:
    if not machines:
        return ()
    station = stations.get(machines[-1], machines[-1])
    return tuple(machine for machine in machines if stations.get(machine, machine) == station)
