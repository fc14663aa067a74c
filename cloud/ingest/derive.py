"""Signals to facts, in commit order, each exactly once: one relational transaction per page of the log."""

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.coverage import derive_coverage
from cloud.ingest.tables import DeriverCursor, SignalFact
from cloud.outbox import announce
from cloud.plant.queries import Binding
from cloud.timeseries.store import GOOD, SignalRow, Store, StoreRefused
from wire.coverage import OBSERVED_SINCE

log = structlog.get_logger("cloud.ingest")

CURSOR: Final = "facts"
GAP_ROLE: Final = "gap"
PAGE: Final = 20_000
EVENT_OF_KIND: Final = {
    "state": "StateChanged",
    "job": "JobChanged",
    "good": "PartsCounted",
    "reject": "PartsCounted",
    "condition": "ConditionSampled",
    "tag": "TagSeen",
}
FACT_KINDS: Final = frozenset({*EVENT_OF_KIND, "run_s"})
# Readings further apart than this are announced as windows of their own: a late reading beside a live one
# must not make its listeners recompute everything between them.
APART_MS: Final = 300_000
# The signal log keeps so many commits behind the cursor, for a relational store restored from a backup.
KEPT_COMMITS: Final = 20_000
TRIM_EVERY: Final = 2_000
_IDLE_S: Final = 1.0
_RETRY_S: Final = 1.0

Windows = dict[str, dict[str, list[int]]]


