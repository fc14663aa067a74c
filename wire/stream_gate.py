"""The host's side of a stream: what is stored next, what is held, when a receipt is said again."""

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from wire.receipts import BatchHeader

T = TypeVar("T")

HOLD_S = 2.0
HELD_MAX = 1024


@dataclass(frozen=True, slots=True)
class Accepted(Generic[T]):
    """An entry to store with the next commit: it covers `first … header.position` and nothing stored before.

    For a batch that is one position; a gap is clipped to what the store does not have yet.
    """

    header: BatchHeader
    first: int
    item: T


class Verdict(NamedTuple, Generic[T]):
    """What an offer leads to: entries to store now, in order, and whether to say the receipt again."""

    accepted: tuple[Accepted[T], ...]
    repeat_receipt: bool = False


class StreamGate(Generic[T]):
    """Admission of one stream's entries, exactly once and in order; pure, it stores nothing itself.

    Write what `offer` accepts in one transaction with the new watermark `staged_through`, then call
    `committed` and send a receipt of `stored_through`; call `rolled_back` when the transaction failed.

    Parameters
    ----------
    stored_through : int
        The store's watermark W of this stream, 0 for a stream never seen.
    hold_s : float
        Seconds for which an entry beyond a hole waits for the hole to be filled.
    held_max : int
        Entries held at most; more are let go, the edge sends them again.
    """

    def __init__(self, stored_through: int = 0, *, hold_s: float = HOLD_S, held_max: int = HELD_MAX) -> None:
        self._stored = stored_through
        self._staged = stored_through
        self._hold_s = hold_s
        self._held_max = held_max
        self._held: dict[int, tuple[BatchHeader, T]] = {}
        self._held_since_s: float | None = None
        self._is_failing = False

    @property
    def stored_through(self) -> int:
        """W: the highest position committed; what a receipt says."""
        return self._stored

    @property
    def staged_through(self) -> int:
        """The highest position accepted; the watermark to commit with what was accepted."""
        return self._staged

    @property
    def held(self) -> int:
        """Number of entries that wait for a hole to be filled."""
        return len(self._held)

    @property
    def next_position(self) -> int | None:
        """The position that would be accepted at once; None while entries are held behind a hole."""
        return None if self._held else self._staged + 1

    def take(self, count: int) -> None:
        """Accept `count` batches from `next_position` on, as `offer` does one by one."""
        self._staged += count

    def offer(self, header: BatchHeader, item: T, now_s: float) -> Verdict[T]:
        """Verdict on an entry that arrived at monotonic time `now_s`.

        The receipt is to be said again when the entry is already committed: the sender has missed it.
        """
        if header.position <= self._staged:
            return Verdict((), repeat_receipt=header.position <= self._stored)
        if header.prev > self._staged:
            self._hold(header, item, now_s)
            return Verdict(())
        accepted = [self._accept(header, item)]
        if self._held:
            accepted += self._release()
        return Verdict(tuple(accepted))

    def _accept(self, header: BatchHeader, item: T) -> Accepted[T]:
        first, self._staged = self._staged + 1, header.position
        return Accepted(header, first, item)

    def _hold(self, header: BatchHeader, item: T, now_s: float) -> None:
        if len(self._held) < self._held_max or header.position in self._held:
            self._held[header.position] = (header, item)
            if self._held_since_s is None:
                self._held_since_s = now_s

    def _release(self) -> list[Accepted[T]]:
        released = []
        for position in sorted(self._held):
            header, item = self._held[position]
            if header.prev > self._staged:
                break
            del self._held[position]
            if position > self._staged:
                released.append(self._accept(header, item))
        if not self._held:
            self._held_since_s = None
        return released

    def committed(self) -> None:
        """Note that everything accepted so far is durable."""
        self._stored = self._staged
        self._is_failing = False

    def rolled_back(self) -> None:
        """Forget what was accepted since the last commit; the edge will send it again."""
        self._staged = self._stored
        self._is_failing = True

    def expired(self, now_s: float) -> bool:
        """Whether entries were let go after `hold_s` and the receipt is to be said again.

        Not while commits fail: an edge that hears the same receipt again and again takes its batch for
        unreadable, but one that hears nothing only waits.
        """
        if self._held_since_s is None or now_s - self._held_since_s < self._hold_s:
            return False
        self._held.clear()
        self._held_since_s = None
        return not self._is_failing
