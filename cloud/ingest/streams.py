"""The gates of all streams, and which of them a commit touches."""

from cloud.ingest.arrival import Arrival
from cloud.ingest.receipts import ReceiptBook
from cloud.timeseries.store import Store, StreamKey
from wire.session_events import PointsCame
from wire.stream_gate import StreamGate

Gate = StreamGate[tuple[PointsCame, Arrival]]


class Streams:
    """Admission to all streams.

    Parameters
    ----------
    store
        Gives the watermarks at the start.
    receipts
        Told which streams' receipts are due.
    """

    def __init__(self, store: Store, receipts: ReceiptBook) -> None:
        self.touched: set[StreamKey] = set()
        self._receipts = receipts
        self._stored_at_start = dict(store.watermarks())
        self._gates: dict[StreamKey, Gate] = {}

    def gate(self, key: StreamKey) -> Gate:
        """Return the gate of a stream, a new one when it was never seen."""
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = StreamGate(self._stored_at_start.get(key, 0))
        return gate

    def stored_through(self, key: StreamKey) -> int:
        """Return the committed watermark of a stream."""
        return self._gates[key].stored_through

    def tick(self, now_s: float) -> None:
        """Let time pass: what waits behind a hole for too long is let go."""
        for key, gate in self._gates.items():
            if gate.held and gate.expired(now_s):
                self._receipts.is_due(key)

    def committed(self) -> None:
        """Note that what was accepted is durable: receipts are due."""
        for key in self.touched:
            self._gates[key].committed()
            self._receipts.is_due(key)
        self.touched.clear()

    def rolled_back(self) -> None:
        """Forget what was accepted since the last commit."""
        for key in self.touched:
            self._gates[key].rolled_back()
        self.touched.clear()
