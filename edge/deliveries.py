"""Batches on their way to a broker that acknowledges them, where no host gives receipts."""

from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class _Flying:
    mid: int
    position: int
    is_acknowledged: bool = False


class Deliveries:
    """Says how far each stream has been acknowledged, whatever the order of acknowledgements."""

    def __init__(self) -> None:
        self._flying: dict[bytes, deque[_Flying]] = {}
        self._by_mid: dict[int, tuple[bytes, _Flying]] = {}

    def sent(self, mid: int, stream: bytes, position: int) -> None:
        """Note that the batch at `position` of a stream was published as message `mid`, in order."""
        flying = _Flying(mid, position)
        self._flying.setdefault(stream, deque()).append(flying)
        self._by_mid[mid] = (stream, flying)

    def acknowledged(self, mid: int) -> tuple[bytes, int] | None:
        """Stream and the position through which it is acknowledged now, None where nothing new follows."""
        stream, flying = self._by_mid.pop(mid, (b"", None))
        if flying is None:
            return None
        flying.is_acknowledged = True
        queue = self._flying[stream]
        through = None
        while queue and queue[0].is_acknowledged:
            through = queue.popleft().position
        return None if through is None else (stream, through)
