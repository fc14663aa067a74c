"""Watches whether the running shift misses its OEE targets."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.oee.events import OEE_WATCHED
from cloud.oee.queries.aims import Targets
from cloud.oee.queries.figures import reckon
from cloud.outbox import announce
from cloud.plant import queries as plant
from models.oee.aim import Verdict, verdict
from models.oee.policies import ISO22400
from models.oee.score import Tally, total
from models.oee.shifts import shift_at
from wire.clock import PlantClock

NO_SHIFT = 0


class Said(NamedTuple):
    """What is said of a scope's target in a shift (its start in plant ms); see `OEE_WATCHED`."""

    shift: int = NO_SHIFT
    verdict: Verdict | None = None
    oee: float | None = None
    target: float | None = None


class TargetWatch:
    """Announces once per scope and shift what is said of its OEE target, and again when that changes.

    Each scope with an OEE target of its own is watched; machines that fall under the target of their line
    or site raise nothing, or one bad line would ring once for each of its machines.

    Parameters
    ----------
    db
        Where everything stands.
    clock
        The plant clock.
    """

    def __init__(self, db: Database, clock: PlantClock) -> None:
        self._db = db
        self._clock = clock
        self._said: dict[str, Said] = {}

    def round(self) -> None:
        """Nothing comes back; what changed since the last round is announced."""
        now_ms = self._clock.now_ms()
        with self._db.read() as session:
            if not plant.has_site(session):
                return
            said = _verdicts(session, now_ms)
        # A target that was taken away, or a shift that is over, ends what was said.
        ended = self._said.keys() - said.keys()
        news = {scope: each for scope, each in said.items() if self._is_news(scope, each)}
        news |= dict.fromkeys(ended, Said())
        if not news:
            return
        with self._db.write() as session:
            for scope, each in news.items():
                announce(session, OEE_WATCHED, {**each._asdict(), "scope": scope, "at": now_ms})
        for scope in ended:
            del self._said[scope]
        self._said |= {scope: news[scope] for scope in news.keys() - ended}

    def _is_news(self, scope: str, said: Said) -> bool:
        """Whether a shift is heard of for the first time, or another thing is said of it."""
        before = self._said.get(scope)
        return before is None or before.shift != said.shift or said.verdict not in {None, before.verdict}


def _verdicts(session: Session, now_ms: int) -> dict[str, Said]:
    """What is said of each scope with a target."""
    targets = {target.scope: target.oee for target in Targets(session).all if target.oee is not None}
    shifts = plant.calendar(session)
    shift = shift_at(shifts, now_ms) if targets else None
    if shift is None:
        return dict.fromkeys(targets, Said())
    machines = {each.id: each for each in plant.machines(session)}
    scopes = {
        scope: [
            each.id
            for each in machines.values()
            if scope in {"site", f"line:{each.line}", f"machine:{each.id}"}
        ]
        for scope in targets
    }
    wanted = {name for names in scopes.values() for name in names}
    asked = [each for each in machines.values() if each.id in wanted]
    results, _ = reckon(session, asked, shifts, (shift.start_ms, now_ms), now_ms=now_ms)
    tallies: dict[str, Tally] = {result.machine: result.tally() for result in results}
    found: dict[str, Said] = {}
    for scope, target in targets.items():
        names = scopes[scope]
        whole = total(tallies[name] for name in names)
        said = verdict(whole, target, machines=len(names))
        found[scope] = Said(shift.start_ms, said, ISO22400.score(whole).oee, target)
    return found
