"""Which receipts are to be said now: news at once, repetitions with restraint."""

from collections.abc import Callable, Container
from typing import Final

from cloud.timeseries.store import StreamKey

# A gateway takes the same receipt said again as "what followed did not reach you": it goes back, and after a
# few times without progress it gives its first batch up as unstorable. So it is repeated only when true.
REPEAT_S: Final = 1.0


class ReceiptBook:
    """Streams whose receipt is due, with what was said of each last."""

    def __init__(self) -> None:
        self._due: set[StreamKey] = set()
        self._said: dict[StreamKey, tuple[int, float]] = {}

    def is_due(self, key: StreamKey) -> None:
        """Note that the receipt of a stream is to be said."""
        self._due.add(key)

    def take(
        self,
        now_s: float,
        stored_through: Callable[[StreamKey], int],
        staged: Container[StreamKey],
        *,
        may_repeat: bool,
    ) -> list[tuple[StreamKey, int]]:
        """Return the receipts to say now, (stream, position); the others stay due.

        Parameters
        ----------
        now_s
            Monotonic time.
        stored_through
            Gives the committed watermark of a stream.
        staged
            Streams with accepted entries that are not committed yet: their news will come.
        may_repeat
            False while messages wait or were dropped, or the store refuses: then missing progress is the
            host's own doing.
        """
        found = []
        for key in sorted(self._due):
            position = stored_through(key)
            before, at_s = self._said.get(key, (-1, 0.0))
            is_news = position > before
            if not is_news and (key in staged or not may_repeat or now_s - at_s < REPEAT_S):
                continue
            self._due.discard(key)
            self._said[key] = (position, now_s)
            found.append((key, position))
        return found
