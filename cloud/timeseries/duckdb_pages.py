"""What the hot file of a DuckDB store tells beside points: signals, gaps, quarantine, telemetry marks."""

from abc import ABC, abstractmethod

import duckdb

from cloud.timeseries.store import GapRow, Quarantined, SignalPage, SignalRow

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

    def signal_log(self, after: int, limit: int) -> SignalPage:
        """Return signals of the commits after number `after`, whole commits, at least one if any."""
        with self._cursor() as cursor:
            return _signals(cursor, after, limit)

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


def _signals(cursor: duckdb.DuckDBPyConnection, after: int, limit: int) -> SignalPage:
    """Return the signals of whole commits after `after`, until `limit` is reached."""
    bound = cursor.execute(
        """
        select commit_no from (
            select commit_no, sum(count(*)) over (order by commit_no) as upto from signal_log
            where commit_no > ? group by commit_no)
        order by upto <= ? desc, case when upto <= ? then -commit_no else commit_no end limit 1
        """,
        [after, limit, limit],
    ).fetchone()
    if bound is None:
        return SignalPage([], after)
    rows = cursor.execute(
        """
        select l.stream, l.position, l.point_ord, coalesce(t.tag, ''), l.role, l.source, l.ts_ms,
               l.value, l.text, l.quality
        from signal_log l left join tags t using (tag_id)
        where l.commit_no > ? and l.commit_no <= ? order by l.commit_no, l.ord
        """,
        [after, bound[0]],
    ).fetchall()
    return SignalPage([SignalRow(*row) for row in rows], int(bound[0]))


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
