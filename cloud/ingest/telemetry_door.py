"""The door for JSON telemetry: parsed, a redelivery dropped, acknowledged after its commit."""

from collections import OrderedDict
from typing import Final

from cloud.ingest.arrival import Arrival
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.foreign import ForeignNodes
from cloud.ingest.live_values import LiveValues
from cloud.ingest.rows import CommitRows
from cloud.timeseries.store import Commit, Store, TelemetryRow
from wire.clock import PlantClock
from wire.session_events import NodeId
from wire.telemetry import NODE, Telemetry, parse_telemetry

# A broker redelivers what it has in flight; so many messages back a repetition is still known.
REMEMBERED: Final = 100_000


class TelemetryDoor:
    """Exactly once from the broker's PUBACK on: a commit that holds points holds their message's mark."""

    def __init__(
        self, rows: CommitRows, foreign: ForeignNodes, live: LiveValues, store: Store, clock: PlantClock
    ) -> None:
        self._rows = rows
        self._foreign = foreign
        self._live = live
        self._clock = clock
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict.fromkeys(store.telemetry_marks())
        self._staged: list[tuple[Arrival, tuple[str, str]]] = []

    def receive(self, arrival: Arrival, bad_input: BadInputLog) -> Telemetry | None:
        """Stage what a message says; None when it was a repetition.

        Raises
        ------
        MalformedTelemetry
            When it breaks its form; quarantine it and call `settle`, so that it is acknowledged too.
        """
        said = parse_telemetry(arrival.topic, arrival.payload)
        mark = (f"{said.site}/{said.device}", said.digest)
        if mark in self._known:
            bad_input.note("already_stored", self._clock.now_ms(), f"{arrival.topic} came again")
            self.settle(arrival, mark)
            return None
        self._known[mark] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        node = NodeId(said.site, NODE)
        self._rows.commit.telemetry.append(TelemetryRow(*mark, self._clock.now_ms()))
        self._foreign.take(node, said.device, said.points, arrival, sent_ms=said.ts_ms)
        self._live.heard(node, said.device, said.points, self._clock.now_ms())
        self.settle(arrival, mark)
        return said

    def settle(self, arrival: Arrival, mark: tuple[str, str] = ("", "")) -> None:
        """Acknowledge a message with the next commit."""
        self._staged.append((arrival, mark))

    def waiting(self) -> list[Arrival]:
        """Return the messages that wait for their acknowledgement."""
        return [arrival for arrival, _ in self._staged]

    def committed(self) -> None:
        """Acknowledge what the last commit made durable."""
        staged, self._staged = self._staged, []
        for arrival, _ in staged:
            if arrival.acknowledge is not None:
                arrival.acknowledge()

    def rolled_back(self, commit: Commit) -> list[Arrival]:
        """Return the messages to be received again; what they left in a refused commit is forgotten."""
        staged, self._staged = self._staged, []
        lost = {(row.device, row.digest) for row in commit.telemetry}
        for _, mark in staged:
            if mark in lost:
                self._known.pop(mark, None)
        return [arrival for arrival, _ in staged]
