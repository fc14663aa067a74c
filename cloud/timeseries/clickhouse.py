"""The points of a store in ClickHouse, a server or the same engine in this process."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import clickhouse_connect
import numpy as np
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, Error, OperationalError

from cloud.timeseries import clickhouse_sql as sql
from cloud.timeseries.ledger_pages import Page, extent, position_spans
from cloud.timeseries.ledger_store import StoredPoint
from cloud.timeseries.point_columns import PointArrays
from cloud.timeseries.spans import Spans, windows
from cloud.timeseries.store import (
    FUTURE,
    Commit,
    ContentRefused,
    Sample,
    StoreRefused,
    Window,
)

_Result = TypeVar("_Result")
# Errors of the engine that say that a value cannot be stored, whenever it is tried.
_CONTENT_CODES = frozenset({6, 27, 33, 53, 69, 70, 72, 117, 349})


class ClickHousePoints:
    """A database of points; a point written again replaces itself by its identity.

    Parameters
    ----------
    dsn
        `clickhouse://USER:PASSWORD@HOST:8123/DATABASE`, `clickhouses://…` for TLS, or `chdb:///FOLDER` for
        the same engine in this process (one process at a time, and no fork afterwards).

    Raises
    ------
    StoreRefused
        When the server cannot be reached or refuses the tables.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._client: Client | None = None
        self._connection()

    def _connection(self) -> Client:
        if self._client is None:
            self._client = self._ask(lambda: _connected(_driver_dsn(self._dsn)))
        return self._client

    def _ask(self, call: Callable[[], _Result]) -> _Result:
        try:
            return call()
        except OperationalError as error:
            raise StoreRefused(f"ClickHouse: {error}") from error
        except DatabaseError as error:
            refused = ContentRefused if getattr(error, "code", None) in _CONTENT_CODES else StoreRefused
            raise refused(f"ClickHouse: {error}") from error
        except (Error, OSError) as error:
            raise StoreRefused(f"ClickHouse: {error}") from error

    def _rows(self, question: str, **asked: Any) -> Sequence[Sequence[Any]]:
        client = self._connection()
        return self._ask(lambda: client.query(question, parameters=asked).result_rows)

    def write(self, commit: Commit, points: PointArrays, seen: int) -> None:
        """Store the points of a commit and the newest of each tag, on disk when this returns."""
        client = self._connection()
        try:
            rows = point_table(commit, points, seen)
            newest = newest_table(rows)
        except (pa.ArrowException, ValueError, OverflowError, TypeError) as error:
            raise ContentRefused(str(error)) from error
        # A repeat whose answer was lost is dropped by the server: same content, same token.
        token = {"insert_deduplication_token": content_digest(commit, points)}
        self._ask(lambda: client.insert_arrow("points", rows, settings=token))
        if newest.num_rows:
            self._ask(lambda: client.insert_arrow("latest", newest))

    def latest(self, tags: Sequence[str]) -> dict[str, Sample]:
        """Return the value with the greatest time per tag; a time flagged as future never wins."""
        return {tag: sample(*row) for tag, row in self._rows(sql.NEWEST, tags=list(tags))}

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        """Return the points of a tag sorted by time, then order of writing, whatever their quality."""
        return [sample(*row) for row in self._rows(sql.RAW, tag=tag, since=since_ms, until=until_ms)]

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        """Return windows aligned to the epoch over the good values of a tag."""
        asked = {"tag": tag, "since": since_ms, "until": until_ms, "window": window_ms}
        rows = self._rows(sql.STRETCHES, **asked)
        if not rows:
            return []
        stretches = Spans._make(np.asarray(column) for column in zip(*rows, strict=True))
        return windows(stretches, self._before(tag, since_ms), since_ms, until_ms, window_ms)

    def _before(self, tag: str, since_ms: int) -> float | None:
        rows = self._rows(sql.BEFORE, tag=tag, since=since_ms)
        return float(rows[0][0]) if rows else None

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> dict[float, int]:
        """Return milliseconds per good value, each holding until the next, the one before included."""
        asked = {"tag": tag, "since": since_ms, "until": until_ms}
        held = {float(value): int(length) for value, length in self._rows(sql.HELD, **asked)}
        before = self._before(tag, since_ms)
        if before is not None:
            first, good = self._rows(sql.FIRST, **asked)[0]
            held[before] = held.get(before, 0) + (first if good else until_ms) - since_ms
        return {value: length for value, length in held.items() if length > 0}

    def of_batches(self, pages: Sequence[Page]) -> list[StoredPoint]:
        """Return the points of some batches in any order."""
        since_ms, through_ms = extent(pages)
        if since_ms is None:
            return []
        question = sql.OF_BATCHES.replace("{spans}", spans(pages))
        wanted = {(page.stream, page.position) for page in pages}
        rows = self._rows(question, since=since_ms, through=through_ms)
        return [point(*row) for row in rows if (row[0], row[1]) in wanted]

    def of_tags(self, tags: Sequence[str], at_once: int) -> Iterator[list[StoredPoint]]:
        """Return the points of some tags in lists of at most `at_once`, in the order of writing."""
        client = self._connection()
        asked = {"tags": list(tags)}
        stream = self._ask(lambda: client.query_rows_stream(sql.OF_TAGS, parameters=asked))
        found: list[StoredPoint] = []
        with stream as rows:
            for row in rows:
                found.append(point(*row))
                if len(found) == at_once:
                    yield found
                    found = []
        if found:
            yield found

    def drop_before(self, until_ms: int) -> None:
        """Forget every point before a time."""
        client = self._connection()
        self._ask(lambda: [client.command(forget, parameters={"until": until_ms}) for forget in sql.DROP])

    def size_bytes(self) -> int:
        """Return the bytes on disk."""
        return int(self._rows(sql.SIZE)[0][0])

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _connected(dsn: str) -> Client:
    # No session at a server: its calls would have to wait for each other, and readers run beside the writer.
    apart: dict[str, Any] = {} if dsn.startswith("chdb:") else {"autogenerate_session_id": False}
    client = clickhouse_connect.get_client(dsn=dsn, settings=dict(sql.SESSION), **apart)
    for table in sql.TABLES:
        client.command(table)
    return client


