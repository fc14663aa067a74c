"""Scans become batches: one for each device and commit, its metrics in the order they were seen."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import structlog

from edge.intake import BAD_INPUT
from edge.reading import Columns, Reading, Scan
from edge.spool_bounds import SpoolCounts
from edge.spool_file import SpoolFile, Stream, TagAlias, entry_key
from wire.coverage import OBSERVED_SINCE
from wire.point_columns import PointColumns
from wire.quality import BAD, GOOD
from wire.receipts import GapReason
from wire.sparkplug import DataType, MetricsWriter, Unencodable

log = structlog.get_logger(__name__)

# The last millisecond of the year 9999: later times are a broken clock.
LAST_MS: Final = 253_402_300_799_999
# A batch stays a modest MQTT message whatever backlog a device hands on at once.
MAX_POINTS: Final = 2000
# Whole scan classes come again and again; what changed alone is another set of tags each time.
MOST_COLUMNS: Final = 2000


# The newest durable reading of a tag.
Committed = Reading


class Tags:
    """The aliases of all tags, as the spool's file keeps them."""

    def __init__(
        self,
        aliases: Iterable[TagAlias],
        retired: Iterable[TagAlias],
        devices: Mapping[str, tuple[int, int | None]],
    ) -> None:
        self._by_device: dict[str, dict[str, TagAlias]] = {}
        self.by_alias = {tag.alias: tag for tag in aliases}
        for tag in self.by_alias.values():
            self._by_device.setdefault(tag.device, {})[tag.name] = tag
        retired = list(retired)
        # Tags that a full spool may thin: between two values of them lie others that were never read anyway.
        self.samples = frozenset(tag.alias for tag in (*self.by_alias.values(), *retired) if _is_sample(tag))
        # Old alias -> (alias of today, datatype its values were written under).
        self.renamed: dict[int, tuple[int, int]] = {
            old.alias: (self._by_device[old.device][old.name].alias, int(old.datatype)) for old in retired
        }
        self.numbers = {device: no for device, (no, _) in devices.items()}
        self.marks = {device: ms for device, (_, ms) in devices.items() if ms is not None}
        self.unfit: set[int] = set()
        # Device -> its counters that must go on after a restart.
        self.kept: dict[str, frozenset[str]] = {}
        self._columns: dict[tuple[str, tuple[str, ...]], PointColumns] = {}

    def become(self, other: "Tags") -> None:
        """Take over what another reading of the file has found; who holds this object sees it too."""
        self.by_alias, self._by_device = other.by_alias, other._by_device  # noqa: SLF001 - of its own kind
        self.samples, self.renamed, self.numbers = other.samples, other.renamed, other.numbers
        self.marks, self.kept = other.marks, other.kept
        self._columns = {}

    def columns_of(self, device: str, names: tuple[str, ...]) -> PointColumns:
        """What writes the values of these tags of a device together."""
        known = self._columns.get((device, names))
        if known is None:
            if len(self._columns) >= MOST_COLUMNS:
                self._columns.clear()
            tags = [self._by_device[device][name] for name in names]
            known = PointColumns([tag.alias for tag in tags], [tag.datatype for tag in tags])
            self._columns[device, names] = known
        return known

    def of(self, device: str) -> dict[str, TagAlias]:
        """Tags of a device by name, empty for an unknown one; the empty device is the node itself."""
        return self._by_device.get(device, {})


def _is_sample(tag: TagAlias) -> bool:
    is_fractional = tag.datatype in (DataType.FLOAT, DataType.DOUBLE)
    return is_fractional or not tag.device or tag.name in (OBSERVED_SINCE, BAD_INPUT)


class Written(NamedTuple):
    """Columns that stand in the batch of this key, under these aliases."""

    aliases: tuple[int, ...]
    columns: Columns
    key: int


