"""Sorts the points of a commit by the hour whose table takes them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from cloud.timeseries.batch_columns import Ints
from cloud.timeseries.duckdb_arrow import arrow
from cloud.timeseries.duckdb_hours import EMPTY, HOUR_US, Hours
from cloud.timeseries.store import FUTURE


class Routed(NamedTuple):
    """What goes to one set of tables: those of an hour, or (None) those beside them for all other hours."""

    hour: int | None
    points: pa.Table
    texts: pa.Table
    batches: pa.Table
    per_hour: dict[int, int]


def _column(table: pa.Table, name: str) -> Ints:
    return np.asarray(table.column(name).to_numpy(), dtype=np.int64)


def _with_hours(batches: pa.Table, hour: pa.Array, points: pa.Array, home: pa.Array) -> pa.Table:
    names = ["hour", *batches.column_names[:4], "points", "is_home", *batches.column_names[5:]]
    columns = [hour, *batches.columns[:4], points, home, *batches.columns[5:]]
    return pa.table(columns, names=names)


def routed(
    points: pa.Table, texts: pa.Table, batches: pa.Table, first_batch: int, takes: Callable[[int], bool]
) -> list[Routed]:
    """Return what goes where; every batch is at home in one place.

    Parameters
    ----------
    points, texts, batches
        The tables of a commit.
    first_batch
        The number of its first batch.
    takes
        Whether an hour has tables of its own, or gets them.
    """
    times = [column for column in (_column(points, "ts"), _column(texts, "ts")) if len(column)]
    if not times:
        return _of_no_hour(points, texts, batches, np.arange(len(batches)))
    lowest = min(int(column.min()) for column in times) // HOUR_US
    highest = max(int(column.max()) for column in times) // HOUR_US
    if lowest == highest:
        return _of_one_hour(points, texts, batches, lowest, takes)
    number, hour = len(points), np.concatenate(times) // HOUR_US
    batch = np.concatenate((_column(points, "batch"), _column(texts, "batch"))) - first_batch
    hours, place = np.unique(hour, return_inverse=True)
    quality = np.concatenate((_column(points, "quality"), _column(texts, "quality")))
    usual = np.bincount(place[quality != FUTURE], minlength=len(hours)) > 0
    own = np.array([takes(each) and bool(known) for each, known in zip(hours.tolist(), usual, strict=True)])
    keys, first_at, counts = _distinct(place * len(batches) + batch, len(hours) * len(batches))
    key_place, key_batch = np.divmod(keys, len(batches))
    home = np.zeros(len(keys), dtype=np.bool_)
    by_batch = np.lexsort((first_at, key_batch))
    is_first = np.append(True, np.diff(key_batch[by_batch]) != 0)
    home[by_batch[is_first]] = True
    is_empty = np.bincount(key_batch, minlength=len(batches)) == 0
    found = _of_no_hour(points, texts, batches, np.flatnonzero(is_empty))
    groups: list[tuple[int | None, Ints]] = [(int(hours[n]), np.array([n])) for n in np.flatnonzero(own)]
    groups += [(None, np.flatnonzero(~own))] if not own.all() else []
    for target, places in groups:
        whole = len(places) == len(hours)
        mask = np.ones(len(hour), dtype=np.bool_) if whole else np.isin(place, places)
        chosen = np.ones(len(keys), dtype=np.bool_) if whole else np.isin(key_place, places)
        rows = _with_hours(
            batches.take(pa.array(key_batch[chosen])),
            arrow(hours[key_place[chosen]], pa.int64()),
            arrow(counts[chosen], pa.int64()),
            pa.array(home[chosen]),
        )
        per_hour = np.bincount(key_place[chosen], weights=counts[chosen], minlength=len(hours))
        found.append(
            Routed(
                target,
                points if whole else points.filter(pa.array(mask[:number])),
                texts if whole else texts.filter(pa.array(mask[number:])),
                rows,
                {int(hours[n]): int(per_hour[n]) for n in places},
            )
        )
    return found


def _distinct(numbers: Ints, below: int) -> tuple[Ints, Ints, Ints]:
    """Return the distinct numbers, the place of each one's first, and how often each comes."""
    if below > 4 * len(numbers):
        return np.unique(numbers, return_index=True, return_counts=True)
    counts = np.bincount(numbers, minlength=below)
    first = np.zeros(below, dtype=np.int64)
    first[numbers[::-1]] = np.arange(len(numbers) - 1, -1, -1)  # of several the last one stays: the first
    found = np.flatnonzero(counts)
    return found, first[found], counts[found]


def _of_one_hour(
    points: pa.Table, texts: pa.Table, batches: pa.Table, hour: int, takes: Callable[[int], bool]
) -> list[Routed]:
    """Return what goes where of a commit all of whose points are of one hour, as nearly always."""
    is_usual = any((table.column("quality").to_numpy() != FUTURE).any() for table in (points, texts))
    sizes = _column(batches, "points")
    full = np.flatnonzero(sizes)
    rows = _with_hours(
        batches if len(full) == len(sizes) else batches.take(pa.array(full)),
        arrow(np.full(len(full), hour), pa.int64()),
        arrow(sizes[full], pa.int64()),
        pa.array(np.ones(len(full), dtype=np.bool_)),
    )
    target = hour if is_usual and takes(hour) else None
    empty = _of_no_hour(points, texts, batches, np.flatnonzero(sizes == 0))
    return [*empty, Routed(target, points, texts, rows, {hour: int(sizes.sum())})]


def _of_no_hour(points: pa.Table, texts: pa.Table, batches: pa.Table, empty: Ints) -> list[Routed]:
    if not len(empty):
        return []
    rows = batches.take(pa.array(empty))
    nothing = pa.array(np.zeros(len(empty), dtype=np.int64))
    rows = _with_hours(rows, pa.nulls(len(empty), pa.int64()), nothing, pa.array([True] * len(empty)))
    return [Routed(None, points.slice(0, 0), texts.slice(0, 0), rows, {})]


def learn(hours: Hours, parts: list[Routed]) -> None:
    """Tell the hours of a store where the points of a commit went."""
    for part in parts:
        numbers = part.batches.column("batch").to_numpy()
        low, high = int(numbers.min()), int(numbers.max())
        points = sum(part.per_hour.values())
        if part.hour is not None:
            hours.open[part.hour] = hours.open.get(part.hour, EMPTY).plus(points, low, high)
            continue
        hours.beside = hours.beside.plus(points, low, high)
        for hour, late in part.per_hour.items():
            hours.late[hour] = hours.late.get(hour, 0) + late
