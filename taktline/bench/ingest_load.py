"""What a benchmarked plant says: batches of gateways as the edge encodes them, with the points they hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from wire.coverage import OBSERVED_SINCE
from wire.receipts import REBIRTH, STORED_THROUGH, BatchHeader
from wire.session import BD_SEQ
from wire.sparkplug import DataType, Metric, MetricsWriter, Payload, encode

GROUP: Final = "bench"
BEGAN_MS: Final = 1_780_000_000_000
STEP_MS: Final = 1_000
LOADS: Final = ("scan", "exception", "small")
_METRICS: Final = {"scan": 100, "exception": 100, "small": 10}
_FEWEST: Final = 5
_MOST: Final = 60
# What a machine's tags are, in turn: mostly measured values, some counters and states.
_KINDS: Final = (
    DataType.DOUBLE,
    DataType.FLOAT,
    DataType.DOUBLE,
    DataType.INT64,
    DataType.DOUBLE,
    DataType.FLOAT,
    DataType.INT32,
    DataType.DOUBLE,
    DataType.UINT16,
    DataType.BOOLEAN,
)


class Rows(NamedTuple):
    """Points by column; `gateway` and `tag` are numbers, `ord` counts in the batch from 0."""

    gateway: NDArray[np.int64]
    position: NDArray[np.int64]
    ord: NDArray[np.int64]
    tag: NDArray[np.int64]
    ts_ms: NDArray[np.int64]
    value: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch: its device, and for each metric (place in the device, time, value)."""

    device: int
    metrics: NDArray[np.int64]
    ts_ms: NDArray[np.int64]
    values: NDArray[np.float64]


