"""History as flat rows for other programs: JSON, CSV, Parquet."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import pyarrow as pa
from pyarrow import parquet

from cloud.errors import Invalid
from cloud.history.queries.asked import check_tags
from cloud.history.schemas import Measure, Scalar
from cloud.plant.schemas import iso
from cloud.timeseries.continued import Readings
from cloud.timeseries.store import GOOD, Sample

COLUMNS = ("time", "tag", "value", "quality")
EXPORT_SLICE_MS = 6 * 3_600_000
EXPORT_SLICE_WINDOWS = 10_000
PARQUET_ROWS = 100_000
# Whole numbers up to here are exact as doubles.
EXACT = 2**53
Row = tuple[int, str, Scalar, int]


def rows(
    store: Readings, tags: Sequence[str], window: tuple[int, int], width_ms: int | None, measure: Measure
) -> Iterator[Row]:
    """Every point of the signals, or one value of each window, sorted by signal and time."""
    check_tags(store, tags)
    start_ms, end_ms = window
    return _rows(store, tags, (start_ms, end_ms), width_ms, measure)


def _rows(
    store: Readings, tags: Sequence[str], window: tuple[int, int], width_ms: int | None, measure: Measure
) -> Iterator[Row]:
    start_ms, end_ms = window
    for tag in tags:
        if width_ms is not None:
            for since_ms, until_ms in _slices(start_ms, end_ms, EXPORT_SLICE_WINDOWS * width_ms):
                for each in store.aggregate(tag, since_ms, until_ms, width_ms):
                    yield each.start_ms, tag, _MEASURES[measure](each), GOOD
            continue
        for at_ms in range(start_ms, end_ms, EXPORT_SLICE_MS):
            for p in store.raw(tag, at_ms, min(end_ms, at_ms + EXPORT_SLICE_MS)):
                yield _row(tag, p)


def _slices(start_ms: int, end_ms: int, length_ms: int) -> Iterator[tuple[int, int]]:
    """A window in pieces cut at multiples of `length_ms` since the epoch, as the windows of a store are."""
    while start_ms < end_ms:
        until_ms = min(end_ms, (start_ms // length_ms + 1) * length_ms)
        yield start_ms, until_ms
        start_ms = until_ms


def _row(tag: str, point: Sample) -> Row:
    return point.ts_ms, tag, point.value, point.quality


_MEASURES = {
    "mean": lambda w: w.mean,
    "time_weighted": lambda w: w.time_weighted,
    "min": lambda w: w.minimum,
    "max": lambda w: w.maximum,
    "first": lambda w: w.first,
    "last": lambda w: w.last,
    "count": lambda w: w.good,
}


def as_records(found: Iterator[Row], most: int) -> list[Mapping[str, Scalar]]:
    """The rows as flat objects; no more than `most` + 1 of them are read.

    Raises
    ------
    Invalid
        With the code `too_many_rows` when there are more than `most`: an answer never is a part of what was
        asked for.
    """
    read = list(islice(found, most + 1))
    if len(read) > most:
        detail = (
            f"There are more than {most} rows, the most that JSON is answered in; ask for format=csv or "
            "format=parquet, for a wider window= (as in window=1m), or for less time or fewer signals."
        )
        raise Invalid(detail, code="too_many_rows")
    return [
        dict(zip(COLUMNS, (iso(at), tag, value, quality), strict=True)) for at, tag, value, quality in read
    ]


def as_csv(found: Iterator[Row]) -> Iterator[bytes]:
    """The rows as lines of UTF-8 CSV with a head, in pieces."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for number, (at, tag, value, quality) in enumerate(found, 1):
        writer.writerow((iso(at), tag, _safe(value), quality))
        if number % 1000 == 0:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _safe(value: Scalar) -> Scalar:
    """A text that a spreadsheet would run as a formula is shown as text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in set("=+-@\t\r") else value


def write_parquet(found: Iterator[Row], path: str) -> None:
    """The rows as a Parquet file: time in ms UTC, numbers as doubles, texts and large integers beside."""
    schema = pa.schema(
        [
            ("time", pa.timestamp("ms", tz="UTC")),
            ("tag", pa.dictionary(pa.int32(), pa.string())),
            ("value", pa.float64()),
            ("text", pa.string()),
            ("quality", pa.int16()),
        ]
    )
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        part: list[Row] = []
        for row in found:
            part.append(row)
            if len(part) == PARQUET_ROWS:
                writer.write_table(_table(part, schema))
                part = []
        writer.write_table(_table(part, schema))


def _table(part: Sequence[Row], schema: pa.Schema) -> pa.Table:
    numbers = [
        float(value) if isinstance(value, int | float) and abs(value) <= EXACT else None
        for _, _, value, _ in part
    ]
    texts = [
        None if number is not None or value is None else str(value)
        for number, (_, _, value, _) in zip(numbers, part, strict=True)
    ]
    return pa.table(
        [
            pa.array([at for at, _, _, _ in part], pa.timestamp("ms", tz="UTC")),
            pa.array([tag for _, tag, _, _ in part], pa.string()).dictionary_encode(),
            pa.array(numbers, pa.float64()),
            pa.array(texts, pa.string()),
            pa.array([quality for _, _, _, quality in part], pa.int16()),
        ],
        schema=schema,
    )
