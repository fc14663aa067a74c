"""Which hours a DuckDB store holds, where each is, and views of them that no switch disturbs."""

# ruff: noqa: S608 -- only names and numbers of our own are put into these questions

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Self

import duckdb
import numpy as np

HOUR_MS = 3_600_000
HOUR_US = HOUR_MS * 1000
# More tables than this would make every question long; what comes beyond waits beside them for its turn.
MOST_OPEN = 48
# The values of points and of texts as the same columns.
NUMBERS = "value, null::varchar as text, false as is_number"
TEXTS = "null::double as value, text, is_number"
_LOW, _HIGH = 1 << 62, -1


class Part(NamedTuple):
    """How many points stand somewhere, and the lowest and highest number of their batches."""

    points: int
    low: int
    high: int

    def plus(self, points: int, low: int, high: int) -> "Part":
        """Return this part with more points in it."""
        return Part(self.points + points, min(self.low, low), max(self.high, high))


EMPTY = Part(0, _LOW, _HIGH)


class Segment(NamedTuple):
    """A closed hour as it stands in the file of its day (`2026-03-05`) or its month (`2026-03`).

    In `2026-03-sums` it has no points any more.
    """

    file: str
    hour: int
    seg: int
    part: Part


def month_of(hour: int) -> str:
    """Return the calendar month (UTC) of an hour since the epoch: 492898 is in `2026-03`."""
    return str(np.datetime64(hour, "h").astype("datetime64[M]"))


def day_of(hour: int) -> str:
    """Return the day (UTC) of an hour since the epoch: 492898 is in `2026-03-25`."""
    return str(np.datetime64(hour, "h").astype("datetime64[D]"))


def is_day(file: str) -> bool:
    """Return whether a file holds hours of a day that waits for the others of it."""
    return len(file) == len("2026-03-05")


def sums_of(month: str) -> str:
    """Return the file that holds the sums of a month whose points went."""
    return month + "-sums"


def is_sums(file: str) -> bool:
    """Return whether a file holds sums without points."""
    return file.endswith("-sums")


def alias(file: str) -> str:
    """Return the name under which a file of closed hours is attached."""
    return "m" + file.replace("-", "_")


@dataclass(slots=True)
class Hours:
    """The hours of a store; `closing` ones take no more points, `dead` are segments in no manifest.

    While `resting`, the tables of the hours are written from the log to the file: points go beside them.
    """

    open: dict[int, Part] = field(default_factory=dict)
    closing: set[int] = field(default_factory=set)
    late: dict[int, int] = field(default_factory=dict)
    beside: Part = EMPTY
    closed: dict[int, Segment] = field(default_factory=dict)
    dead: dict[str, set[int]] = field(default_factory=dict)
    resting: bool = False

    def takes(self, hour: int) -> bool:
        """Return whether points of an hour go to its own table, which may have to be made."""
        if self.resting:
            return False
        if hour in self.open:
            return hour not in self.closing
        return hour not in self.closed and hour not in self.closing and len(self.open) < MOST_OPEN

    def copy(self) -> Self:
        """Return the hours as they are now."""
        dead = {file: set(segments) for file, segments in self.dead.items() if segments}
        return replace(self, open=dict(self.open), late=dict(self.late), closed=dict(self.closed), dead=dead)

    def files(self) -> dict[str, list[Segment]]:
        """Return the closed hours of each file."""
        found: dict[str, list[Segment]] = {}
        for segment in self.closed.values():
            found.setdefault(segment.file, []).append(segment)
        return found