@dataclass(slots=True)
class Gateway:
    """One gateway's share of a load, the same for the same arguments.

    Parameters
    ----------
    load
        `scan` (every batch carries all 100 metrics of a device), `exception` (a varying subset of them, 5 to
        60) or `small` (all 10 metrics of a small device).
    number
        The gateway's own number, from 0.
    points
        How many points it says, rounded up to whole batches.
    devices
        How many devices it has.
    began_ms, step_ms
        Plant time of its first batches, and how much later each device's next one is.
    """

    load: str
    number: int
    points: int
    devices: int = 10
    began_ms: int = BEGAN_MS
    step_ms: int = STEP_MS
    batches: list[Batch] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = np.random.default_rng([LOADS.index(self.load), self.number])
        width = _METRICS[self.load]
        sizes = np.full(-(-self.points // width), width)
        if self.load == "exception":
            sizes = chance.integers(_FEWEST, _MOST + 1, -(-self.points // _FEWEST)) + 1
            sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), self.points)) + 1]
        values = _values([self.datatype(place) for place in range(width)], chance, len(sizes), self.began_ms)
        for number, size in enumerate(sizes.tolist()):
            chosen = np.arange(width)
            ts_ms = np.full(size, self.began_ms + number // self.devices * self.step_ms)
            if size < width:
                # What is watched is said at the end of every batch, as the edge does.
                some = np.sort(chance.permutation(width - 1)[: size - 1])
                chosen = np.append(some, width - 1)
                ts_ms[:-1] += np.sort(chance.integers(0, self.step_ms, size - 1))
                ts_ms[-1] += self.step_ms
            self.batches.append(Batch(number % self.devices, chosen, ts_ms, values[number, chosen]))

    @property
    def node(self) -> str:
        """Return the node's id."""
        return f"gw{self.number}"

    @property
    def stream(self) -> bytes:
        """Return the id of the one stream that it sends."""
        return self.number.to_bytes(16, "big")

    def datatype(self, place: int) -> DataType:
        """Return the datatype of a device's metric; the last one says what was watched."""
        is_last = place == _METRICS[self.load] - 1
        return DataType.DATETIME if is_last else _KINDS[place % len(_KINDS)]

    def metric(self, place: int) -> str:
        """Return the name of a device's metric."""
        return OBSERVED_SINCE if place == _METRICS[self.load] - 1 else f"m{place}"

    def tags(self) -> list[str]:
        """Return the addresses of the tags by number: metrics of the first device, then of the second."""
        return [
            f"{GROUP}/{self.node}/d{device}/{self.metric(place)}"
            for device in range(self.devices)
            for place in range(_METRICS[self.load])
        ]

    def births(self, now_ms: int) -> Iterator[tuple[str, bytes]]:
        """Return the node's births, (end of the topic, payload), with seq from 0."""
        node = (
            Metric(BD_SEQ, None, now_ms, DataType.INT64, 0),
            Metric(REBIRTH, None, now_ms, DataType.BOOLEAN, value=False),
            Metric(STORED_THROUGH, 0, now_ms, DataType.STRING, None, is_null=True),
        )
        yield f"NBIRTH/{self.node}", encode(Payload(now_ms, 0, node))
        for device in range(self.devices):
            metrics = tuple(
                Metric(
                    self.metric(place),
                    self._alias(device, place),
                    now_ms,
                    self.datatype(place),
                    is_null=True,
                    quality=500,
                )
                for place in range(_METRICS[self.load])
            )
            yield f"DBIRTH/{self.node}/d{device}", encode(Payload(now_ms, device + 1, metrics))

    def _alias(self, device: int, place: int) -> int:
        return 1 + device * _METRICS[self.load] + place

    def aliases(self, device: int) -> dict[int, tuple[int, int]]:
        """Return what the aliases of a device stand for: tag by number, datatype."""
        width = _METRICS[self.load]
        return {
            self._alias(device, place): (device * width + place, self.datatype(place))
            for place in range(width)
        }

    def section(self, index: int) -> bytes:
        """Return the metrics of batch `index` as they stand in the edge's spool."""
        batch, writer = self.batches[index], MetricsWriter()
        for place, ts_ms, value in zip(
            batch.metrics.tolist(), batch.ts_ms.tolist(), batch.values.tolist(), strict=True
        ):
            datatype = self.datatype(place)
            said = value if datatype in (DataType.DOUBLE, DataType.FLOAT) else int(value)
            said = bool(value) if datatype == DataType.BOOLEAN else said
            writer.point(self._alias(batch.device, place), ts_ms, datatype, said)
        return writer.section()

    def header(self, index: int) -> bytes:
        """Return the body of batch `index`."""
        return BatchHeader(self.stream, index, index + 1).to_bytes()

    def sent_ms(self, index: int) -> int:
        """Return the payload time of batch `index`."""
        return self.began_ms + (index // self.devices + 1) * self.step_ms

    def rows(self) -> Rows:
        """Return every point as it must be stored, `tag` counted over this gateway's tags."""
        sizes = [len(batch.metrics) for batch in self.batches]
        devices = np.repeat([batch.device for batch in self.batches], sizes)
        return Rows(
            np.full(sum(sizes), self.number),
            np.repeat(np.arange(1, len(sizes) + 1), sizes),
            np.concatenate([np.arange(size) for size in sizes]),
            devices * _METRICS[self.load] + np.concatenate([batch.metrics for batch in self.batches]),
            np.concatenate([batch.ts_ms for batch in self.batches]),
            np.concatenate([batch.values for batch in self.batches]),
        )


def _values(
    kinds: Sequence[DataType], chance: np.random.Generator, batches: int, watched_since_ms: int
) -> NDArray[np.float64]:
    drawn = chance.normal(0.0, 100.0, (batches, len(kinds)))
    for place, kind in enumerate(kinds):
        column = drawn[:, place]
        match kind:
            case DataType.FLOAT:
                column[:] = column.astype(np.float32)
            case DataType.INT64:
                column[:] = 1000 * place + 3 * np.arange(batches)
            case DataType.INT32:
                column[:] = np.round(column)
            case DataType.UINT16:
                column[:] = np.abs(np.round(column))
            case DataType.BOOLEAN:
                column[:] = column > 0
            case DataType.DATETIME:
                column[:] = watched_since_ms
            case _:
                pass
    return drawn + 0.0  # no negative zero: whole numbers have none


def gateways_of(
    load: str, gateways: int, points: int, began_ms: int = BEGAN_MS, step_ms: int = STEP_MS
) -> list[Gateway]:
    """Return the gateways of a load, each with its equal share of the points."""
    share = -(-points // gateways)
    return [Gateway(load, number, share, began_ms=began_ms, step_ms=step_ms) for number in range(gateways)]
