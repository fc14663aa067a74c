"""When gateways have sent all that they may, they are not kept waiting for the next commit by the clock."""

from collections.abc import Callable

import pytest
from edge_player import EdgePlayer, Stream, wait_for

from cloud.ingest import runtime
from cloud.ingest.runtime import FULL_WINDOWS_ROWS
from wire.sparkplug import DataType

METRICS = 100
DEVICE = {"plc": {f"m{k}": DataType.DOUBLE for k in range(METRICS)}}
FULL = FULL_WINDOWS_ROWS // METRICS + 1


@pytest.mark.usefixtures("ingest")
def test_what_is_as_much_as_windows_allow_is_receipted_at_once(
    player: Callable[..., EdgePlayer], monkeypatch: pytest.MonkeyPatch
) -> None:
    edge, stream = player(), Stream()
    edge.birth(DEVICE)
    topic = edge.topic("DDATA", "plc")

    def send(batches: int) -> None:
        for n in range(batches):
            metrics = [edge.metric("plc", f"m{k}", n * 250 + k, n + k / 8) for k in range(METRICS)]
            edge.raw(topic, edge.batch(stream, metrics))

    for through in (1, 2):
        send(1)
        wait_for(lambda through=through: edge.stored_through(stream) == through, "a single one is receipted")
        monkeypatch.setattr(runtime, "COMMIT_S", 600.0)  # holds from the second one's commit on
    send(FULL)
    wait_for(lambda: edge.stored_through(stream) > FULL // 2, "a full window is receipted")
