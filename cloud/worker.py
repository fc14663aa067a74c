"""A worker: takes in the Sparkplug groups that it can claim, so that several share the plants of a company.

Each group is a host of its own at the broker, `<host id>-<group>`, with its STATE on its own connection. With
DuckDB each group has a file of its own on a disk that all workers reach, opened by the worker that holds the
claim. A store on a server is shared; its ledger checks the fencing number in the transaction that moves
the watermarks.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb
import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from cloud.db import Database, check_schema
from cloud.ingest.claims import Claim, claim
from cloud.ingest.derive import CURSOR
from cloud.ingest.ingest_state import IngestState
from cloud.ingest.runtime import IngestRuntime
from cloud.ingest.worker_metrics import MetricsServer, WorkerState
from cloud.settings import Settings, SettingsWrong
from cloud.timeseries.choice import LATE_EVERY_S, open_store
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.holdings import Compacted
from cloud.timeseries.store import Commit, Committed, Store, StoreRefused
from cloud.timeseries.upkeep import Upkeep, upkeep_of
from wire.clock import PlantClock
from wire.topics import TopicWrong, checked_id

log = structlog.get_logger("cloud.worker")

CLAIM_S: Final = 1.0  # one group each time, so that workers started together share them
AGAIN_S: Final = 5.0  # after a group could not be taken in


class _FencedFile(DuckDBStore):
    """A file of one group: not every network disk keeps DuckDB's lock, so the claim is checked, too."""

    def __init__(self, path: Path, check: Callable[[], None]) -> None:
        self._check_claim = check
        super().__init__(path, late_every_s=LATE_EVERY_S)

    def append(self, commit: Commit) -> Committed:
        self._check()
        return super().append(commit)

    def compact(self, until_ms: int) -> Compacted:
        self._check()
        return super().compact(until_ms)

    def drop_before(self, until_ms: int, sums_until_ms: int | None = None) -> int:
        self._check()
        return super().drop_before(until_ms, sums_until_ms)

    def _check(self) -> None:
        try:
            self._check_claim()
        except SQLAlchemyError as error:
            raise StoreRefused(f"the claim cannot be checked: {str(error).splitlines()[0]}") from error


@dataclass(frozen=True, slots=True)
class _Held:
    claim: Claim
    store: Store
    ingest: IngestRuntime
    upkeep: Upkeep | None