class Deriver:
    """One thread that turns the signal log into facts, coverage and announcements.

    Parameters
    ----------
    db, store
        Where facts go and where signals come from.
    bindings
        Gives the present bindings by tag, for the code maps of states.
    bad_input
        Counters of what could not become a fact.
    """

    def __init__(
        self,
        db: Database,
        store: Store,
        bindings: Callable[[], Mapping[str, Binding]],
        bad_input: BadInputLog,
    ) -> None:
        self._db = db
        self._store = store
        self._bindings = bindings
        self._bad_input = bad_input
        self._wake = threading.Event()
        self._stopping = False
        self._trimmed = 0
        self._cursor = 0
        self._thread = threading.Thread(target=self._run, name="deriver", daemon=True)

    def start(self) -> None:
        """Begin to derive."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the page in work."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Tell the deriver that a commit carried signals; from any thread."""
        self._wake.set()

    @property
    def cursor(self) -> int:
        """Return the last commit whose facts are committed."""
        return self._cursor

    def step(self) -> int:
        """Return how many signals of the next page were derived, 0 when there are none.

        Raises
        ------
        StoreRefused, SQLAlchemyError
            When a store is away; the page stays and comes again.
        """
        with self._db.read() as session:
            self._cursor = _cursor_of(session)
        page = self._store.signal_log(self._cursor, PAGE)
        if not page.rows:
            return 0
        with self._db.write() as session:
            if _cursor_of(session) != self._cursor:  # another process derived this page
                return 0
            self._derive(session, page.rows)
            _upsert(session, DeriverCursor, [{"name": CURSOR, "commit_no": page.through}], ("name",))
        self._cursor = page.through
        self._trim()
        return len(page.rows)

    def _derive(self, session: Session, rows: Iterable[SignalRow]) -> None:
        bindings = self._bindings()
        windows: Windows = {}
        times: dict[tuple[str, str], list[int]] = {}
        facts: dict[tuple[str, str, int, int], dict[str, Any]] = {}
        watched = []
        for row in rows:
            if row.role in {OBSERVED_SINCE, GAP_ROLE}:
                watched.append(row)
                continue
            fact = self._fact(row, bindings)
            if fact is None:
                continue
            # Of the same point copied twice (a binding that changed) the newer copy holds.
            facts[row.role, row.stream, row.position, row.ord] = fact
            if row.role in EVENT_OF_KIND:
                times.setdefault((EVENT_OF_KIND[row.role], row.source), []).append(row.ts_ms)
        if facts:
            _upsert(session, SignalFact, list(facts.values()), ("kind", "stream", "position", "ord"))
        for (event, source), seen in times.items():
            for rank, (since, until) in enumerate(clusters(seen)):
                windows.setdefault(f"{event} {rank}", {})[source] = [since, until]
        sources = {
            (tag.rsplit("/", 2)[0], b.source) for tag, b in bindings.items() if b.role == OBSERVED_SINCE
        }
        grown = derive_coverage(session, watched, sources, self._bad_input)
        if grown:
            windows["CoverageGrew 0"] = grown
        for event_and_rank, of_source in windows.items():
            announce(session, event_and_rank.split()[0], {"windows": of_source})

    def _fact(self, row: SignalRow, bindings: Mapping[str, Binding]) -> dict[str, Any] | None:
        if row.quality != GOOD or row.role not in FACT_KINDS:
            return None
        value, text = row.value, row.text
        if text is not None:
            text = text.replace("\x00", "\\0")  # PostgreSQL holds no NUL
        if row.role == "tag":
            text = text if text is not None else (None if value is None else f"{value:.0f}")
            value = None
        elif value is None and text is not None and text.lstrip("-").isdigit():
            value, text = float(text), None
        if (text if row.role == "tag" else value) is None:
            self._bad_input.note("signal_without_value", row.ts_ms, f"{row.tag}: {row.text!r}")
            return None
        if row.role == "state" and value is not None:
            text = self._state(row, value, bindings)
        return {
            "kind": row.role,
            "source": row.source,
            "stream": row.stream,
            "position": row.position,
            "ord": row.ord,
            "ts_ms": row.ts_ms,
            "value": value,
            "text": text,
            "quality": row.quality,
        }

    def _state(self, row: SignalRow, value: float, bindings: Mapping[str, Binding]) -> str:
        code = f"{value:.0f}" if value.is_integer() else str(value)
        binding = bindings.get(row.tag)
        name = (binding.code_map or {}).get(code) if binding is not None else None
        if name is None:
            self._bad_input.note("unknown_state_code", row.ts_ms, f"{row.tag} = {code}")
            return f"unknown:{code}"
        return name

    def _trim(self) -> None:
        through = self._cursor - KEPT_COMMITS
        if through > 0 and through - self._trimmed >= TRIM_EVERY:
            self._store.trim_signal_log(through)
            self._trimmed = through

    def flush_counts(self) -> None:
        """Write the counters of bad input that changed."""
        if self._bad_input.is_dirty():
            with self._db.write() as session:
                counts = self._bad_input.flush(session)
            self._bad_input.flushed(counts)

    def _run(self) -> None:
        failing = is_last = False
        while not is_last:
            is_last = self._stopping  # read before the step: what was committed before the stop is derived
            self._wake.clear()
            try:
                busy = self.step() > 0
                if not busy:
                    self.flush_counts()
                failing = False
                is_last = is_last and not busy
            except (StoreRefused, SQLAlchemyError) as error:
                if not failing:
                    log.warning("deriver_stalled", reason=str(error))
                failing, busy = True, False
            except Exception:  # task boundary: facts must not stop for ever on one surprise
                if not failing:
                    log.exception("deriver_failed")
                failing, busy = True, False
            if not busy and not self._stopping:
                self._wake.wait(_RETRY_S if failing else _IDLE_S)


def clusters(times: Iterable[int]) -> list[tuple[int, int]]:
    """Return half-open windows around times; neighbours within APART_MS share one."""
    found: list[tuple[int, int]] = []
    for at in sorted(times):
        if found and at - found[-1][1] < APART_MS:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return found


def _cursor_of(session: Session) -> int:
    return session.scalar(select(DeriverCursor.commit_no).where(DeriverCursor.name == CURSOR)) or 0


def _upsert(session: Session, table: Any, rows: list[dict[str, Any]], key: tuple[str, ...]) -> None:
    """Insert rows, or overwrite the rows with the same key."""
    dialect = session.get_bind().dialect.name
    statement: Any = (insert_postgresql if dialect == "postgresql" else insert_sqlite)(table.__table__)
    overwritten = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=overwritten), rows)
