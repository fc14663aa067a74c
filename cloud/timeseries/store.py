"""The contract of a time-series store: what ingest commits, what readers may ask, by method."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from cloud.timeseries.batch_columns import BatchColumns, BatchRow, StreamKey
from cloud.timeseries.holdings import Compacted, Holdings
from cloud.timeseries.point_columns import PointColumns

__all__ = [
    "BAD",
    "FUTURE",
    "GOOD",
    "NOTHING_TAKEN",
    "REBOUND",
    "AuditRow",
    "AuditRows",
    "BatchColumns",
    "BatchRow",
    "BatchTimes",
    "Commit",
    "Committed",
    "ContentRefused",
    "GapRow",
    "Meaning",
    "NodeTotals",
    "QuarantineRow",
    "Quarantined",
    "Sample",
    "SignalPage",
    "SignalRow",
    "Store",
    "StoreCounts",
    "StoreRefused",
    "StreamKey",
    "TelemetryRow",
    "TextColumns",
    "WatermarkWentBack",
    "Window",
    "WrongFormat",
]

# Quality codes of stored points: Sparkplug's, and one of ours (OPC's "uncertain") for a time from the future.
GOOD = 192
BAD = 0
FUTURE = 64

NOTHING_TAKEN: Final[Mapping[str, int]] = MappingProxyType({})

# Role of a stored point that comes to the signal log again because what its tag means came, changed or went.
REBOUND = "rebound"


class StoreRefused(Exception):
    """The store did not take a commit; nothing of it is stored and the same commit may be tried again."""


class ContentRefused(StoreRefused):
    """The store can never hold what this commit contains; trying again does not help."""


class WatermarkWentBack(ContentRefused):
    """A commit tried to store at or below a watermark, that is, to store something twice."""


class WrongFormat(Exception):
    """The file was written by another format version; it is not touched."""


class GapRow(NamedTuple):
    """A recorded hole: positions first to last of a stream will never come, and why."""

    node: str
    stream: str
    first: int
    last: int
    reason: str


class QuarantineRow(NamedTuple):
    """A payload that could not be stored as points; `digest` its SHA-256, `head` its bytes up to a bound."""

    at_ms: int
    topic: str
    reason: str
    size: int
    digest: str
    head: bytes


class TelemetryRow(NamedTuple):
    """The mark of a stored telemetry message: `site/device`, digest of its id or payload, plant time."""

    device: str
    digest: str
    at_ms: int


class Quarantined(NamedTuple):
    """A quarantined payload with its number; `head` its first bytes, or all that was kept."""

    id: int
    at_ms: int
    topic: str
    reason: str
    size: int
    head: bytes


@dataclass(slots=True)
class TextColumns:
    """Points that no double holds exactly: texts, and integers (`is_number`) above 2^53."""

    batch: list[int] = field(default_factory=list)
    ord: list[int] = field(default_factory=list)
    tag: list[int] = field(default_factory=list)
    ts_ms: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    is_number: list[bool] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.batch)


class SignalRow(NamedTuple):
    """One point of a bound tag as the deriver reads it; a gap has role `gap` and carries `first` as value."""

    stream: str
    position: int
    ord: int
    tag: str
    role: str
    source: str
    ts_ms: int
    value: float | None
    text: str | None
    quality: int


@dataclass(slots=True)
class Commit:
    """Everything that one transaction stores: points, texts, signals, watermark moves, gaps, quarantine."""

    tags: Sequence[str] = ()
    batches: BatchColumns = field(default_factory=BatchColumns)
    points: PointColumns = field(default_factory=PointColumns)
    texts: TextColumns = field(default_factory=TextColumns)
    signals: list[SignalRow] = field(default_factory=list)
    watermarks: dict[StreamKey, int] = field(default_factory=dict)
    gaps: list[GapRow] = field(default_factory=list)
    quarantine: list[QuarantineRow] = field(default_factory=list)
    telemetry: list[TelemetryRow] = field(default_factory=list)

    def is_empty(self) -> bool:
        """Return whether nothing waits to be stored."""
        marks = self.quarantine or self.telemetry
        return not (self.batches or self.watermarks or self.gaps or self.signals or marks)

    def rows(self) -> int:
        """Return the number of points and texts."""
        return len(self.points) + len(self.texts)


class Committed(NamedTuple):
    """What a commit became: its number, the points in it, the real time of it."""

    commit_no: int
    points: int
    committed_ms: int


class SignalPage(NamedTuple):
    """Signals of whole commits in commit order; `through` is the last commit covered by the page.

    `more` says whether signals that were asked for stand behind it.
    """

    rows: list[SignalRow]
    through: int
    more: bool = False


class Sample(NamedTuple):
    """One stored value; text for texts, an exact integer for integers above 2^53."""

    ts_ms: int
    value: float | int | str | None
    quality: int


class Window(NamedTuple):
    """Good values of one tag in [start_ms, start_ms + window); windows without a good value are left out.

    `mean` is over the values; `time_weighted` is over the time, each value holding until the next one, the
    value that stood when the window began included. Time before the first known good value has no weight.
    """

    start_ms: int
    good: int
    minimum: float
    maximum: float
    mean: float
    first: float
    last: float
    time_weighted: float


class BatchTimes(NamedTuple):
    """When a batch was sent (plant time, as its sender says), received and committed (both real time)."""

    sent_ms: int
    received_ms: int
    committed_ms: int


class AuditRow(NamedTuple):
    """One point as stored with the times of its batch, see `BatchTimes`."""

    stream: str
    position: int
    ord: int
    tag: str
    ts_ms: int
    value: float | int | str | None
    quality: int
    committed_ms: int
    sent_ms: int
    received_ms: int


class AuditRows(NamedTuple):
    """A page of points in commit order; `next` continues after it, None at the end."""

    rows: list[AuditRow]
    next: int | None


class Meaning(NamedTuple):
    """What a tag means: the role of its values and the machine or reader they belong to."""

    role: str
    source: str
    version: int


class NodeTotals(NamedTuple):
    """What is stored of one node; times are real, None before the first batch."""

    points: int
    gaps: int
    last_committed_ms: int | None


class StoreCounts(NamedTuple):
    """Sizes of the store; `signal_commit_no` is the last commit that carried signals and is not trimmed."""

    points: int
    batches: int
    gaps: int
    quarantined: int
    commit_no: int
    signal_commit_no: int
    size_bytes: int


class Store(Protocol):
    """A time-series store; times are plant milliseconds since the epoch, intervals half-open.

    A backup is the matter of each store: servers have tools for it, the embedded has `DuckDBStore.backup`.
    """

    @property
    def generation(self) -> int:
        """Return the store's generation, raised when a backup is restored."""
        ...

    def append(self, commit: Commit) -> Committed:
        """Return the number of the commit after storing all of it or nothing; raises StoreRefused."""
        ...

    def latest(self, tags: Sequence[str]) -> Mapping[str, Sample]:
        """Return the value with the greatest time per tag; a time flagged as future never wins."""
        ...

    def raw(self, tag: str, since_ms: int, until_ms: int) -> list[Sample]:
        """Return the points of a tag sorted by time, then commit order, whatever their quality."""
        ...

    def aggregate(self, tag: str, since_ms: int, until_ms: int, window_ms: int) -> list[Window]:
        """Return windows aligned to the epoch over the good values of a tag; good is finite, quality GOOD."""
        ...

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> Mapping[float, int]:
        """Return milliseconds per good value, each holding until the next, the one before included."""
        ...

    def tags(self, contains: str, after: str | None, limit: int) -> list[str]:
        """Return up to `limit` tags in the order of their names that come after `after`.

        `contains` is part of the name in any case of letters; an empty text finds every tag.
        """
        ...

    def drop_before(self, until_ms: int, sums_until_ms: int | None = None) -> int:
        """Return how many points older than `until_ms` were dropped; watermarks stay.

        A store that keeps sums by hour keeps those from `sums_until_ms` on; None: they go with their points.
        """
        ...

    def compact(self, until_ms: int) -> Compacted:
        """Return what one bounded step did to bring hours that end by `until_ms` into their final form.

        To be called again while hours wait. What readers are told stays the same before, after and meanwhile.
        """
        ...

    def holdings(self) -> Holdings:
        """Return how the points are held, by hours and months."""
        ...

    def audit(self, after: int, limit: int) -> AuditRows:
        """Return stored points after a cursor (0 = from the start) in commit order."""
        ...

    def batch_times(self, stream: str, position: int, ts_ms: int) -> BatchTimes | None:
        """Return when the batch came that holds a point of this time; None when it is not kept."""
        ...

    def watermarks(self) -> Mapping[StreamKey, int]:
        """Return the highest stored position per stream."""
        ...

    def gaps(self) -> list[GapRow]:
        """Return every recorded gap."""
        ...

    def signal_log(
        self,
        after: int,
        limit: int,
        taken: Mapping[str, int] = NOTHING_TAKEN,
        only: Collection[str] | None = None,
    ) -> SignalPage:
        """Return signals of the commits after number `after`, whole commits, at least one if any.

        Of a stream in `taken` only those after that commit; `only` leaves out all other streams. A page of
        all streams that reaches the end of the log covers it, also where all was taken.
        """
        ...

    def newest_signals(self, after: int, until_ms: int, taken: Mapping[str, int]) -> Mapping[str, int]:
        """Return for each stream with such signals in the log the newest good time up to `until_ms`."""
        ...

    def trim_signal_log(self, through: int) -> int:
        """Return how many signals up to commit `through` were forgotten."""
        ...

    def bound(self) -> Mapping[str, Meaning]:
        """Return the meanings of tags whose stored points stand in the signal log or went through it."""
        ...

    def rebind(self, meanings: Mapping[str, Meaning]) -> int:
        """Return how many points of tags whose meaning came, changed or went were copied to the signal log.

        Copies carry the role REBOUND, in commits of their own: what they mean now is for the reader to say.
        """
        ...

    def quarantined(self, limit: int) -> list[Quarantined]:
        """Return the newest quarantined payloads first, each with its first bytes."""
        ...

    def quarantined_whole(self, number: int) -> Quarantined | None:
        """Return one quarantined payload with all of it that was kept, None when it is gone."""
        ...

    def telemetry_marks(self) -> list[tuple[str, str]]:
        """Return the marks (device, digest) of the newest telemetry messages, oldest first."""
        ...

    def counts(self) -> StoreCounts:
        """Return the sizes of the store."""
        ...

    def by_node(self) -> Mapping[str, NodeTotals]:
        """Return what is stored per node (`group/node`)."""
        ...

    def close(self) -> None:
        """Close the store; a second call does nothing."""
        ...
