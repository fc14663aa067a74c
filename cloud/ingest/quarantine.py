"""Payloads that could not be stored, kept whole so that they can be read again after a fix."""

import hashlib
from collections import OrderedDict
from typing import Final

from cloud.ingest.arrival import Arrival
from cloud.ingest.bad_input import BadInputLog
from cloud.timeseries.store import QuarantineRow
from wire.clock import PlantClock

# A longer payload is kept up to here and cannot be replayed.
KEPT_BYTES: Final = 256 << 10
DIGESTS_KEPT: Final = 1000


def digest_of(arrival: Arrival) -> str:
    """Return the SHA-256 of a message: the same bytes on the same topic are the same message."""
    return hashlib.sha256(arrival.topic.encode(errors="replace") + b"\0" + arrival.payload).hexdigest()


def replay_stream(arrival: Arrival) -> str:
    """Return the stream, 32 hex digits, under which a replay of a message is stored, as its position 1.

    Its watermark is committed with its points, so whatever dies afterwards, a second replay finds it.
    """
    return digest_of(arrival)[:32]


class Quarantine:
    """Makes quarantine rows: every refusal is counted, the same bytes are kept once."""

    def __init__(self, clock: PlantClock, bad_input: BadInputLog) -> None:
        self._clock = clock
        self._bad_input = bad_input
        self._digests: OrderedDict[str, None] = OrderedDict()

    def row(self, arrival: Arrival, kind: str, reason: str) -> QuarantineRow | None:
        """Return the row to store, None when these bytes are kept already."""
        now_ms = self._clock.now_ms()
        self._bad_input.note(kind, now_ms, f"{arrival.topic}: {reason}")
        digest = digest_of(arrival)
        if digest in self._digests or arrival.replay is not None:
            return None
        self._digests[digest] = None
        if len(self._digests) > DIGESTS_KEPT:
            self._digests.popitem(last=False)
        topic = arrival.topic[:1000].encode(errors="replace").decode()
        kept = arrival.payload[:KEPT_BYTES]
        at_ms = self._clock.now_ms()
        return QuarantineRow(at_ms, topic, f"{kind}: {reason}"[:1000], len(arrival.payload), digest, kept)
