"""Who dies when in a run: gateways and broker on a schedule, the cloud whenever it has got to work."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from cloud.app import prepare
from cloud.db import Database
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.derive import Deriver
from cloud.ingest.tables import Coverage, SignalFact
from cloud.plant.queries import binding_versions
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from edge.spool_reader import SpoolReader
from taktline.people import People
from taktline.stack import Stack
from wire.clock import real_ms

FACT = (
    *(SignalFact.kind, SignalFact.source, SignalFact.stream, SignalFact.position, SignalFact.ord),
    *(SignalFact.ts_ms, SignalFact.value, SignalFact.text, SignalFact.quality),
)
COVERAGE = (Coverage.source, Coverage.since_ms, Coverage.through_ms)
# Of the cloud's deaths so many come at any moment after its start, also before it has opened its stores.
UNREADY = 0.3
READY_AGAIN_S = 60.0


@dataclass(slots=True)
class Kill:
    """One death: real seconds after the clock's anchor, who, for how long."""

    at_s: float
    victim: str
    down_s: float
    killed_ms: int = 0
    back_ms: int = 0


@dataclass(slots=True)
class Killer:
    """Kills and restarts on schedule; looked in on a few times a second."""

    stack: Stack
    schedule: list[Kill]

    def look(self) -> None:
        """Do what is due by now."""
        clock = self.stack.plan.clock
        now_s = real_ms() / 1000 - clock.anchor.timestamp()
        for kill in self.schedule:
            program = self.stack.programs[kill.victim]
            if not kill.killed_ms and now_s >= kill.at_s:
                program.kill()
                kill.killed_ms = clock.now_ms()
            elif kill.killed_ms and not kill.back_ms and now_s >= kill.at_s + kill.down_s:
                program.start()
                kill.back_ms = clock.now_ms()


def schedule(dice: Random, victims: tuple[str, ...], first_s: float, last_s: float) -> list[Kill]:
    """Return deaths at random times; one victim is back before the next dies, its work not all done."""
    times = sorted(dice.uniform(first_s, last_s) for _ in victims)
    order = dice.sample(victims, len(victims))
    kills = [Kill(at, victim, dice.uniform(1.0, 4.0)) for at, victim in zip(times, order, strict=True)]
    for before, after in pairwise(kills):
        after.at_s = max(after.at_s, before.at_s + before.down_s + 0.5)
    return kills


@dataclass(slots=True)
class CloudKiller:
    """Kills the cloud again and again at random instants, each time while gateways send; looked in on often.

    Parameters
    ----------
    stack
        Whose cloud dies.
    dice
        Chooses the instants.
    times
        How often.
    """

    stack: Stack
    dice: Random
    times: int
    done: int = 0
    unready: int = 0
    _until_s: float = 0.0
    _from: int | None = None
    _awaited: int = 0
    _started_s: float = 0.0

    @property
    def is_done(self) -> bool:
        """Whether it has died often enough."""
        return self.done >= self.times

    def look(self) -> None:
        """Kill the cloud when its time has come, and start it again at once."""
        if self.is_done:
            return
        if self._from is None:
            self._plan()
            return
        now_s = time.monotonic()
        if not self.stack.plan.clock.pace():
            self._started_s = now_s  # a plant that does not run yet sends no more than its backlog
        is_ready = receipted(self.stack) >= self._from + self._awaited
        if not is_ready and now_s - self._started_s > READY_AGAIN_S:
            raise AssertionError(f"after {self.done} deaths nothing is stored:\n{self.stack.cloud.tail()}")
        if is_ready and now_s >= self._until_s:
            self.stack.cloud.kill()
            self.done += 1
            self.unready += self._awaited == 0
            self.stack.cloud.start()
            self._plan()

    def _plan(self) -> None:
        self._from = receipted(self.stack)
        self._started_s = time.monotonic()
        if self.dice.random() < UNREADY:
            self._awaited, self._until_s = 0, self._started_s + self.dice.uniform(0.0, 3.0)
        else:
            self._awaited = self.dice.choice((1, 2, 5, 20, 50))
            self._until_s = self._started_s + self.dice.uniform(0.0, 4.0)


@dataclass(slots=True)
class Restorer:
    """Takes a backup after some deaths of the cloud, and after some more puts it in the place of its stores.

    Parameters
    ----------
    stack
        Whose stores.
    after
        How many deaths before the backup, and before the restore.
    """

    stack: Stack
    after: tuple[int, int]
    told: list[str] = field(default_factory=list)
    people: People | None = None

    @property
    def folder(self) -> Path:
        """Where the backup stands."""
        return self.stack.plan.folder / "backup"

    def look(self, deaths: int) -> None:
        """Do what is due after so many deaths."""
        if deaths >= self.after[0] and not self.told:
            self.stack.start_cloud()  # returns when it answers
            self.told.append(self._cloud("backup", str(self.folder)))
        elif deaths >= self.after[1] and self.people is None:
            self.stack.cloud.kill()
            self.told.append(self._cloud("restore", str(self.folder), "--replace"))
            self.stack.cloud.start()
            # What people entered since the backup is gone; the system that orders come from sends it again.
            # So do the people at the bench.
            self.people = People(self.stack.plan, self.stack.api)
            self.people.start()

    def _cloud(self, *command: str) -> str:
        done = subprocess.run(
            [*self.stack.cloud.argv[:3], "cloud", *command],
            env={**os.environ, **self.stack.cloud.env},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr.splitlines()[-1]


def receipted(stack: Stack) -> int:
    """Return how many batches of all gateways the cloud has receipted."""
    total = 0
    for path in stack.spools.values():
        reader = SpoolReader(path)
        total += sum(stream.receipted for stream in reader.streams())
        reader.close()
    return total


@contextmanager
def stored_by(stack: Stack) -> Iterator[tuple[Database, DuckDBStore]]:
    """Yield both stores of a cloud that has ended."""
    db, store = Database(stack.plan.database_url), DuckDBStore(stack.plan.points_file)
    try:
        yield db, store
    finally:
        store.close()
        db.dispose()


def derived_anew(store: DuckDBStore, stack: Stack, folder: Path) -> tuple[list[Any], list[Any]]:
    """Return the facts and the coverage that one undisturbed derivation of the store's log concludes."""
    settings = Settings(data=folder, plant_file=stack.plan.plant_file)
    db = Database(settings.url)
    try:
        prepare(db, settings)
        with db.read() as session:
            bindings = binding_versions(session)
        deriver = Deriver(db, store, lambda: bindings, BadInputLog())
        while deriver.step():
            pass
        return concluded(db)
    finally:
        db.dispose()


def concluded(db: Database) -> tuple[list[Any], list[Any]]:
    """Return all facts and all coverage of signals, sorted, each as often as it stands there.

    What people entered for machines without a PLC stands in no log of signals.
    """
    with db.read() as session:
        told = {row.source for versions in binding_versions(session).values() for row in versions}
        facts = [tuple(row) for row in session.execute(select(*FACT).where(SignalFact.source.in_(told)))]
        coverage = [tuple(row) for row in session.execute(select(*COVERAGE).where(Coverage.source.in_(told)))]
    return sorted(facts, key=repr), sorted(coverage)
