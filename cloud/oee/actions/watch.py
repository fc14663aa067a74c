"""Watches whether the running shift misses its targets."""

from typing import NamedTuple

from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.oee.events import TARGET_WATCHED, Said, watched
from cloud.oee.queries.aims import TAKT, Targets, aims
from cloud.oee.queries.figures import reckon
from cloud.oee.queries.takt import LastStations, Takts
from cloud.outbox import announce
from cloud.plant import queries as plant
from models.oee.aim import verdict
from models.oee.policies import ISO22400
from models.oee.score import total
from models.oee.shifts import shift_at
from wire.clock import PlantClock


class Aim(NamedTuple):
    """A figure that a scope has a target of its own for."""

    scope: str
    figure: str


class TargetWatch:
    """Announces once per scope, figure and shift what is said of its target, and again when that changes.

    Each figure that a scope has a target of its own for is watched; machines that fall under the target of
    their line or site raise nothing, or one bad line would ring once for each of its machines.

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
        self._said: dict[Aim, Said] = {}

    def round(self) -> None:
        """Nothing comes back; what changed since the last round is announced."""
        now_ms = self._clock.now_ms()
        with self._db.read() as session:
            if not plant.has_site(session):
                return
            said = _verdicts(session, now_ms)
        # A target that was taken away, or a shift that is over, ends what was said.
        ended = self._said.keys() - said.keys()
        news = {aim: each for aim, each in said.items() if self._is_news(aim, each)}
        news |= dict.fromkeys(ended, Said())
        if not news:
            return
        with self._db.write() as session:
            for aim, each in news.items():
                announce(session, TARGET_WATCHED, watched(aim.scope, aim.figure, now_ms, each))
        for aim in ended:
            del self._said[aim]
        self._said |= {aim: news[aim] for aim in news.keys() - ended}

    def _is_news(self, aim: Aim, said: Said) -> bool:
        """Whether a shift is heard of for the first time, or another thing is said of it."""
        before = self._said.get(aim)
        return before is None or before.shift != said.shift or said.verdict not in {None, before.verdict}


def _verdicts(session: Session, now_ms: int) -> dict[Aim, Said]:
    """What is said of each figure that a scope aims at."""
    set_targets = Targets(session)
    asked_of = {
        Aim(target.scope, figure): aim for target in set_targets.all for figure, aim in aims(target).items()
    }
    shifts = plant.calendar(session)
    shift = shift_at(shifts, now_ms) if asked_of else None
    if shift is None:
        return dict.fromkeys(asked_of, Said())
    machines = {each.id: each for each in plant.machines(session)}
    scopes = {
        scope: [
            each.id
            for each in machines.values()
            if scope in {"site", f"line:{each.line}", f"machine:{each.id}"}
        ]
        for scope in {aim.scope for aim in asked_of}
    }
    wanted = {name for names in scopes.values() for name in names}
    asked = [each for each in machines.values() if each.id in wanted]
    results, _ = reckon(session, asked, shifts, (shift.start_ms, now_ms), now_ms=now_ms)
    tallies = {result.machine: result.tally() for result in results}
    sums = {scope: total(tallies[name] for name in names) for scope, names in scopes.items()}
    scores = {scope: ISO22400.score(whole) for scope, whole in sums.items()}
    takts = Takts(LastStations(session), set_targets)
    found: dict[Aim, Said] = {}
    for aim, target in asked_of.items():
        if aim.figure == TAKT:
            value = takts.adherence(aim.scope, tallies)
        else:
            value = getattr(scores[aim.scope], aim.figure)
        said = verdict(aim.figure, value, target, sums[aim.scope], machines=len(scopes[aim.scope]))
        found[aim] = Said(shift.start_ms, said, value, target)
    return found
