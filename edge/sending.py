"""What goes on its way next: window, receipts, going back; pure logic over what the spool holds."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from edge.gateway import WindowSettings
from edge.spool_file import Entry, Stream
from edge.spool_reader import SpoolReader
from wire.receipts import BatchHeader, Receipt

_READ_AT_ONCE: Final = 64
# A stream whose first batch comes back again and again sends little more than that batch.
_PROBING_ENTRIES: Final = 8
# A short outage is made up for at once, only a long backlog is held back.
_AT_ONCE_S: Final = 8.0


class Outgoing(NamedTuple):
    """An entry to publish now with the header that goes before it."""

    entry: Entry
    header: BatchHeader


class Effect(NamedTuple):
    """What a receipt leads to, for the spool to make durable.

    `renewed` is a new generation of the host; `stored` and `unstorable` are (stream number, position).
    """

    renewed: int | None = None
    stored: tuple[int, int] | None = None
    unstorable: tuple[int, int] | None = None


@dataclass(slots=True)
class _Load:
    """Entries on their way and their bytes."""

    entries: int = 0
    size: int = 0

    def has_room(self, size: int, window: "_Load") -> bool:
        """Whether one more entry fits; a single one always does."""
        return self.entries == 0 or (self.entries < window.entries and self.size + size <= window.size)

    def add(self, entries: int, size: int) -> None:
        self.entries += entries
        self.size += size


@dataclass(slots=True)
class _Lane:
    """One stream on its way: receipted ≤ cursor ≤ last."""

    stream: bytes
    no: int
    receipted: int
    last: int
    cursor: int
    load: _Load  # shared: of the live stream alone, or of all older ones together
    flying: deque[tuple[int, int]] = field(default_factory=deque)
    ahead: deque[Entry] = field(default_factory=deque)
    went_back_at_s: float | None = None
    fruitless: int = 0

    def go_back(self) -> None:
        self.land(self.cursor)
        self.cursor = self.receipted
        self.ahead.clear()

    def land(self, through: int) -> None:
        while self.flying and self.flying[0][0] <= through:
            self.load.add(-1, -self.flying.popleft()[1])

    def next_entry(self, reader: SpoolReader) -> Entry | None:
        if not self.ahead and self.cursor < self.last:
            self.ahead.extend(reader.entries(self.no, self.cursor, _READ_AT_ONCE))
            if not self.ahead:
                self.cursor = self.last
        return self.ahead[0] if self.ahead else None

    def sent(self, entry: Entry) -> None:
        self.ahead.popleft()
        self.cursor = entry.position
        self.last = max(self.last, entry.position)
        self.flying.append((entry.position, entry.size))
        self.load.add(1, entry.size)


class _Pace:
    """How fast older streams may go: so many bytes a second on average, some seconds' worth at once."""

    def __init__(self, bytes_s: float | None) -> None:
        self._bytes_s = bytes_s
        self._allowed = 0.0 if bytes_s is None else bytes_s * _AT_ONCE_S
        self._at_s: float | None = None

    def passes(self, now_s: float) -> None:
        """Let time pass."""
        if self._bytes_s is not None and self._at_s is not None:
            grown = self._allowed + (now_s - self._at_s) * self._bytes_s
            self._allowed = min(self._bytes_s * _AT_ONCE_S, grown)
        self._at_s = now_s

    @property
    def is_open(self) -> bool:
        """Whether another entry may go; a large one is paid for afterwards."""
        return self._bytes_s is None or self._allowed > 0

    def sent(self, size: int) -> None:
        """Take an entry of an older stream into account."""
        self._allowed -= size


