"""The points of a store in InfluxDB 2."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import numpy as np
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.dialect import Dialect
from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from cloud.timeseries import influx_flux as flux
from cloud.timeseries.influx_flux import NS_PER_MS
from cloud.timeseries.influx_lines import lines, read_value
from cloud.timeseries.ledger_pages import Page, position_spans
from cloud.timeseries.ledger_store import StoredPoint
from cloud.timeseries.point_columns import PointArrays
from cloud.timeseries.spans import Spans, durations, windows
from cloud.timeseries.store import Commit, ContentRefused, Sample, StoreRefused, Window

_Result = TypeVar("_Result")
TIMEOUT_MS = 20_000
# Status codes that say that a line can never be stored: its form, or a time beyond the bucket's retention.
_CONTENT_STATUS = frozenset({400, 422})
DAY_NS = 86_400_000 * NS_PER_MS
TAGS_AT_ONCE = 200
AUDITED_AT_ONCE_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN = Dialect(header=True, annotations=[])  # type: ignore[no-untyped-call]


class InfluxPoints:
    """A database of points; a point written again falls on itself: same series, same nanosecond.

    Its time is the source's milliseconds and, below them, `(position * 64 + ord) mod 10^6` nanoseconds.
    Nothing is batched or retried here: what is refused stays with the gateway and comes again.

    Parameters
    ----------
    url
        The server, `http://HOST:8086` or `https://…`.
    org, bucket
        Where the points stand; the bucket must keep them for ever, old ones are dropped by `drop_before`.
    token
        A token that may read and write the bucket.
    """

    def __init__(self, url: str, org: str, bucket: str, token: str) -> None:
        self._bucket = bucket
        self._org = org
        self._client = InfluxDBClient(url=url, token=token, org=org, timeout=TIMEOUT_MS, enable_gzip=True)
        self._writer = self._client.write_api(write_options=SYNCHRONOUS)

    def _try(self, call: Callable[[], _Result]) -> _Result:
        try:
            return call()
        except ApiException as error:
            refused = ContentRefused if error.status in _CONTENT_STATUS else StoreRefused
            raise refused(f"InfluxDB: {error.status} {_message(error)}") from error
        except (InfluxDBError, HTTPError, OSError) as error:
            raise StoreRefused(f"InfluxDB: {error}") from error

    def _rows(self, question: str) -> list[dict[str, str]]:
        return self._try(lambda: list(self._read(question)))

    def _read(self, question: str) -> Iterator[dict[str, str]]:
        answer: Any = self._client.query_api().query_raw(question, org=self._org, dialect=_PLAIN)
        body = answer.data if hasattr(answer, "data") else answer
        yield from parsed(body.decode() if isinstance(body, bytes) else str(body))

    def write(self, commit: Commit, points: PointArrays, seen: int) -> None:
        """Store the points of a commit; InfluxDB answers after they are in its log on disk."""
        del seen  # the order inside a millisecond is that of position and ord
        body = lines(commit, points)
        self._try(lambda: self._writer.write(bucket=self._bucket, org=self._org, record=body))

    def latest(self, tags: Sequence[str]) -> dict[str, Sample]:
        """Return the value with the greatest time per tag; a time flagged as future never wins."""
        newest: dict[str, tuple[int, Sample]] = {}
        for at in range(0, len(tags), TAGS_AT_ONCE):
            for row in self._rows(flux.latest(self._bucket, tags[at : at + TAGS_AT_ONCE])):
                ns = int(row["ns"])
                if row["tag"] not in newest or ns > newest[row["tag"]][0]:
                    newest[row["tag"]] = (ns, _sample(row))
        return {tag: sample for tag, (_, sample) in newest.items()}

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        """Return the points of a tag sorted by time, then position and ord, whatever their quality."""
        rows = self._rows(flux.raw(self._bucket, tag, since_ms * NS_PER_MS, until_ms * NS_PER_MS))
        return [_sample(row) for row in sorted(rows, key=lambda row: int(row["ns"]))]

    def _good(self, tag: str, since_ms: int, until_ms: int) -> tuple[Spans, float | None]:
        bounds = (since_ms * NS_PER_MS, until_ms * NS_PER_MS)
        rows = self._rows(flux.good(self._bucket, tag, *bounds)) if since_ms < until_ms else []
        found = sorted((int(row["ns"]), float(row["_value"])) for row in rows)
        ts_ms = np.asarray([ns // NS_PER_MS for ns, _ in found], dtype=np.int64)
        points = Spans.of_points(ts_ms, np.asarray([value for _, value in found], dtype=np.float64))
        standing = self._rows(flux.before(self._bucket, tag, since_ms * NS_PER_MS))
        return points, float(standing[0]["_value"]) if standing else None

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        """Return windows aligned to the epoch over the good values of a tag; every point of them is read."""
        points, before = self._good(tag, since_ms, until_ms)
        return windows(points, before, since_ms, until_ms, window_ms)

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> dict[float, int]:
        """Return milliseconds per good value, each holding until the next, the one before included."""
        points, before = self._good(tag, since_ms, until_ms)
        return durations(points, {}, before, since_ms, until_ms)

    def of_batches(self, pages: Sequence[Page]) -> list[StoredPoint]:
        """Return the points of some batches in any order."""
        found = []
        for group in near_in_time(pages, AUDITED_AT_ONCE_MS):
            since = min(page.since_ms or 0 for page in group) * NS_PER_MS
            until = (max(page.through_ms or 0 for page in group) + 1) * NS_PER_MS
            question = flux.of_spans(flux.identified(self._bucket, since, until), position_spans(group))
            found += [_point(row) for row in self._rows(question)]
        return found

    def of_tags(self, tags: Sequence[str], at_once: int) -> Iterator[list[StoredPoint]]:
        """Return the points of some tags in lists of at most `at_once`, in the order of time, day by day."""
        for at in range(0, len(tags), TAGS_AT_ONCE):
            asked = tags[at : at + TAGS_AT_ONCE]
            since = flux.MIN_NS
            while firsts := self._rows(flux.first_of(self._bucket, asked, since)):
                since = min(int(row["ns"]) for row in firsts)
                question = flux.identified(self._bucket, since, since + DAY_NS, asked)
                rows = sorted(self._rows(question), key=lambda row: int(row["ns"]))
                points = [_point(row) for row in rows]
                yield from (points[n : n + at_once] for n in range(0, len(points), at_once))
                since += DAY_NS

    def drop_before(self, until_ms: int) -> None:
        """Forget every point before a time."""
        last = rfc3339(until_ms * NS_PER_MS - 1)  # InfluxDB deletes the end included
        predicate = f'_measurement="{flux.MEASUREMENT}"'
        forget = self._client.delete_api().delete
        self._try(lambda: forget(rfc3339(flux.MIN_NS), last, predicate, bucket=self._bucket, org=self._org))

    def size_bytes(self) -> int:
        """Return 0: InfluxDB does not say what a bucket takes."""
        return 0

    def close(self) -> None:
        """Close the connection; a second call does nothing."""
        self._writer.close()  # type: ignore[no-untyped-call]
        self._client.close()  # type: ignore[no-untyped-call]


def _message(error: ApiException) -> str:
    body = error.body or error.reason or ""
    return body.decode(errors="replace") if isinstance(body, bytes) else str(body)


def parsed(body: str) -> Iterator[dict[str, str]]:
    """Return the rows of an answer of several tables, each with a header of its own.

    Raises
    ------
    StoreRefused
        When the answer ends in an error, which InfluxDB sends as one more table.
    """
    header: list[str] | None = None
    for cells in csv.reader(io.StringIO(body, newline="")):
        if not cells:
            header = None
        elif header is None:
            header = cells
        else:
            row = dict(zip(header, cells, strict=False))
            if "error" in row and "reference" in row:
                raise StoreRefused(f"InfluxDB: {row['error']}")
            yield row


def _sample(row: dict[str, str]) -> Sample:
    return Sample(int(row["ns"]) // NS_PER_MS, read_value(row["_field"], row["_value"]), int(row["quality"]))


def _point(row: dict[str, str]) -> StoredPoint:
    # An empty text looks like no text at all; the other fields are never empty.
    field = next((name for name in flux.VALUES if row.get(name)), "text")
    value = read_value(field, row[field])
    identity = (row["stream"], int(row["position"]), int(row["ord"]))
    return StoredPoint(*identity, row["tag"], int(row["ns"]) // NS_PER_MS, value, int(row["quality"]))


def near_in_time(pages: Iterable[Page], width_ms: int) -> list[list[Page]]:
    """Return pages in groups whose points lie within a width; a page that is wider stands alone."""
    timed = [page for page in pages if page.since_ms is not None]
    groups: list[list[Page]] = []
    for page in sorted(timed, key=lambda each: each.since_ms or 0):
        begin = groups[-1][0].since_ms if groups else None
        if begin is not None and (page.through_ms or 0) - begin < width_ms:
            groups[-1].append(page)
        else:
            groups.append([page])
    return groups


def rfc3339(ns: int) -> str:
    """Return a time in nanoseconds as InfluxDB reads it in a request to delete."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:09d}Z"
