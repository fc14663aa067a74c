"""The batches of one commit, packed into one value of the relational database."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import orjson

from cloud.timeseries.point_columns import PointArrays
from cloud.timeseries.store import BatchRow, Commit

_FASTEST = 1
_NOTHING = np.iinfo(np.int64)


class Page(NamedTuple):
    """A stored batch: its number in commit order, identity, points, and the extent of their times.

    `since_ms` and `through_ms` are the least and the greatest time of its points, None without points.
    """

    number: int
    stream: str
    position: int
    node: str
    points: int
    sent_ms: int
    received_ms: int
    since_ms: int | None
    through_ms: int | None


def pages_of(commit: Commit, points: PointArrays) -> list[Page]:
    """Return the batches of a commit with the extent of their points, numbered from 0."""
    size = len(commit.batches)
    if not size:
        return []
    batch = np.concatenate([points.batch, np.asarray(commit.texts.batch, dtype=np.int64)])
    ts_ms = np.concatenate([points.ts_ms, np.asarray(commit.texts.ts_ms, dtype=np.int64)])
    since = np.full(size, _NOTHING.max)
    through = np.full(size, _NOTHING.min)
    np.minimum.at(since, batch, ts_ms)
    np.maximum.at(through, batch, ts_ms)
    counts = np.bincount(batch, minlength=size).tolist()
    rows = zip(commit.batches, counts, since.tolist(), through.tolist(), strict=True)
    return [_page(number, *row) for number, row in enumerate(rows)]


def written_tags(commit: Commit, points: PointArrays) -> set[str]:
    """Return the tags that a commit has points of."""
    used = set(np.flatnonzero(np.bincount(points.tag, minlength=len(commit.tags))).tolist())
    return {commit.tags[index] for index in used | set(commit.texts.tag)}


def _page(number: int, row: BatchRow, points: int, since_ms: int, through_ms: int) -> Page:
    extent = (since_ms, through_ms) if points else (None, None)
    return Page(number, row.stream, row.position, row.node, points, row.sent_ms, row.received_ms, *extent)


def pack(pages: Sequence[Page]) -> bytes:
    """Return pages as bytes: columns, since neighbours are alike; `number` is not kept."""
    streams = sorted({(page.stream, page.node) for page in pages})
    index = {key: at for at, key in enumerate(streams)}
    kind = [index[page.stream, page.node] for page in pages]
    columns = [list(column) for column in zip(*(page[4:] for page in pages), strict=True)]
    return zlib.compress(
        orjson.dumps([streams, kind, [page.position for page in pages], *columns]), level=_FASTEST
    )


def unpack(packed: bytes, first: int) -> list[Page]:
    """Return the pages of packed bytes, numbered from `first`."""
    streams, kind, position, *columns = orjson.loads(zlib.decompress(packed))
    rows: Any = zip(kind, position, *columns, strict=True)
    found = []
    for at, (which, at_position, *rest) in enumerate(rows):
        stream, node = streams[which]
        found.append(Page(first + at, stream, at_position, node, *rest))
    return found


def extent(pages: Sequence[Page]) -> tuple[int | None, int | None]:
    """Return the least and the greatest time of the points of some pages."""
    since = [page.since_ms for page in pages if page.since_ms is not None]
    through = [page.through_ms for page in pages if page.through_ms is not None]
    return (min(since), max(through)) if since else (None, None)


def is_cut(page: Page, until_ms: int) -> bool:
    """Return whether a time falls between the points of a page."""
    if page.since_ms is None or page.through_ms is None:
        return False
    return page.since_ms < until_ms <= page.through_ms


def without_old(pages: Sequence[Page], kept: Mapping[tuple[str, int], int], until_ms: int) -> list[Page]:
    """Return pages without their points before a time; those that lost all stay as empty pages.

    `kept` says how many points a page that is cut still has, by stream and position.
    """
    left = []
    for page in pages:
        if page.since_ms is None or page.since_ms >= until_ms:
            left.append(page)
            continue
        points = kept.get((page.stream, page.position), 0) if is_cut(page, until_ms) else 0
        extent_ = (until_ms, page.through_ms) if points else (None, None)
        left.append(page._replace(points=points, since_ms=extent_[0], through_ms=extent_[1]))
    return left


def position_spans(pages: Sequence[Page]) -> list[tuple[str, int, int]]:
    """Return the batches of some pages as (stream, first, last), neighbouring positions joined."""
    found: list[tuple[str, int, int]] = []
    for stream, position in sorted({(page.stream, page.position) for page in pages}):
        if found and found[-1][0] == stream and found[-1][2] + 1 == position:
            found[-1] = (stream, found[-1][1], position)
        else:
            found.append((stream, position, position))
    return found
