"""What the gateway tells of itself: sampled now and then, spooled like any reading when it has changed."""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import structlog

from edge.health import Health
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.spool_opening import SpoolWrong
from edge.uplink import UplinkStatus
from wire.clock import PlantClock, real_ms
from wire.node_metrics import DEVICE_METRICS, NODE_METRICS, NodeMetric, device_metric
from wire.quality import GOOD, STALE
from wire.sparkplug import Value

log = structlog.get_logger(__name__)

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
_LONGEST_TEXT: Final = 2000


@dataclass(slots=True)
class ConfigInUse:
    """Which gateway file is in use: its version, and why a later one was refused, empty if none was."""

    version: str = ""
    error: str = ""


def software_version() -> str:
    """Version of the installed package, e.g. `0.1.0`; `unknown` when it runs without being installed."""
    try:
        return version("taktline")
    except PackageNotFoundError:
        return "unknown"


def node_spec(devices: Iterable[str]) -> DeviceSpec:
    """The node itself as a device without a name, with all metrics by which a gateway tells how it is."""
    return DeviceSpec("", {metric.name: metric.datatype for metric in _metrics(devices)})


def _metrics(devices: Iterable[str]) -> list[NodeMetric]:
    return [
        *NODE_METRICS,
        *(
            NodeMetric(
                device_metric(device, metric.name),
                metric.datatype,
                metric.unit,
                metric.meaning,
                metric.least_change,
            )
            for device in devices
            for metric in DEVICE_METRICS
        ),
    ]


class NodeReport:
    """Samples the gateway's own state and puts into the spool what has changed.

    Parameters
    ----------
    spool : Spool
        What is reported on, and by which way.
    health : Health
        Counters of the devices.
    uplink : callable
        Gives the uplink's status.
    clock : PlantClock
        Stamps the readings.
    config : ConfigInUse
        Kept by whoever loads the file.
    """

    def __init__(
        self,
        spool: Spool,
        health: Health,
        uplink: Callable[[], UplinkStatus],
        clock: PlantClock,
        config: ConfigInUse,
    ) -> None:
        self._spool = spool
        self._health = health
        self._uplink = uplink
        self._clock = clock
        self._config = config
        self._software = software_version()
        self._started_s = self._sampled_s = time.monotonic()
        self._cpu_s = time.process_time()
        self._cpu = 0.0
        self._told: dict[str, Value] = {}

    async def run(self, every_s: float) -> None:
        """Report every so many real seconds until cancelled."""
        while True:
            self.report()
            await asyncio.sleep(every_s)

    def report(self) -> None:
        """Put what has changed since the last report into the spool; what it refuses comes with the next."""
        values, now_ms = self.sample(), self._clock.now_ms()
        known = self._spool.tags.of("")
        changed = {
            metric.name: values[metric.name]
            for metric in _metrics(self._health.devices)
            if metric.name in known and self._is_news(metric, values[metric.name])
        }
        readings = tuple(
            Reading("", name, now_ms, value, STALE if value is None else GOOD)
            for name, value in changed.items()
        )
        if not readings:
            return
        try:
            is_taken = self._spool.put(Scan("", readings))
        except SpoolWrong:
            return  # it is being closed
        if is_taken:
            self._told |= changed

    def _is_news(self, metric: NodeMetric, value: Value) -> bool:
        if metric.name not in self._told:
            return True
        told = self._told[metric.name]
        if isinstance(value, int | float) and isinstance(told, int | float) and metric.least_change:
            return abs(value - told) >= metric.least_change
        return value != told

    def sample(self) -> dict[str, Value]:
        """Every metric's value at this moment, by name; None where there is none."""
        values: dict[str, Value] = {
            "Gateway/Software Version": self._software,
            "Gateway/Config Version": self._config.version,
            "Gateway/Config Error": self._config.error[:_LONGEST_TEXT],
            "Gateway/Uptime": round(time.monotonic() - self._started_s, 1),
            "Gateway/CPU": self._cpu_share(),
            "Gateway/Memory": _resident_bytes(),
        }
        return values | self._of_spool() | self._of_uplink() | self._of_devices()

    def _cpu_share(self) -> float:
        """Share of one core since the sample before; samples in quick succession give the same answer."""
        now_s, cpu_s = time.monotonic(), time.process_time()
        passed_s = now_s - self._sampled_s
        if passed_s >= 1.0:
            self._cpu = round((cpu_s - self._cpu_s) / passed_s, 4)
            self._sampled_s, self._cpu_s = now_s, cpu_s
        return self._cpu

    def _of_spool(self) -> dict[str, Value]:
        status = self._spool.status()
        counts = status.counts
        written_ms = self._spool.oldest_waiting_ms()
        age_s = 0.0 if written_ms is None else max(0.0, (real_ms() - written_ms) / 1000)
        return {
            "Gateway/Spool/Waiting Batches": counts.waiting_batches,
            "Gateway/Spool/Waiting Bytes": counts.waiting_bytes,
            "Gateway/Spool/Oldest Waiting": round(age_s, 1),
            "Gateway/Spool/Held Bytes": counts.bytes_held,
            "Gateway/Spool/Max Bytes": self._spool.settings.max_bytes,
            "Gateway/Spool/Dropped Full": counts.dropped_full,
            "Gateway/Spool/Dropped Old": counts.dropped_old,
            "Gateway/Spool/Thinned": counts.thinned,
            "Gateway/Spool/Unstorable": counts.unstorable,
            "Gateway/Spool/Refused Scans": status.refused_scans,
            "Gateway/Spool/Trouble": status.trouble or "",
        }

    def _of_uplink(self) -> dict[str, Value]:
        status = self._uplink()
        return {
            "Gateway/Clock Skew": status.clock_skew_s,
            "Gateway/Uplink/Connects": status.connects,
            "Gateway/Uplink/Rewinds": status.rewinds,
            "Gateway/Uplink/Bad Commands": status.bad_commands,
            "Gateway/Uplink/Last Error": status.last_error or "",
        }

    def _of_devices(self) -> dict[str, Value]:
        devices = self._health.devices
        values: dict[str, Value] = {
            "Gateway/Errors": sum(health.errors for health in devices.values()),
            "Gateway/Overruns": sum(health.overruns for health in devices.values()),
            "Gateway/Bad Input": self._health.bad_input().total(),
            "Gateway/Bad Input Newest": json.dumps(bad_input_by_kind(self._health), ensure_ascii=False),
        }
        for device, health in devices.items():
            of_device: Mapping[str, Value] = {
                "State": health.state,
                "Errors": health.errors,
                "Last Error": health.last_error[:_LONGEST_TEXT],
                "Overruns": health.overruns,
                "Bad Input": health.bad.total(),
                "Clock Skew": health.clock_skew_s,
            }
            values |= {device_metric(device, name): value for name, value in of_device.items()}
        return values


def bad_input_by_kind(health: Health) -> dict[str, dict[str, object]]:
    """Each kind of bad input: its count, the device that had most of it, and that one's newest example."""
    found: dict[str, dict[str, object]] = {}
    for kind, count in sorted(health.bad_input().items()):
        by_device = Counter({name: device.bad[kind] for name, device in health.devices.items()})
        ((most, _),) = by_device.most_common(1)
        example = health.devices[most].examples.get(kind, "")
        found[kind] = {"count": count, "device": most, "example": example}
    return found


def _resident_bytes() -> int | None:
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except (OSError, IndexError):
        return None  # not Linux
    return int(pages) * _PAGE_BYTES