class Sending:
    """The sending side of store receipts (RECEIPTS, "Window" to "Going back").

    The live stream goes first, older ones beside it, oldest first, with at most half of the window. Times are
    monotonic real seconds of the caller, who publishes what `due` yields and hands in what arrives.

    Parameters
    ----------
    reader : SpoolReader
        Gives entries that are durable; nothing else can be sent.
    window : WindowSettings
        Bounds and waiting times.
    generation : int
        Newest generation of the host that the spool knows.
    """

    def __init__(self, reader: SpoolReader, window: WindowSettings, generation: int) -> None:
        self._reader = reader
        self._window = window
        self._generation = generation
        self._full = _Load(window.max_entries, window.max_bytes)
        self._half = _Load(window.max_entries // 2, window.max_bytes // 2)
        self._lanes: dict[bytes, _Lane] = {}
        self._live: _Lane | None = None
        self._live_load, self._old_load = _Load(), _Load()
        self._unsent: deque[_Lane] = deque()  # older streams with entries to send, oldest first
        self._silence_s = window.silence_s
        self._quiet_since_s: float | None = None
        self._pace = _Pace(window.backlog_bytes_s)

    # ---- streams ----

    def connected(self, live: Stream) -> None:
        """Begin anew on a fresh connection with `live` as its stream; call it when `live` is durable."""
        self._load(live, keep_receipts=True)
        self._silence_s = self._window.silence_s
        self._quiet_since_s = None

    def disconnected(self) -> None:
        """Take nothing for sent any more."""
        self._go_back()

    def extended(self, live: Stream) -> None:
        """Note how far the live stream reaches now."""
        if self._live is not None and self._live.no == live.no:
            self._live.last = max(self._live.last, live.last)

    def _load(self, live: Stream, *, keep_receipts: bool) -> None:
        self._lanes.clear()
        self._live_load, self._old_load = _Load(), _Load()
        for stream in self._reader.streams():
            receipted = stream.receipted if keep_receipts else 0
            if receipted < stream.last and stream.no != live.no:
                self._lanes[stream.id] = _Lane(
                    stream.id, stream.no, receipted, stream.last, receipted, self._old_load
                )
        self._live = _Lane(live.id, live.no, live.receipted, live.last, live.receipted, self._live_load)
        self._lanes[live.id] = self._live
        self._find_unsent()

    def _find_unsent(self) -> None:
        self._unsent.clear()
        self._unsent.extend(
            lane for lane in self._lanes.values() if lane is not self._live and lane.cursor < lane.last
        )

    @property
    def flying(self) -> int:
        """Entries on their way without a receipt."""
        return self._live_load.entries + self._old_load.entries

    @property
    def is_drained(self) -> bool:
        """Whether everything known to be durable has its receipt."""
        return all(lane.receipted >= lane.last for lane in self._lanes.values())

    @property
    def drained_at(self) -> tuple[int, int] | None:
        """Number and last position of the live stream when all is receipted, else None; it only grows."""
        if self._live is None or self._live.receipted < self._live.last or not self.is_drained:
            return None
        return self._live.no, self._live.last

    @property
    def has_unsent(self) -> bool:
        """Whether an entry has not been published since sending last went back."""
        return any(lane.cursor < lane.last for lane in self._lanes.values())

    # ---- on its way up ----

    def due(self, now_s: float) -> Iterator[Outgoing]:
        """Entries to publish now, in order, until the window is full; each counts as sent when yielded."""
        self._pace.passes(now_s)
        while (lane := self._next_lane()) is not None:
            entry = lane.ahead[0]
            lane.sent(entry)
            if lane is not self._live:
                self._pace.sent(entry.size)
            if self._quiet_since_s is None:
                self._quiet_since_s = now_s
            is_old = lane is not self._live
            yield Outgoing(
                entry, BatchHeader(lane.stream, entry.first - 1, entry.position, entry.reason, is_old)
            )

    def _next_lane(self) -> _Lane | None:
        live = self._live
        if live is None:
            return None
        total = _Load(self.flying, self._live_load.size + self._old_load.size)
        if self._fits(live, total):
            return live
        if not self._pace.is_open:
            return None
        while self._unsent and self._unsent[0].next_entry(self._reader) is None:
            self._unsent.popleft()
        for lane in self._unsent:
            if lane.next_entry(self._reader) is None:
                continue
            if self._old_load.has_room(lane.ahead[0].size, self._half) and self._fits(lane, total):
                return lane
            if lane.fruitless == 0:  # a stream that is only probed does not keep the next one waiting
                return None
        return None

    def _fits(self, lane: _Lane, total: _Load) -> bool:
        entry = lane.next_entry(self._reader)
        if entry is None or (lane.fruitless and len(lane.flying) >= _PROBING_ENTRIES):
            return False
        return total.has_room(entry.size, self._full)

    # ---- on its way down ----

    def receipt(self, receipt: Receipt, now_s: float) -> Effect:
        """What a receipt of the host obeyed leads to; those of an older generation lead to nothing."""
        renewed = None
        if receipt.generation < self._generation:
            return Effect()
        if receipt.generation > self._generation:
            if self._generation > 0:  # before its first receipt an edge has nothing to take back
                self._renew()
            renewed = self._generation = receipt.generation
        lane = self._lanes.get(receipt.stream)
        if lane is None:
            return Effect(renewed)
        position = min(receipt.position, lane.last)
        if position > lane.receipted:
            self._progress(lane, position, now_s)
            return Effect(renewed, stored=(lane.no, position))
        if renewed is None and position == lane.receipted:
            return self._repeated(lane, now_s)
        return Effect(renewed)

    def released(self, stream: bytes, position: int, now_s: float) -> Effect:
        """What it leads to that nobody will receipt a stream through `position`: it counts as stored."""
        lane = self._lanes.get(stream)
        if lane is None or position <= lane.receipted:
            return Effect()
        self._progress(lane, position, now_s)
        return Effect(stored=(lane.no, position))

    def _renew(self) -> None:
        """Offer again all that is kept: the host was restored from a backup."""
        if self._live is None:
            return
        live = self._live
        self._load(Stream(live.no, live.stream, 0, live.last), keep_receipts=False)
        self._quiet_since_s = None

    def _progress(self, lane: _Lane, position: int, now_s: float) -> None:
        lane.receipted = position
        lane.land(position)
        while lane.ahead and lane.ahead[0].position <= position:
            lane.ahead.popleft()
        lane.cursor = max(lane.cursor, position)
        lane.fruitless = 0
        self._silence_s = self._window.silence_s
        self._quiet_since_s = now_s if self.flying else None
        if lane is not self._live and lane.receipted >= lane.last:
            del self._lanes[lane.stream]

    def _repeated(self, lane: _Lane, now_s: float) -> Effect:
        """Go back: the host has said again how far it is, so what follows did not reach it."""
        waits = lane.went_back_at_s is not None and now_s - lane.went_back_at_s < self._window.go_back_s
        if not lane.flying or waits:
            return Effect()
        lane.went_back_at_s = now_s
        lane.go_back()
        self._find_unsent()
        lane.fruitless += 1
        self._quiet_since_s = now_s
        if lane.fruitless <= self._window.fruitless_max:
            return Effect()
        lane.fruitless = 0
        first = lane.next_entry(self._reader)
        lane.ahead.clear()
        if first is None or first.reason is not None:
            return Effect()
        return Effect(unstorable=(lane.no, first.position))

    def went_silent(self, now_s: float) -> bool:
        """Whether the host has been silent for too long: sending has gone back then, births come first."""
        if self._quiet_since_s is None or now_s - self._quiet_since_s < self._silence_s:
            return False
        self._silence_s = min(2 * self._silence_s, self._window.max_silence_s)
        self._go_back()
        return True

    def reborn(self) -> None:
        """Go back because the host asked for births: what it heard without them, it let go."""
        self._go_back()
        for lane in self._lanes.values():
            lane.fruitless = 0

    def _go_back(self) -> None:
        for lane in self._lanes.values():
            lane.go_back()
        self._find_unsent()
        self._quiet_since_s = None