class Worker:
    """Claims groups and takes them in until it is told to stop.

    Parameters
    ----------
    settings
        With `worker_groups`, and PostgreSQL as the database.
    db
        The migrated database.

    Raises
    ------
    SettingsWrong
        When no group is named, a name is none, or the database knows no advisory locks.
    """

    def __init__(self, settings: Settings, db: Database) -> None:
        if db.dialect != "postgresql":
            raise SettingsWrong(
                ["TAKTLINE_DATABASE_URL: workers need PostgreSQL. Accepted: postgresql+psycopg://…"]
            )
        self._settings = settings
        self._db = db
        self._groups = groups_of(settings)
        self._held: dict[str, _Held] = {}
        self._not_before_s: dict[str, float] = {}

    def run(self, stopping: threading.Event) -> None:
        """Nothing comes back; work until `stopping` is set, then hand everything over."""
        try:
            while not stopping.is_set():
                self.step()
                stopping.wait(CLAIM_S)
        finally:
            for group in list(self._held):
                self._let_go(group, "stopped")

    def step(self) -> None:
        """Nothing comes back; lost groups are let go, one free group is claimed."""
        for group, held in list(self._held.items()):
            if not held.claim.is_held():
                self._let_go(group, "claim_lost")
        for group in self._groups:
            if group in self._held or self._not_before_s.get(group, 0.0) > time.monotonic():
                continue
            try:
                if self._take(group):
                    return
            except (SQLAlchemyError, psycopg.Error, duckdb.Error, StoreRefused) as error:
                log.warning("group_not_taken", group=group, reason=str(error).splitlines()[0])
                self._not_before_s[group] = time.monotonic() + AGAIN_S

    def state(self) -> WorkerState:
        """Return what it holds and how that goes; from any thread."""
        held = dict(self._held)
        states: dict[str, IngestState] = {}
        for group, taken in held.items():
            try:
                found = taken.ingest.snapshot()
            except (SQLAlchemyError, duckdb.Error, StoreRefused) as error:  # away, or let go meanwhile
                log.warning("group_state_unknown", group=group, reason=str(error).splitlines()[0])
                continue
            # A shared store knows the nodes of all groups; whether others are online is not known here.
            states[group] = replace(found, nodes=[node for node in found.nodes if node.group == group])
        return WorkerState({group: group in held for group in self._groups}, states)

    def _take(self, group: str) -> bool:
        claimed = claim(self._db, group)
        if claimed is None:
            return False
        settings = self._settings.model_copy(update={"host_id": f"{self._settings.host_id}-{group}"})
        store: Store | None = None
        try:
            store, cursor = self._store(claimed)
            upkeep = self._upkeep(group, store, settings.plant_clock())
            ingest = IngestRuntime(
                settings, self._db, settings.plant_clock(), store, group=group, cursor=cursor
            )
            ingest.start()
            if upkeep is not None:
                upkeep.start()
        except BaseException:
            if store is not None:
                store.close()
            claimed.release()
            raise
        self._held[group] = _Held(claimed, store, ingest, upkeep)
        log.info("group_claimed", group=group, fence=claimed.fence)
        return True

    def _store(self, claimed: Claim) -> tuple[Store, str]:
        """Return the store for a group with the name of the derivation's place in its log."""
        if self._settings.store == "duckdb":
            file = points_file(self._settings.data, claimed.group)
            return _FencedFile(file, claimed.check), f"{CURSOR}:{claimed.group}"
        return open_store(self._settings, self._db, claimed.check_in), CURSOR

    def _upkeep(self, group: str, store: Store, clock: PlantClock) -> Upkeep | None:
        """Return who closes hours and drops old points: of a shared store the holder of the first group."""
        if self._settings.store != "duckdb" and group != self._groups[0]:
            return None
        return upkeep_of(self._settings, store, clock)

    def _let_go(self, group: str, why: str) -> None:
        held = self._held.pop(group)
        held.ingest.stop()
        if held.upkeep is not None:
            held.upkeep.stop()
        held.store.close()
        held.claim.release()  # last: whoever claims it next finds the store closed
        log.info("group_released", group=group, why=why)


def points_file(data: Path, group: str) -> Path:
    """Return the file in which the points of a group stand when DuckDB keeps them."""
    return data / "groups" / group / "points.duckdb"


def groups_of(settings: Settings) -> tuple[str, ...]:
    """Return the groups that the settings name.

    Raises
    ------
    SettingsWrong
        When there is none, or a name cannot be a Sparkplug group.
    """
    groups = tuple(name.strip() for name in (settings.worker_groups or "").split(",") if name.strip())
    try:
        for group in groups:
            checked_id(group)
    except TopicWrong as wrong:
        raise SettingsWrong([f"TAKTLINE_WORKER_GROUPS: {wrong}"]) from None
    if not groups:
        raise SettingsWrong(
            ["TAKTLINE_WORKER_GROUPS is not set. Accepted: Sparkplug groups with commas between."]
        )
    return groups


def work(settings: Settings, stopping: threading.Event) -> None:
    """Nothing comes back; a worker has run until `stopping` was set.

    Raises
    ------
    SettingsWrong, SchemaStale
        When it cannot begin.
    """
    groups_of(settings)
    db = Database(settings.url)
    try:
        check_schema(db)
        worker = Worker(settings, db)
        metrics = MetricsServer(settings, db, worker.state)
        metrics.start()
        try:
            worker.run(stopping)
        finally:
            metrics.stop()
    finally:
        db.dispose()
