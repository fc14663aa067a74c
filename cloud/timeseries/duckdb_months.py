"""The files of closed hours, of months and of days: attached, swept, measured, unlinked."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

from collections.abc import Callable, Collection
from pathlib import Path

import duckdb

from cloud.timeseries import duckdb_tables as tables
from cloud.timeseries.duckdb_hours import Hours, alias
from cloud.timeseries.holdings import Holdings, MonthSize
from cloud.timeseries.store import WrongFormat

# A column of 122,880 rows takes 30 to 230 kB compressed. In DuckDB's own blocks of 256 kB a quarter of the
# file is the room left in them; in the smallest that compress well it is a few hundredths.
BLOCK_BYTES = 65536


class Months:
    """The files of closed hours of a store, in a folder beside its hot file."""

    def __init__(self, folder: Path, cursor: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self.folder = folder
        self._cursor = cursor
        self._attached: set[str] = set()

    def file(self, name: str) -> Path:
        """Return the path of the file of a month (`2026-03`) or a day (`2026-03-05`)."""
        return self.folder / f"{name}.duckdb"

    def sizes(self, names: Collection[str]) -> dict[str, int]:
        """Return the bytes on disk of some files, their logs included."""
        return {
            name: sum(
                part.stat().st_size
                for part in (self.file(name), self.file(name).with_name(f"{name}.duckdb.wal"))
                if part.exists()
            )
            for name in names
        }

    def holdings(self, hours: Hours) -> Holdings:
        """Return how the points are held; a month with the days that wait to be merged into it."""
        files = hours.files()
        sizes, found = self.sizes(files), dict[str, MonthSize]()
        for file, segments in sorted(files.items()):
            month = file[: len("2026-03")]
            before = found.get(month, MonthSize(month, 0, 0))
            points = before.points + sum(segment.part.points for segment in segments)
            found[month] = MonthSize(month, points, before.size_bytes + sizes[file])
        late = sum(hours.late.values())
        return Holdings(len(hours.open), len(hours.closed), late, list(found.values()))

    def open(self, hours: Hours) -> None:
        """Attach what the manifest names; what it does not name is left of a step that never ended, and goes.

        Raises
        ------
        WrongFormat
            When a file is missing or was written by another format version.
        """
        self._attached.clear()
        files = hours.files()
        for name, segments in files.items():
            if not self.file(name).exists():
                points = sum(segment.part.points for segment in segments)
                raise WrongFormat(
                    f"{self.file(name)} is missing; it holds {points} points of closed hours. "
                    "Put it back, or restore a backup."
                )
            self.attach(name)
            self._sweep(name, {segment.seg for segment in segments})
        for file in sorted(self.folder.glob("*.duckdb")) if self.folder.exists() else ():
            if file.stem not in files:
                self._unlink(file.stem)

    def attach(self, name: str) -> None:
        """Attach a file, made when it is missing; one of the format before is brought to this one."""
        if name in self._attached:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        quoted = str(self.file(name)).replace("'", "''")
        options = "" if self.file(name).exists() else f" (block_size {BLOCK_BYTES})"
        with self._cursor() as cursor:
            cursor.execute(f"attach if not exists '{quoted}' as {alias(name)}{options}")
            cursor.execute("begin")
            for table in tables.MONTH_TABLES:
                cursor.execute(table.format(m=alias(name)))
            found = cursor.execute(f"select value from {alias(name)}.meta where key = 'format'").fetchone()
            if found is None:
                fresh = f"insert into {alias(name)}.meta values ('format', ?)"
                cursor.execute(fresh, [tables.MONTH_FORMAT])
            elif found[0] in tables.MONTHS_BEFORE:
                self._upgrade(cursor, name)
            elif found[0] != tables.MONTH_FORMAT:
                raise WrongFormat(
                    f"{self.file(name)} has format {found[0]}, this program reads {tables.MONTH_FORMAT}"
                )
            cursor.execute("commit")
        self._attached.add(name)

    @staticmethod
    def _upgrade(cursor: duckdb.DuckDBPyConnection, name: str) -> None:
        for statement in tables.MONTH_UPGRADE:
            cursor.execute(statement.format(m=alias(name)))
        changed = f"update {alias(name)}.meta set value = ? where key = 'format'"
        cursor.execute(changed, [tables.MONTH_FORMAT])

    def _sweep(self, name: str, known: Collection[int]) -> None:
        with self._cursor() as cursor:
            rows = cursor.execute(f"select distinct seg from {alias(name)}.segments").fetchall()
        orphans = {int(seg) for (seg,) in rows} - set(known)
        if orphans:
            self.remove(name, orphans)

    def remove(self, name: str, segments: Collection[int]) -> None:
        """Delete segments that stand in no manifest."""
        listed = ", ".join(map(str, sorted(segments)))
        with self._cursor() as cursor:
            cursor.execute("begin")
            for table in tables.SEGMENT_TABLES:
                cursor.execute(f"delete from {alias(name)}.{table} where seg in ({listed})")
            cursor.execute("commit")

    def checkpoint(self, name: str) -> None:
        """Write a file's log into it."""
        if name in self._attached:
            with self._cursor() as cursor:
                cursor.execute(f"checkpoint {alias(name)}")

    def drop(self, name: str) -> None:
        """Detach a file and unlink it; who reads it at this moment reads on."""
        if name in self._attached:
            with self._cursor() as cursor:
                cursor.execute(f"detach {alias(name)}")
            self._attached.discard(name)
        self._unlink(name)

    def _unlink(self, name: str) -> None:
        self.file(name).with_name(f"{name}.duckdb.wal").unlink(missing_ok=True)
        self.file(name).unlink(missing_ok=True)
