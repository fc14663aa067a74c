"""Scans become batches: one for each device and commit, its metrics in the order they were seen."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog

from edge.reading import Reading, Scan
from edge.spool_bounds import SpoolCounts
from edge.spool_file import SpoolFile, Stream, TagAlias
from wire.coverage import OBSERVED_SINCE
from wire.quality import BAD, GOOD
from wire.sparkplug import MetricsWriter, Unencodable, Value

log = structlog.get_logger(__name__)

# The last millisecond of the year 9999: later times are a broken clock.
LAST_MS: Final = 253_402_300_799_999
# A batch stays a modest MQTT message whatever backlog a device hands on at once.
MAX_POINTS: Final = 2000


class Committed(NamedTuple):
    """The newest durable value of a tag; `ts_ms` is plant time."""

    ts_ms: int
    value: Value
    quality: int


class Tags:
    """The aliases of all tags, as the spool's file keeps them."""

    def __init__(
        self,
        aliases: Iterable[TagAlias],
        retired: Iterable[TagAlias],
        devices: Mapping[str, tuple[int, int | None]],
    ) -> None:
        self._by_device: dict[str, dict[str, TagAlias]] = {}
        for tag in aliases:
            self._by_device.setdefault(tag.device, {})[tag.name] = tag
        # Old alias -> (alias of today, datatype its values were written under).
        self.renamed: dict[int, tuple[int, int]] = {
            old.alias: (self._by_device[old.device][old.name].alias, int(old.datatype)) for old in retired
        }
        self.numbers = {device: no for device, (no, _) in devices.items()}
        self.marks = {device: ms for device, (_, ms) in devices.items() if ms is not None}
        self.unfit: set[int] = set()

    def of(self, device: str) -> dict[str, TagAlias]:
        """Tags of a device by name, empty for an unknown one; the empty device is the node itself."""
        return self._by_device.get(device, {})


@dataclass(slots=True)
class Draft:
    """What a commit changes in memory: taken over when it is durable, thrown away when it failed."""

    stream: Stream
    counts: SpoolCounts
    latest: dict[int, Committed] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    unfit_values: int = 0
    has_entries: bool = False


def write_scans(file: SpoolFile, tags: Tags, draft: Draft, scans: Sequence[Scan], written_ms: int) -> None:
    """Append the batches of `scans` to the draft's stream, inside the caller's transaction.

    A value that does not fit its tag's datatype becomes a null of quality 0, so that one bad value never
    holds up its batch.
    """
    by_device: dict[str, list[Scan]] = {}
    for scan in scans:
        by_device.setdefault(scan.device, []).append(scan)
    for device, parts in by_device.items():
        known = tags.of(device)
        for points in _pieces(device, parts):
            writer = MetricsWriter()
            for reading in points:
                _write(writer, reading, known[reading.tag], tags, draft)
            content = writer.section()
            position = draft.stream.last + 1
            file.append(draft.stream.no, position, tags.numbers[device], written_ms, content)
            draft.stream = draft.stream._replace(last=position)
            draft.counts = draft.counts.appended(len(content))
            draft.has_entries = True
        observed = _sessions(device, parts)
        if observed:
            draft.marks[device] = observed[-1][1]
            file.mark_observed(tags.numbers[device], observed[-1][1])


def _write(writer: MetricsWriter, reading: Reading, tag: TagAlias, tags: Tags, draft: Draft) -> None:
    value, quality = reading.value, reading.quality
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        quality = BAD if quality == GOOD else quality  # no number is never a good one
    try:
        writer.point(tag.alias, reading.ts_ms, tag.datatype, value, quality)
    except Unencodable as wrong:
        value, quality = None, BAD
        writer.point(tag.alias, min(max(0, reading.ts_ms), LAST_MS), tag.datatype, None, BAD)
        draft.unfit_values += 1
        if tag.alias not in tags.unfit:
            tags.unfit.add(tag.alias)
            log.warning("value_unfit", device=tag.device, tag=tag.name, reason=str(wrong))
    newest = draft.latest.get(tag.alias)
    if newest is None or reading.ts_ms >= newest.ts_ms:
        draft.latest[tag.alias] = Committed(reading.ts_ms, value, quality)


def _pieces(device: str, scans: Sequence[Scan]) -> Iterator[list[Reading]]:
    """Readings of a device's scans, at most `MAX_POINTS` at once, what was observed at the end."""
    readings = [reading for scan in scans for reading in scan.readings]
    readings += [
        Reading(device, OBSERVED_SINCE, through_ms, since_ms, GOOD)
        for since_ms, through_ms in _sessions(device, scans)
    ]
    for start in range(0, len(readings), MAX_POINTS):
        yield readings[start : start + MAX_POINTS]


def _sessions(device: str, scans: Sequence[Scan]) -> list[tuple[int, int]]:
    """One assertion for each driver session: the same `since` again only reaches further.

    An interval that no clock can have meant asserts nothing.
    """
    sessions: list[tuple[int, int]] = []
    for scan in scans:
        if scan.observed is None:
            continue
        since_ms, through_ms = scan.observed
        if not 0 <= since_ms <= through_ms <= LAST_MS:
            log.warning("coverage_unfit", device=device, since_ms=since_ms, through_ms=through_ms)
        elif sessions and sessions[-1][0] == since_ms:
            sessions[-1] = (since_ms, max(sessions[-1][1], through_ms))
        else:
            sessions.append((since_ms, through_ms))
    return sessions
