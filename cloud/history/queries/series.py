"""Finds signals and reads them for charts: points where there are few, windows where there are many."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from cloud.errors import NotFound
from cloud.history.queries.asked import check_tags
from cloud.history.schemas import (
    HistoryOut,
    HistoryPoint,
    HistorySeries,
    HistorySpan,
    HistoryTag,
    HistoryWindow,
    ReadingTimes,
    Scalar,
    TagPage,
)
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso, iso_or_none
from cloud.timeseries.continued import Continued
from cloud.timeseries.store import GOOD, Sample, Store, Window
from wire.coverage import OBSERVED_SINCE
from wire.topics import split_tag

# What a chart's window may be, seconds: people read these off an axis.
NICE_S = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800),
    *(3600, 7200, 14_400, 21_600, 43_200, 86_400, 604_800),
)
# So many values are looked at one by one for what was bad; of more only their windows are read.
LOOKED_THROUGH = 20_000
YEAR_10000_MS = 253_402_300_800_000
# So far back texts are read first, then twice as far, and so on.
FIRST_BACK_MS = 3_600_000


def found_tags(session: Session, store: Continued, words: str, after: str | None, limit: int) -> TagPage:
    """Signals whose address contains `words`, with what they mean and their newest value."""
    names = store.tags(words, after, limit + 1)
    shown = names[:limit]
    meanings, called = plant.bindings(session), _source_names(session)
    newest = store.latest(shown)
    items = []
    for tag in shown:
        group, node, device, metric = split_tag(tag)
        meaning, sample = meanings.get(tag), newest.get(tag)
        items.append(
            HistoryTag(
                tag=tag,
                group=group,
                node=node,
                device=device,
                metric=metric,
                role=meaning.role if meaning else None,
                source=meaning.source if meaning else None,
                source_name=called.get(meaning.source) if meaning else None,
                value=sample.value if sample else None,
                at=iso_or_none(sample.ts_ms if sample else None),
                quality=sample.quality if sample else None,
                earlier=[piece.tag for piece in store.pieces(tag)[:-1]],
            )
        )
    return TagPage(items=items, next=shown[-1] if len(names) > limit else None)


def _source_names(session: Session) -> dict[str, Name]:
    named = [(machine.id, machine.name) for machine in plant.machines(session)]
    named += [(reader.id, reader.name) for reader in plant.readers(session)]
    return {source: Name(zh=name.zh, en=name.en) for source, name in named}


def series(store: Continued, tags: Sequence[str], window: tuple[int, int], most: int) -> HistoryOut:
    """At most about `most` points or windows of each signal.

    Raises
    ------
    NotFound
        Naming a tag that has no stored values.
    """
    check_tags(store, tags)
    start_ms, end_ms = window
    return HistoryOut(
        start=iso(start_ms),
        end=iso(end_ms),
        series=[_one_series(store, tag, window, most) for tag in tags],
    )


def _one_series(store: Continued, tag: str, window: tuple[int, int], most: int) -> HistorySeries:
    start_ms, end_ms = window
    least_s = (end_ms - start_ms) / 1000 / most
    width_ms = 1000 * next((width for width in NICE_S if width >= least_s), NICE_S[-1])
    windows = store.aggregate(tag, start_ms, end_ms, width_ms)
    good = sum(window.good for window in windows)
    is_few = good <= 2 * most
    read = _looked_through(store, tag, window, good, 4 * most)
    points = read if is_few else []
    shown_from = None
    if len(points) > 4 * most:  # texts or bad values beyond what a picture shows: the newest
        points = points[-4 * most :]
        shown_from = iso(points[0].ts_ms)
    return HistorySeries(
        tag=tag,
        window_s=None if is_few else width_ms / 1000,
        shown_from=shown_from,
        before=None if shown_from else _before(store, tag, start_ms),
        points=[HistoryPoint(at=iso(p.ts_ms), value=p.value, quality=p.quality) for p in points],
        windows=[] if is_few else [_window(each) for each in windows],
        unobserved=_unobserved(store, tag, window, width_ms),
        bad=_bad(points if shown_from else read, end_ms, width_ms),
    )


def _looked_through(
    store: Continued, tag: str, window: tuple[int, int], good: int, most: int
) -> Sequence[Sample]:
    """The points of a window; none where too many are good numbers, the newest where too many are not.

    Nobody counts texts without reading them: they are read from the newest back until more than `most` are.
    """
    start_ms, end_ms = window
    if good > LOOKED_THROUGH:
        return []
    if good:
        return store.raw(tag, start_ms, end_ms)
    parts: list[list[Sample]] = []
    until_ms, length_ms = end_ms, FIRST_BACK_MS
    while until_ms > start_ms and sum(map(len, parts)) <= most:
        since_ms = max(start_ms, until_ms - length_ms)
        parts.append(store.raw(tag, since_ms, until_ms))
        until_ms, length_ms = since_ms, 2 * length_ms
    return [point for part in reversed(parts) for point in part]


def _bad(points: Sequence[Sample], end_ms: int, width_ms: int) -> list[HistorySpan]:
    """Time in which the newest value was not good; what lies closer than a window is drawn as one."""
    spans: list[tuple[int, int]] = []
    since: int | None = None
    for point in points:
        if point.quality != GOOD:
            since = point.ts_ms if since is None else since
        elif since is not None:
            spans.append((since, point.ts_ms))
            since = None
    if since is not None:
        spans.append((since, end_ms))
    drawn: list[tuple[int, int]] = []
    for a, b in spans:
        if drawn and a - drawn[-1][1] < width_ms:
            drawn[-1] = (drawn[-1][0], b)
        else:
            drawn.append((a, b))
    return [HistorySpan(start=iso(a), end=iso(b)) for a, b in drawn]


def _before(store: Continued, tag: str, start_ms: int) -> Scalar:
    """The value that stood at `start_ms`, looked for up to a day back."""
    for back_ms in (60_000, 3_600_000, 86_400_000):
        good = [p for p in store.raw(tag, max(0, start_ms - back_ms), start_ms) if p.quality == GOOD]
        if good:
            return good[-1].value
    return None


def reading_times(store: Store, stream: str, position: int, ts_ms: int) -> ReadingTimes:
    """When a reading was sent, received and stored.

    Raises
    ------
    NotFound
        When no such reading is kept.
    """
    times = store.batch_times(stream, position, ts_ms)
    if times is None:
        raise NotFound("No such reading is kept.", code="no_such_reading")
    return ReadingTimes(
        sent_at=iso(times.sent_ms) if 0 < times.sent_ms < YEAR_10000_MS else None,
        received_at=iso(times.received_ms),
        stored_at=iso(times.committed_ms),
    )


def _window(window: Window) -> HistoryWindow:
    return HistoryWindow(
        at=iso(window.start_ms),
        mean=window.mean,
        time_weighted=window.time_weighted,
        min=window.minimum,
        max=window.maximum,
        first=window.first,
        last=window.last,
        count=window.good,
    )


def _unobserved(store: Continued, tag: str, window: tuple[int, int], width_ms: int) -> list[HistorySpan]:
    """Where nobody watched the signal's device: between what its gateway said it had watched."""
    group, node, device, _ = split_tag(tag)
    told = f"{group}/{node}/{device}/{OBSERVED_SINCE}"
    if not device or not store.tags(told, None, 1):
        return []
    start_ms, end_ms = window
    # An assertion that begins in the window or before may end after it.
    if end_ms - start_ms <= 2 * 86_400_000:
        asserted = [(p.value, p.ts_ms) for p in store.raw(told, start_ms, end_ms + 300_000)]
    else:
        asserted = [
            (each.first, each.start_ms + width_ms)
            for each in store.aggregate(told, start_ms, end_ms, width_ms)
        ]
    spans, at_ms = [], start_ms
    known = sorted((int(since), until) for since, until in asserted if isinstance(since, int | float))
    for since_ms, until_ms in known:
        if since_ms > at_ms:
            spans.append((at_ms, min(since_ms, end_ms)))
        at_ms = max(at_ms, until_ms)
    if known and at_ms < end_ms - max(width_ms, 60_000):  # what is not said yet is not unobserved
        spans.append((at_ms, end_ms))
    return [HistorySpan(start=iso(a), end=iso(b)) for a, b in spans if b > a]
