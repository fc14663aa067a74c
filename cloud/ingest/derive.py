"""Signals to facts, in commit order, each exactly once: one relational transaction per page of the log."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cloud import outbox
from cloud.db import Database
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.coverage import derive_coverage
from cloud.ingest.log_place import LogPlace, move_ahead, move_cursor, place_of, upsert
from cloud.ingest.rows import COMMAND_ROLE
from cloud.ingest.supersede import Identity, supersede
from cloud.ingest.tables import SignalFact
from cloud.ingest.windows import APART_MS, Span, clusters
from cloud.outbox import announce
from cloud.plant.queries import EVER_MS, Binding, meaning_at
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
# While more waits than a page holds, streams that told of the last so many plant minutes are derived first,
# and the rest in longer pages, each when the conclusions from the one before have been drawn: what is of now
# is never behind more than one of them. Longer pages make fewer windows, so they cost half as much.
OF_NOW_MS: Final = 10 * 60_000
AHEAD_PAGE: Final = 2_000
BACKLOG_PAGE: Final = 16_000
LEAST_PAGE: Final = 1_000
# A page is half as long after one that took longer: on a machine under heavy load 16,000 signals took 84 s.
LONG_S: Final = 4.0
REACTIONS_WAITING: Final = 40
_LONGEST_HOLD_S: Final = 5.0  # whoever should react may be away
_HOLD_S: Final = 0.2
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
_LOOK_S: Final = 10.0  # real seconds between two looks at the log that nobody asked for
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

    def derive(self, session: Session, rows: Iterable[SignalRow], apart_ms: int = APART_MS) -> None:
        """Write what the signals say; in the transaction of whoever keeps the place in their log.

        Changes less than `apart_ms` apart are announced as one window.
        """
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
            upsert(session, SignalFact, list(facts.values()), ("kind", "stream", "position", "ord"))
        come = ((fact["kind"], fact["source"], fact["ts_ms"]) for fact in facts.values())
        _announce(session, come, apart_ms)
        _announce(session, gone, apart_ms, superseded=True)
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


def next_page(page: int, took_s: float) -> int:
    """Return how many signals the next page of a backlog may hold, after one that kept others from writing.

    Parameters
    ----------
    page
        Signals that the last one might hold.
    took_s
        Real seconds that its transaction took.
    """
    if took_s > LONG_S:
        return min(page, max(LEAST_PAGE, page // 2))
    return min(BACKLOG_PAGE, page * 2) if took_s < LONG_S / 2 else page


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
    now_ms
        Gives plant time: later readings do not make a stream one of now.
    """

    def __init__(
        self,
        db: Database,
        store: Store,
        bindings: Callable[[], Mapping[str, Sequence[Binding]]],
        bad_input: BadInputLog,
        *,
        cursor: str = CURSOR,
        now_ms: Callable[[], int] = lambda: EVER_MS,
    ) -> None:
        self._name = cursor
        self._now_ms = now_ms
        self._is_behind = False
        self._page, self._took_s = PAGE, 0.0
        self._held_since_s = time.monotonic()
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

    def step(self, *, may_hold: bool = False) -> int:
        """Return how many signals were derived: of now while more waits than a page, then of the next page.

        0 when there are none, or with `may_hold` while reactions are behind. A stream's signals are derived
        in their order, each once, whichever goes first: the place stands in the transaction of the facts.

        Raises
        ------
        StoreRefused, SQLAlchemyError
            When a store is away; the page stays and comes again.
        """
        first = self._step_ahead() if self._is_behind else 0
        if self._is_behind and may_hold and self._holds(time.monotonic()):
            return first
        place = self._place()
        self._cursor = place.cursor
        limit = self._page if self._is_behind else min(self._page, PAGE)
        page = self._store.signal_log(place.cursor, limit, place.ahead)
        self._is_behind = page.more
        if page.through == place.cursor:
            return first
        if not self._keep(place, page.rows, lambda session: move_cursor(session, self._name, page.through)):
            return first
        if page.more:
            self._page = next_page(self._page, self._took_s)
        self._cursor = page.through
        self._trim()
        return first + max(1, len(page.rows))

    def _step_ahead(self) -> int:
        place = self._place()
        newest = self._store.newest_signals(place.cursor, self._now_ms(), place.ahead)
        since_ms = max(newest.values(), default=0) - OF_NOW_MS
        streams = {stream for stream, at_ms in newest.items() if at_ms >= since_ms}
        if not streams:
            return 0
        page = self._store.signal_log(place.cursor, AHEAD_PAGE, place.ahead, streams)
        if not page.rows:
            return 0
        moved = {*streams} - {stream for stream in streams if place.ahead.get(stream, 0) > page.through}
        done = self._keep(
            place, page.rows, lambda session: move_ahead(session, self._name, moved, page.through)
        )
        return len(page.rows) if done else 0

    def _holds(self, now_s: float) -> bool:
        """Return whether the rest has to wait for reactions."""
        with self._db.read() as session:
            is_busy = outbox.is_busy(session, REACTIONS_WAITING)
        if not is_busy or now_s - self._held_since_s > _LONGEST_HOLD_S:
            self._held_since_s = now_s
            return False
        return True

    def _place(self) -> LogPlace:
        with self._db.read() as session:
            return place_of(session, self._name)

    def _keep(self, place: LogPlace, rows: Sequence[SignalRow], move: Callable[[Session], None]) -> bool:
        """Return whether signals were derived; not when another process derived them meanwhile."""
        with self._db.write() as session:
            begun_s = time.monotonic()
            if place_of(session, self._name) != place:
                self._wake.set()  # who was faster may have left something
                return False
            self._facts.derive(session, rows)
            move(session)
        self._took_s = time.monotonic() - begun_s
        return True

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
        failing = is_last = busy = False
        looked_s = -_LOOK_S
        while not is_last:
            is_last = self._stopping  # read before the step: what was committed before the stop is derived
            is_asked = self._wake.is_set() or is_last or busy or failing or self._is_behind
            self._wake.clear()
            try:
                busy = False
                if is_asked or time.monotonic() - looked_s >= _LOOK_S:
                    looked_s = time.monotonic()
                    busy = self.step(may_hold=not self._stopping) > 0
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
                self._wake.wait(_RETRY_S if failing else _HOLD_S if self._is_behind else _IDLE_S)


def _announce(
    session: Session, readings: Iterable[tuple[str, str, int]], apart_ms: int, *, superseded: bool = False
) -> None:
    """Nothing comes back; the windows of readings (kind, source, plant ms) are announced.

    `superseded` tells that readings went or say something else now, so that nothing may be kept of before.
    """
    times: dict[tuple[str, str], list[int]] = {}
    for kind, source, ts_ms in readings:
        if kind in EVENT_OF_KIND:
            times.setdefault((EVENT_OF_KIND[kind], source), []).append(ts_ms)
    spans = {key: clusters(seen, apart_ms) for key, seen in times.items()}
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
