"""What came from the network and waits for ingestion, bounded in messages and bytes."""

import math
import queue
import time
from collections import deque
from typing import Final

from cloud.ingest.arrival import Arrival, Block

QUEUE_MESSAGES: Final = 100_000  # the windows of a hundred gateways
QUEUE_BYTES: Final = 64 << 20
_DATA: Final = ("/DDATA/", "/NDATA/")


class Inbox:
    """A queue from the network threads to the ingest thread, and what that one has taken out of it.

    Parameters
    ----------
    most_messages
        How many messages may wait; data beyond them are not taken in.
    """

    def __init__(self, most_messages: int) -> None:
        self.taken: deque[Arrival | Block] = deque()  # what a surprise leaves there comes next
        self.taken_bytes = 0  # since `begin_commit`
        self.dropped = 0
        self._dropped_at_s = -math.inf
        self._most_messages = most_messages
        self._queue: queue.SimpleQueue[Arrival | Block] = queue.SimpleQueue()
        # Counters per thread, so that none needs a lock: put by the network, taken by the worker.
        self._bytes_in = self._messages_in = 0
        self._bytes_out = self._messages_out = 0

    @property
    def messages(self) -> int:
        """How many messages wait."""
        return self._messages_in - self._messages_out

    @property
    def bytes(self) -> int:
        """How many bytes wait."""
        return self._bytes_in - self._bytes_out

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits and nothing that was taken out is left."""
        return not self.taken and self._queue.empty()

    @property
    def left(self) -> int:
        """At most how many steps take everything that is here."""
        return self.messages + self._queue.qsize() + sum(map(len, self.taken))

    def dropped_since(self, now_s: float) -> float:
        """Return how many seconds ago something found no place, at monotonic time `now_s`."""
        return now_s - self._dropped_at_s

    def put(self, arrival: Arrival | Block) -> bool:
        """Let something wait; False when it is data that finds no place. From a network thread."""
        is_full = self.messages >= self._most_messages or self.bytes >= QUEUE_BYTES
        if is_full and any(kind in arrival.topic for kind in _DATA):
            self.dropped += len(arrival)
            self._dropped_at_s = time.monotonic()
            return False
        # Nothing is called within a sum: two network threads add to them.
        size, messages = arrival.size, arrival.messages
        self._bytes_in += size
        self._messages_in += messages
        self._queue.put(arrival)
        return True

    def ask(self, arrival: Arrival) -> None:
        """Let a question wait, which is no message of the network; from any thread."""
        self._queue.put(arrival)

    # The ingest thread.

    def begin_commit(self) -> None:
        """Begin to count anew what is taken out."""
        self.taken_bytes = 0

    def take_out(self, most: int, most_bytes: int, wait_s: float) -> None:
        """Take about so many messages out, after a surprise only those that it left."""
        if self.taken:
            return
        try:
            arrival = self._queue.get(timeout=wait_s) if wait_s else self._queue.get_nowait()
            while True:
                size = arrival.size
                self._bytes_out += size
                self._messages_out += arrival.messages
                self.taken_bytes += size
                self.taken.append(arrival)
                most -= len(arrival)
                most_bytes -= size
                if most <= 0 or most_bytes <= 0:
                    return
                arrival = self._queue.get_nowait()
        except queue.Empty:
            return

    def put_back(self, arrival: Arrival) -> None:
        """Let a message wait again that was taken out."""
        # The worker takes it out twice, so it counts it back.
        self._bytes_out -= arrival.size
        self._messages_out -= arrival.messages
        self._queue.put(arrival)
