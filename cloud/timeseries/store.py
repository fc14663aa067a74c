"""The contract of a time-series store: what ingest commits, what readers may ask, by method."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

# Quality codes of stored points: Sparkplug's, and one of ours (OPC's "uncertain") for a time from the future.
GOOD = 192
BAD = 0
FUTURE = 64


class StoreRefused(Exception):
    """The store did not take a commit; nothing of it is stored and the same commit may be tried again."""


class ContentRefused(StoreRefused):
    """The store can never hold what this commit contains; trying again does not help."""


class WatermarkWentBack(ContentRefused):
    """A commit tried to store at or below a watermark, that is, to store something twice."""


class WrongFormat(Exception):
    """The file was written by another format version; it is not touched."""


class StreamKey(NamedTuple):
    """One stream of one edge node; `node` is `group/node`, `stream` 32 hex digits."""

    node: str
    stream: str


class BatchRow(NamedTuple):
    """One stored batch: identity, origin, plant time of sending, real time of receiving."""

    stream: str
    position: int
    node: str
    sent_ms: int
    received_ms: int


class GapRow(NamedTuple):
    """A recorded hole: positions first to last of a stream will never come, and why."""

    node: str
    stream: str
    first: int
    last: int
    reason: str


class QuarantineRow(NamedTuple):
    """A payload that could not be stored as points; `head` holds its first bytes, `digest` its SHA-256."""

    at_ms: int
    topic: str
    reason: str
    size: int
    digest: str
    head: bytes


class Quarantined(NamedTuple):
    """A quarantined payload as stored, with its number."""

    id: int
    at_ms: int
    topic: str
    reason: str
    size: int
    head: bytes


@dataclass(slots=True)
class PointColumns:
    """Numeric points, column by column; `batch` and `tag` index the commit's batches and tags."""

    batch: list[int] = field(default_factory=list)
    ord: list[int] = field(default_factory=list)
    tag: list[int] = field(default_factory=list)
    ts_ms: list[int] = field(default_factory=list)
    value: list[float | None] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.batch)


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
    batches: list[BatchRow] = field(default_factory=list)
    points: PointColumns = field(default_factory=PointColumns)
    texts: TextColumns = field(default_factory=TextColumns)
    signals: list[SignalRow] = field(default_factory=list)
    watermarks: dict[StreamKey, int] = field(default_factory=dict)
    gaps: list[GapRow] = field(default_factory=list)
    quarantine: list[QuarantineRow] = field(default_factory=list)

    def is_empty(self) -> bool:
        """Return whether nothing waits to be stored."""
        return not (self.batches or self.watermarks or self.gaps or self.quarantine or self.signals)

    def rows(self) -> int:
        """Return the number of points and texts."""
        return len(self.points) + len(self.texts)


class Committed(NamedTuple):
    """What a commit became: its number, the points in it, the real time of it."""

    commit_no: int
    points: int
    committed_ms: int


class SignalPage(NamedTuple):
    """Signals of whole commits in commit order; `through` is the last commit covered by the page."""

    rows: list[SignalRow]
    through: int


class Sample(NamedTuple):
    """One stored value; text for texts, an exact integer for integers above 2^53."""

    ts_ms: int
    value: float | int | str | None
    quality: int


class Window(NamedTuple):
    """Good values of one tag in [start_ms, start_ms + window); windows without a good value are left out."""

    start_ms: int
    good: int
    minimum: float
    maximum: float
    mean: float
    first: float
    last: float


class AuditRow(NamedTuple):
    """One point as stored; `committed_ms` is real time."""

    stream: str
    position: int
    ord: int
    tag: str
    ts_ms: int
    value: float | int | str | None
    quality: int
    committed_ms: int


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
    """A time-series store; times are plant milliseconds since the epoch, intervals half-open."""

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
        """Return windows aligned to the epoch over the good values of a tag."""
        ...

    def state_durations(self, tag: str, since_ms: int, until_ms: int) -> Mapping[float, int]:
        """Return milliseconds per good value, each holding until the next, the one before included."""
        ...

    def drop_before(self, until_ms: int) -> int:
        """Return how many points older than `until_ms` were dropped; watermarks stay."""
        ...

    def audit(self, after: int, limit: int) -> AuditRows:
        """Return stored points after a cursor (0 = from the start) in commit order."""
        ...

    def watermarks(self) -> Mapping[StreamKey, int]:
        """Return the highest stored position per stream."""
        ...

    def gaps(self) -> list[GapRow]:
        """Return every recorded gap."""
        ...

    def signal_log(self, after: int, limit: int) -> SignalPage:
        """Return signals of the commits after number `after`, whole commits, at least one if any."""
        ...

    def trim_signal_log(self, through: int) -> int:
        """Return how many signals up to commit `through` were forgotten."""
        ...

    def bound(self) -> Mapping[str, Meaning]:
        """Return the meanings of tags whose stored points stand in the signal log or went through it."""
        ...

    def rebind(self, meanings: Mapping[str, Meaning]) -> int:
        """Return how many stored points of newly bound tags were copied to the signal log, in one commit."""
        ...

    def quarantined(self, limit: int) -> list[Quarantined]:
        """Return the newest quarantined payloads first."""
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