@dataclass(slots=True)
class Draft:
    """What a commit changes in memory: taken over when it is durable, thrown away when it failed."""

    stream: Stream
    counts: SpoolCounts
    latest: dict[int, Committed] = field(default_factory=dict)
    keys: dict[int, int] = field(default_factory=dict)  # where the newest value of each alias stands
    columns: list[Written] = field(default_factory=list)  # of tags that have nothing in `latest`
    marks: dict[str, int] = field(default_factory=dict)
    unfit_values: int = 0
    has_entries: bool = False

    @property
    def next_key(self) -> int:
        """Key of the next entry."""
        return entry_key(self.stream.no, self.stream.last + 1)


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
            writer, key = MetricsWriter(), draft.next_key
            for part in points:
                if not isinstance(part, Columns):
                    _write(writer, part, known[part.tag], tags, (draft, key))
                elif not _write_columns(writer, part, tags, draft, key):
                    for reading in part:
                        _write(writer, reading, known[reading.tag], tags, (draft, key))
            content = writer.section()
            position = draft.stream.last + 1
            file.append(draft.stream.no, position, tags.numbers[device], written_ms, content)
            draft.stream = draft.stream._replace(last=position)
            draft.counts = draft.counts.appended(len(content))
            draft.has_entries = True
        for name, count in _counts(tags.kept.get(device, frozenset()), parts).items():
            file.keep_count(device, name, count)
        observed = _sessions(device, parts)
        if observed:
            draft.marks[device] = observed[-1][1]
            file.mark_observed(tags.numbers[device], observed[-1][1])


def _counts(kept: frozenset[str], scans: Sequence[Scan]) -> dict[str, int]:
    """The newest count of each tag in `kept`; a null of bad quality leaves the one before it."""
    readings = (reading for scan in scans for reading in scan.readings) if kept else ()
    return {r.tag: r.value for r in readings if r.tag in kept and isinstance(r.value, int)}


def _write(
    writer: MetricsWriter, reading: Reading, tag: TagAlias, tags: Tags, place: tuple[Draft, int]
) -> None:
    draft, key = place
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
        is_same = value is reading.value and quality == reading.quality
        draft.latest[tag.alias] = reading if is_same else reading._replace(value=value, quality=quality)
        draft.keys[tag.alias] = key


def tags_of(scan: Scan) -> Iterable[str]:
    """The tag of each reading of a scan."""
    readings = scan.readings
    return readings.tags if isinstance(readings, Columns) else [reading.tag for reading in readings]


def _write_columns(writer: MetricsWriter, columns: Columns, tags: Tags, draft: Draft, key: int) -> bool:
    """Whether all of it could be written together; if not, nothing was."""
    together = tags.columns_of(columns.device, columns.tags)
    section = together.section(columns.ts_ms, columns.values)
    # A value of the same tag, written before in this commit, is compared with each of these one by one.
    if section is None or not draft.latest.keys().isdisjoint(together.aliases):
        return False
    writer.written(section)
    draft.columns.append(Written(together.aliases, columns, key))
    return True


def _pieces(device: str, scans: Sequence[Scan]) -> Iterator[list[Reading | Columns]]:
    """Readings of a device's scans, at most `MAX_POINTS` at once, what was observed at the end."""
    parts: list[Reading | Columns] = []
    for scan in scans:
        is_whole = isinstance(scan.readings, Columns) and len(scan.readings) <= MAX_POINTS
        parts += [scan.readings] if is_whole else scan.readings  # type: ignore[list-item]  # the line above
    parts += [
        Reading(device, OBSERVED_SINCE, through_ms, since_ms, GOOD)
        for since_ms, through_ms in _sessions(device, scans)
    ]
    piece: list[Reading | Columns] = []
    room = MAX_POINTS
    for part in parts:
        size = len(part) if isinstance(part, Columns) else 1
        if size > room:
            yield piece
            piece, room = [], MAX_POINTS
        piece.append(part)
        room -= size
    if piece:
        yield piece


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


def write_gap(file: SpoolFile, draft: Draft, now_ms: int, scans: int) -> None:
    """Append a gap for scans that memory had no room for, if any, so that the host knows of them too."""
    if not scans:
        return
    position = draft.stream.last + 1
    file.append_gap(draft.stream.no, position, now_ms, GapReason.DROPPED)
    draft.stream = draft.stream._replace(last=position)
    draft.has_entries = True
