"""Counters of input that was refused or flagged, kept over restarts."""

import threading
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.ingest.tables import BadInputCount

EXAMPLE_LENGTH = 300


@dataclass(slots=True)
class Tally:
    """How often, when last (plant time), and an example."""

    count: int = 0
    last_ms: int | None = None
    example: str | None = None
    written: int = 0


class BadInputLog:
    """Counts by kind from any thread; `flush` writes what changed: a crash loses the last seconds at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[str, Tally] = {}

    def load(self, session: Session) -> None:
        """Take over what was counted before this start."""
        with self._lock:
            for row in session.scalars(select(BadInputCount)):
                self._tallies[row.kind] = Tally(row.count, row.last_ms, row.example, row.count)

    def note(self, kind: str, at_ms: int, example: str, count: int = 1) -> None:
        """Count input of a kind at plant time `at_ms`."""
        with self._lock:
            tally = self._tallies.setdefault(kind, Tally())
            tally.count += count
            tally.last_ms = at_ms
            tally.example = example[:EXAMPLE_LENGTH].replace("\x00", "\\0")

    def snapshot(self) -> dict[str, Tally]:
        """Return a copy of all tallies by kind."""
        with self._lock:
            return {
                kind: Tally(tally.count, tally.last_ms, tally.example, tally.written)
                for kind, tally in sorted(self._tallies.items())
            }

    def is_dirty(self) -> bool:
        """Return whether something was counted since the last flush."""
        with self._lock:
            return any(tally.count != tally.written for tally in self._tallies.values())

    def flush(self, session: Session) -> dict[str, int]:
        """Write what changed; give the answer to `flushed` once the transaction is committed."""
        changed = {kind: tally for kind, tally in self.snapshot().items() if tally.count != tally.written}
        for kind, tally in changed.items():
            row = session.get(BadInputCount, kind)
            if row is None:
                row = BadInputCount(kind=kind, count=0)
                session.add(row)
            row.count, row.last_ms, row.example = tally.count, tally.last_ms, tally.example
        return {kind: tally.count for kind, tally in changed.items()}

    def flushed(self, counts: dict[str, int]) -> None:
        """Remember what a committed flush has written."""
        with self._lock:
            for kind, count in counts.items():
                self._tallies[kind].written = count