def _driver_dsn(dsn: str) -> str:
    return dsn.replace("clickhouses://", "https://", 1).replace("clickhouse://", "http://", 1)


def sample(ts: int, value: float | None, text: str | None, is_number: bool, quality: int) -> Sample:  # noqa: FBT001  a column
    """Return a row as a sample."""
    if text is None:
        return Sample(ts, value, quality)
    return Sample(ts, int(text) if is_number else text, quality)


def point(stream: str, position: int, ordinal: int, tag: str, *rest: Any) -> StoredPoint:
    """Return a row as a point with its identity."""
    return StoredPoint(stream, position, ordinal, tag, *sample(*rest))


def spans(pages: Sequence[Page]) -> str:
    """Return a condition that holds for the points of some batches; neighbours become one span."""
    return " or ".join(
        f"(stream = {quoted(stream)} and position between {first} and {last})"
        for stream, first, last in position_spans(pages)
    )


def quoted(text: str) -> str:
    """Return a text as a literal of ClickHouse's SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def content_digest(commit: Commit, points: PointArrays) -> str:
    """Return a digest of all that a commit's points say, the order of writing aside."""
    digest = hashlib.blake2b(digest_size=16)
    texts = commit.texts
    digest.update(repr((list(commit.tags), list(commit.batches))).encode(errors="surrogatepass"))
    for column in points:
        digest.update(column.tobytes())
    written = (texts.batch, texts.ord, texts.tag, texts.ts_ms, texts.text, texts.is_number, texts.quality)
    digest.update(repr(written).encode(errors="surrogatepass"))
    return digest.hexdigest()


def point_table(commit: Commit, points: PointArrays, seen: int) -> pa.Table:
    """Return the numeric and the text points of a commit as one Arrow table with the columns of `points`."""
    texts = commit.texts
    width, more = len(points.batch), len(texts)
    batch = np.concatenate([points.batch, np.asarray(texts.batch, dtype=np.int64)])
    tag = np.concatenate([points.tag, np.asarray(texts.tag, dtype=np.int64)]).astype(np.int32)
    streams = sorted({row.stream for row in commit.batches})
    stream = np.asarray([streams.index(row.stream) for row in commit.batches], dtype=np.int32)
    position = np.asarray([row.position for row in commit.batches], dtype=np.int64)
    nothing = np.full(more, np.nan)
    has_no_number = np.concatenate([points.is_null, np.ones(more, dtype=np.bool_)])
    return pa.table(
        {
            "tag": pa.DictionaryArray.from_arrays(pa.array(tag), pa.array(list(commit.tags), pa.string())),
            "ts": np.concatenate([points.ts_ms, np.asarray(texts.ts_ms, dtype=np.int64)]),
            "stream": pa.DictionaryArray.from_arrays(pa.array(stream[batch]), pa.array(streams, pa.string())),
            "position": position[batch],
            "ord": np.concatenate([points.ord, np.asarray(texts.ord, dtype=np.uint16)]),
            "value": pa.array(np.concatenate([points.value, nothing]), mask=has_no_number),
            "text": pa.chunked_array([pa.nulls(width, pa.string()), pa.array(texts.text, pa.string())]),
            "is_number": pa.array([False] * width + list(texts.is_number), pa.bool_()),
            "quality": np.concatenate([points.quality, np.asarray(texts.quality, dtype=np.int16)]),
            "seen": (batch + seen).astype(np.uint64),
        }
    )


def newest_table(rows: pa.Table) -> pa.Table:
    """Return the newest row per tag that is not from the future, with the columns of `latest`."""
    ts, seen, ordinal = (rows[name].to_numpy() for name in ("ts", "seen", "ord"))
    tag = rows["tag"].combine_chunks().indices.to_numpy()
    order = np.lexsort((ordinal, seen, ts, tag))
    order = order[rows["quality"].to_numpy()[order] != FUTURE]
    last = np.ones(len(order), dtype=np.bool_)
    last[:-1] = tag[order][1:] != tag[order][:-1]
    return rows.take(order[last]).select(["tag", "ts", "value", "text", "is_number", "quality", "seen"])
