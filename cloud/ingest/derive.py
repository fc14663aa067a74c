"""Signals to facts, in commit order, each exactly once: one relational transaction per page of the log."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
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
from cloud.ingest.rows import COMMAND_ROLE
from cloud.ingest.supersede import Identity, supersede
from cloud.ingest.tables import DeriverCursor, SignalFact
from cloud.ingest.windows import Span, clusters
from cloud.outbox import announce
from cloud.plant.queries import Binding, meaning_at
from cloud.timeseries.store import GOOD, REBOUND, SignalRow, Store, StoreRefused
from wire.coverage import OBSERVED_SINCE

log = structlog.get_logger("cloud.ingest")

# What became of a command: {"node": "group/node", "result": text of a `CommandResult`}.
COMMAND_ANSWERED: Final = "CommandAnswered"
CURSOR: Final = "facts"
GAP_ROLE: Final = "gap"
_ASIDE: Final = frozenset({GAP_ROLE, COMMAND_ROLE})  # signals that no binding explains
# A page is one transaction, and whoever else writes waits for it: well under a second also on busy cores.
PAGE: Final = 5_000
EVENT_OF_KIND: Final = {
    "state": "StateChanged",
    "reason": "StateChanged",
    "job": "JobChanged",
    "good": "PartsCounted",
    "reject": "PartsCounted",
    "rework": "PartsCounted",
    "condition": "ConditionSampled",
    "tag": "TagSeen",
}
FACT_KINDS: Final = frozenset({*EVENT_OF_KIND, "run_s"})
# The signal log keeps so many commits behind the cursor, for a relational store restored from a backup.
KEPT_COMMITS: Final = 20_000
TRIM_EVERY: Final = 2_000
_CODED: Final = frozenset({"state", "reason"})  # numbers that a code map translates
_IDLE_S: Final = 1.0
_RETRY_S: Final = 1.0

Windows = dict[tuple[str, int], dict[str, list[int]]]


class FactMaker:
    """Turns signals into facts, coverage and announcements, whatever log they stand in.

    Parameters
    ----------
    bindings
        Gives the versions of each tag's binding, the newest first.
    bad_input
        Counters of what could not become a fact.
    """

    def __init__(
        self, bindings: Callable[[], Mapping[str, Sequence[Binding]]], bad_input: BadInputLog
    ) -> None:
        self._bindings = bindings
        self._bad_input = bad_input

    def derive(self, session: Session, rows: Iterable[SignalRow]) -> None:
        """Write what the signals say; in the transaction of whoever keeps the place in their log."""
        bindings = self._bindings()
        facts: dict[Identity, dict[str, Any]] = {}
        again: set[Identity] = set()
        watched: list[SignalRow] = []
        for row in rows:
            if row.role in _ASIDE:
                self._aside(session, row, watched)
                continue
            identity = (row.stream, row.position, row.ord)
            if row.role == REBOUND:
                again.add(identity)
                facts.pop(identity, None)  # of the same point the newer copy holds
            binding = meaning_at(bindings.get(row.tag, ()), row.ts_ms)
            if binding is not None and binding.role == OBSERVED_SINCE:
                watched.append(row._replace(role=binding.role, source=binding.source))
            elif binding is not None:
                fact = self._fact(row, binding)
                if fact is not None:
                    facts[identity] = fact
        gone = supersede(session, again, facts) if again else []
        if facts:
            _upsert(session, SignalFact, list(facts.values()), ("kind", "stream", "position", "ord"))
        _announce(session, ((fact["kind"], fact["source"], fact["ts_ms"]) for fact in facts.values()))
        _announce(session, gone, superseded=True)
        sources = {
            (tag.rsplit("/", 2)[0], version.source)
            for tag, versions in bindings.items()
            for version in versions
            if version.role == OBSERVED_SINCE
        }
        grown = derive_coverage(session, watched, sources, self._bad_input)
        _announce_windows(session, {("CoverageGrew", source): spans for source, spans in grown.items()})

    @staticmethod
    def _aside(session: Session, row: SignalRow, watched: list[SignalRow]) -> None:
        if row.role == GAP_ROLE:
            watched.append(row)
        else:
            announce(session, COMMAND_ANSWERED, {"node": row.source, "result": row.text or ""})

    def _fact(self, row: SignalRow, binding: Binding) -> dict[str, Any] | None:
        if row.quality != GOOD or binding.role not in FACT_KINDS:
            return None
        value, text = row.value, row.text
        if text is not None:
            text = text.replace("\x00", "\\0")  # PostgreSQL holds no NUL
        if binding.role == "tag":
            text = text if text is not None else (None if value is None else f"{value:.0f}")
            value = None
        elif value is None and text is not None and text.lstrip("-").isdigit():
            value, text = float(text), None
        if (text if binding.role == "tag" else value) is None:
            self._bad_input.note("signal_without_value", row.ts_ms, f"{row.tag}: {row.text!r}")
            return None
        if binding.role in _CODED and value is not None:
            text = self._translated(row, value, binding)
        return {
            "kind": binding.role,
            "source": binding.source,
            "stream": row.stream,
            "position": row.position,
            "ord": row.ord,
            "ts_ms": row.ts_ms,
            "value": value,
            "text": text,
            "quality": row.quality,
        }

    def _translated(self, row: SignalRow, value: float, binding: Binding) -> str:
        code = f"{value:.0f}" if value.is_integer() else str(value)
        name = (binding.code_map or {}).get(code)
        if name is None:
            self._bad_input.note(f"unknown_{binding.role}_code", row.ts_ms, f"{row.tag} = {code}")
            return f"unknown:{code}"
        return name


class Deriver:
    """One thread that turns the signal log into facts, coverage and announcements.

    Parameters
    ----------
    db, store
        Where facts go and where signals come from.
    bindings
        Gives the versions of each tag's binding, the newest first.
    bad_input
        Counters of what could not become a fact.
    cursor
        Name of the place in the log of this store; each store has its own.
    """

    def __init__(
        self,
        db: Database,
        store: Store,
        bindings: Callable[[], Mapping[str, Sequence[Binding]]],
        bad_input: BadInputLog,
        *,
        cursor: str = CURSOR,
    ) -> None:
        self._name = cursor
        self._db = db
        self._store = store
        self._facts = FactMaker(bindings, bad_input)
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
            self._cursor = _cursor_of(session, self._name)
        page = self._store.signal_log(self._cursor, PAGE)
        if not page.rows:
            return 0
        with self._db.write() as session:
            if _cursor_of(session, self._name) != self._cursor:  # another process derived this page
                return 0
            self._facts.derive(session, page.rows)
            _upsert(session, DeriverCursor, [{"name": self._name, "commit_no": page.through}], ("name",))
        self._cursor = page.through
        self._trim()
        return len(page.rows)

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


def _announce(
    session: Session, readings: Iterable[tuple[str, str, int]], *, superseded: bool = False
) -> None:
    """Nothing comes back; the windows of readings (kind, source, plant ms) are announced.

    `superseded` tells that readings went or say something else now, so that nothing may be kept of before.
    """
    times: dict[tuple[str, str], list[int]] = {}
    for kind, source, ts_ms in readings:
        if kind in EVENT_OF_KIND:
            times.setdefault((EVENT_OF_KIND[kind], source), []).append(ts_ms)
    spans = {key: clusters(seen) for key, seen in times.items()}
    _announce_windows(session, spans, superseded=superseded)


def _announce_windows(
    session: Session, spans: Mapping[tuple[str, str], Sequence[Span]], *, superseded: bool = False
) -> None:
    """Nothing comes back; an event holds one window of each source, so one with two makes two events."""
    windows: Windows = {}
    for (event, source), found in spans.items():
        for rank, (since, until) in enumerate(found):
            windows.setdefault((event, rank), {})[source] = [since, until]
    for (event, _), of_source in windows.items():
        payload: dict[str, Any] = {"windows": of_source}
        announce(session, event, payload | {"superseded": True} if superseded else payload)


def _cursor_of(session: Session, name: str) -> int:
    return session.scalar(select(DeriverCursor.commit_no).where(DeriverCursor.name == name)) or 0


def _upsert(session: Session, table: Any, rows: list[dict[str, Any]], key: tuple[str, ...]) -> None:
    """Insert rows, or overwrite the rows with the same key."""
    dialect = session.get_bind().dialect.name
    statement: Any = (insert_postgresql if dialect == "postgresql" else insert_sqlite)(table.__table__)
    overwritten = {name: statement.excluded[name] for name in rows[0] if name not in key}
    session.execute(statement.on_conflict_do_update(index_elements=key, set_=overwritten), rows)
