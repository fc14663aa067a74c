"""What the hot file of a DuckDB store tells beside points: signals, gaps, quarantine, telemetry marks."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping

import duckdb

from cloud.timeseries.duckdb_signals import Waiting, newest_signals, signals
from cloud.timeseries.store import NOTHING_TAKEN, GapRow, Quarantined, SignalPage

HEAD_BYTES = 256


class HotPages(ABC):
    """Answers from the hot file alone; a store adds the cursor."""

    @abstractmethod
    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor on the hot file; raises StoreRefused when the store is closed."""

    def gaps(self) -> list[GapRow]:
        """Return every recorded gap."""
        with self._cursor() as cursor:
            return _gaps(cursor)

    def signal_log(
        self,
        after: int,
        limit: int,
        taken: Mapping[str, int] = NOTHING_TAKEN,
        only: Collection[str] | None = None,
    ) -> SignalPage:
        """Return signals of the commits after number `after`, whole commits, at least one if any."""
        with self._cursor() as cursor:
            return signals(cursor, Waiting(after, taken, only), limit)

    def newest_signals(self, after: int, until_ms: int, taken: Mapping[str, int]) -> Mapping[str, int]:
        """Return for each stream with such signals in the log the newest good time up to `until_ms`."""
        with self._cursor() as cursor:
            return newest_signals(cursor, Waiting(after, taken, None), until_ms)

    def quarantined(self, limit: int) -> list[Quarantined]:
        """Return the newest quarantined payloads first; the newest thousand are kept."""
        with self._cursor() as cursor:
            return _quarantined(cursor, limit)

    def quarantined_whole(self, number: int) -> Quarantined | None:
        """Return one quarantined payload with all of it that was kept, None when it is gone."""
        with self._cursor() as cursor:
            return _quarantined_whole(cursor, number)

    def telemetry_marks(self) -> list[tuple[str, str]]:
        """Return the marks of the newest telemetry messages, oldest first; 100,000 at least are kept."""
        with self._cursor() as cursor:
            return _telemetry_marks(cursor)


def _gaps(cursor: duckdb.DuckDBPyConnection) -> list[GapRow]:
    """Return every recorded gap in the order of recording."""
    rows = cursor.execute(
        'select node, stream, "first", "last", reason from gaps order by commit_no, rowid'
    ).fetchall()
    return [GapRow(*row) for row in rows]


def _quarantined(cursor: duckdb.DuckDBPyConnection, limit: int) -> list[Quarantined]:
    """Return the newest quarantined payloads first, each with its first bytes."""
    rows = cursor.execute(
        "select id, at_ms, topic, reason, size, array_slice(head, 1, ?) from quarantine "
        "order by id desc limit ?",
        [HEAD_BYTES, limit],
    ).fetchall()
    return [Quarantined(*row) for row in rows]


def _quarantined_whole(cursor: duckdb.DuckDBPyConnection, number: int) -> Quarantined | None:
    """Return one quarantined payload with all of it that was kept."""
    row = cursor.execute(
        "select id, at_ms, topic, reason, size, head from quarantine where id = ?", [number]
    ).fetchone()
    return None if row is None else Quarantined(*row)


def _telemetry_marks(cursor: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Return the marks of telemetry messages, oldest first."""
    return cursor.execute("select device, digest from telemetry order by commit_no, rowid").fetchall()
