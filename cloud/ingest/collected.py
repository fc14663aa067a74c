"""Bytes of a broker that wait for more: many messages read together cost little more than a few."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cloud.ingest.data_frames import PUBLISH
from cloud.ingest.groups import MOST, MOST_BYTES
from wire.clock import real_ms

WAIT_S: Final = 0.06  # so long bytes wait for more
# A broker sends each message by itself: after less than this the next look waits a moment for more.
LITTLE: Final = 64 << 10
PAUSE_S: Final = 0.016


class Came(NamedTuple):
    """Bytes that came one after another: those up to `ends[i]`, and from the one before, at `ms[i]`."""

    text: bytes
    ends: NDArray[np.int64]
    ms: NDArray[np.int64]


class Collected:
    """What has come on a connection and is not read yet.

    Parameters
    ----------
    now_s
        A clock that never goes back.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self.size = 0
        self._now_s = now_s
        self._parts: list[bytes] = []
        self._ms: list[int] = []
        self._until_s = 0.0

    def add(self, part: bytes) -> None:
        """Take what has come; nothing counts as nothing."""
        if not part:
            return
        if not self._parts:
            self._until_s = self._now_s() + WAIT_S
        self._parts.append(part)
        self._ms.append(real_ms())
        self.size += len(part)

    def is_due(self, rest: bytes, brought: int, message_bytes: int) -> bool:
        """Return whether it is to be read now, after a look that brought so many bytes.

        So it is when it is plenty, has waited long enough, when nothing more comes although there is much
        (gateways wait for receipts then), and when what stands first is no data message. `rest` is the
        beginning of a message that came before.
        """
        if self.size >= min(MOST_BYTES, MOST * max(message_bytes, 1)) or self._now_s() >= self._until_s:
            return True
        return (self.size >= LITTLE and not brought) or (rest or self._parts[0])[0] != PUBLISH

    def take(self) -> Came:
        """Return all of it, which is taken out."""
        came = Came(b"".join(self._parts), np.cumsum([len(part) for part in self._parts]), np.array(self._ms))
        self._parts, self._ms, self.size = [], [], 0
        return came