class View:
    """One moment of all points: hot tables and months, whatever is compacted meanwhile."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, hours: Hours) -> None:
        self.cursor = cursor
        self.hours = hours

    def _without_dead(self, file: str) -> str:
        dead = self.hours.dead.get(file)
        return f" and seg not in ({', '.join(map(str, sorted(dead)))})" if dead else ""

    def sources(self, table: str, columns: str, where: str, since_ms: int, until_ms: int) -> list[str]:
        """Return one question per place of points or texts (`table`) with a time in [since, until).

        Each tells the time in milliseconds (`ts`) and the columns.
        """
        first, last = since_ms // HOUR_MS, (until_ms - 1) // HOUR_MS
        bounds = f"ts >= {since_ms * 1000} and ts < {until_ms * 1000} and {where}"
        hot = f"select ts // 1000 as ts, {columns} from"
        asked = [f"{hot} {table}_{hour} where {bounds}" for hour in self.hours.open if first <= hour <= last]
        if any(first <= hour <= last for hour in self.hours.late):
            asked.append(f"{hot} {table} where {bounds}")
        bounds = f"ts >= {since_ms} and ts < {until_ms} and {where}"
        asked += [
            f"select ts, {columns} from {alias(file)}.{table} where {bounds}{self._without_dead(file)}"
            for file, segments in self.hours.files().items()
            if any(first <= segment.hour <= last for segment in segments)
        ]
        return asked

    def with_batches(self, columns: str, where: str, low: int, high: int, join: str = "") -> list[str]:
        """Return one question per place that may hold points of the batches low to high, joined with them.

        `columns` and `where` name columns of the point `p`, its time in milliseconds, and of the batch `b`.
        """
        asked = []
        places = [
            (f"pts_{hour}", f"events_{hour}", f"batches_{hour}", "", "batch")
            for hour, part in self.hours.open.items()
            if part.low <= high and part.high >= low
        ]
        if self.hours.late and self.hours.beside.low <= high and self.hours.beside.high >= low:
            times = "sent_ms, received_ms, committed_ms"
            own = f"(select distinct batch, stream, position, node, {times} from batches)"
            places.append(("pts", "events", own, "", "batch"))
        for file, segments in self.hours.files().items():
            found = [s.seg for s in segments if s.part.low <= high and s.part.high >= low]
            if found:
                name = alias(file)
                only = f" and p.seg in ({', '.join(map(str, found))})"
                places.append((f"{name}.pts", f"{name}.events", f"{name}.batches", only, "seg, batch"))
        for points, texts, batches, only, keys in places:
            using = " and ".join(f"p.{key} = b.{key}" for key in keys.split(", "))
            nothing = "null::varchar as text, false as is_number"
            for table, value in (
                (points, f"value, {nothing}"),
                (texts, "null::double as value, text, is_number"),
            ):
                seg, ts = (", seg", "ts") if keys != "batch" else ("", "ts // 1000 as ts")
                own_points = f"(select {ts}, tag_id, {value}, quality, batch, ord{seg} from {table})"
                asked.append(
                    f"select {columns} from {own_points} p join {batches} b on {using} "
                    f"{join} where {where}{only}"
                )
        return asked


class Places:
    """The hours of a store that is open, and the lock under which they change together with the tables."""

    def __init__(self, cursor: Callable[[], duckdb.DuckDBPyConnection]) -> None:
        self._cursor = cursor
        self.lock = threading.RLock()
        self.hours = Hours()
        self.newest_view = 0
        self._views: set[int] = set()

    @property
    def oldest_view(self) -> int:
        """Return the number of the oldest view that is read, one above all that were when none is."""
        return min(self._views, default=self.newest_view + 1)

    @contextmanager
    def view(self) -> Iterator[View]:
        """Give a view; its transaction begins in every file before a switch may come between them."""
        cursor = self._cursor()
        with self.lock:
            self.newest_view += 1
            number = self.newest_view
            self._views.add(number)
        try:
            with self.lock:
                hours = self.hours.copy()
                cursor.execute("begin")
                touched = " union all ".join(
                    [
                        "select 1 from meta",
                        *(f"select 1 from {alias(file)}.meta" for file in hours.files()),
                    ]
                )
                cursor.execute(f"select count(*) from ({touched})").fetchall()
            yield View(cursor, hours)
        finally:
            with suppress(duckdb.Error):  # a store that was closed meanwhile has nothing to go back from
                cursor.execute("rollback")
            cursor.close()
            with self.lock:
                self._views.discard(number)
