"""One device's way from raw samples to the scans that are spooled."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import structlog

from edge.devices import Tag
from edge.errors import SpoolRefused
from edge.filters import ChangeFilter
from edge.health import DeviceHealth
from edge.reading import Reading, Scan
from edge.scaling import Scalar, Scaling, Unfit
from wire.clock import PlantClock
from wire.quality import BAD, GOOD

DAY_MS = 86_400_000
# A device whose clock stands before this has never been set; 2000-01-01 UTC.
EARLIEST_MS = 946_684_800_000
# Metric of every device: bad input counted since the gateway started, sent when it grows.
BAD_INPUT = "bad_input"

log = structlog.get_logger(__name__)


class Sample(NamedTuple):
    """What a device said about one tag, before scaling; `kept` passes even if unchanged."""

    tag: str
    ts_ms: int
    raw: object
    quality: int = GOOD
    kept: bool = False


@dataclass(frozen=True, slots=True)
class _Path:
    """How one tag's samples become readings; `change` is None where every sample counts."""

    scaling: Scaling
    change: ChangeFilter | None


class Intake:
    """Takes a driver's samples: scales, checks, drops what did not change, hands the rest on as one scan.

    Parameters
    ----------
    device : str
        Device id.
    tags : iterable of Tag
        The device's tags as configured.
    clock : PlantClock
        The gateway's plant clock, to see times from the future.
    hand : callable
        Takes each finished scan without blocking; False when it could not.
    mark : callable
        Gives the plant time (ms) up to which the device was observed before, or None.
    health : DeviceHealth
        Counters to keep.
    announce : callable
        Told True when the device answers again after it had failed.
    every : bool
        True for readers: each sample is an event of its own, so equal ones are not dropped.
    """

    def __init__(
        self,
        *,
        device: str,
        tags: Iterable[Tag],
        clock: PlantClock,
        hand: Callable[[Scan], bool],
        mark: Callable[[], int | None],
        health: DeviceHealth,
        announce: Callable[[bool], None] = lambda _is_online: None,
        every: bool = False,
    ) -> None:
        self.device = device
        self.clock = clock
        self.mark = mark
        self.health = health
        self._hand = hand
        self._announce = announce
        self._told_bad = 0
        self._paths: Mapping[str, _Path] = {
            tag.name: _Path(tag.scaling, None if every else ChangeFilter(tag.change)) for tag in tags
        }
        self._through: int | None = None
        self._is_doubted = False

    def open_session(self) -> None:
        """Start a session: the first value of every tag will be reported again."""
        self._through = None
        for path in self._paths.values():
            if path.change:
                path.change.reset()

    def flag(self, kind: str, count: int = 1) -> None:
        """Count bad input of a kind; the first of each kind is logged."""
        if not self.health.bad[kind]:
            log.warning("bad_input", device=self.device, kind=kind)
        self.health.bad[kind] += count

    def take(self, samples: Iterable[Sample], observed: tuple[int, int] | None) -> None:
        """Hand on what these samples report, with the time over which the device was watched.

        Parameters
        ----------
        samples : iterable of Sample
            In the order in which they happened.
        observed : (int, int) or None
            (since_ms, through_ms) of this session in plant time; dropped when it cannot be believed.

        Raises
        ------
        SpoolRefused
            When the scan could not be handed on.
        """
        self._come_up()
        latest = self.clock.now_ms() + DAY_MS
        found = (self._reading(sample, latest) for sample in samples)
        readings = tuple(reading for reading in found if reading is not None)
        if observed:
            observed = self._believed(observed, latest)
        readings += self._bad_input(latest - DAY_MS)
        if observed and observed[1] == self._through and not readings:
            return
        if observed:
            self._through = observed[1]
        if readings or observed:
            self.health.readings += len(readings)
            if not self._hand(Scan(self.device, readings, observed)):
                self.flag("spool_refused")
                raise SpoolRefused("the disk does not keep up: readings are lost")

    def _bad_input(self, now_ms: int) -> tuple[Reading, ...]:
        """The count of bad input when it has grown, for the people who look after gateways."""
        count = self.health.bad.total()
        if count == self._told_bad:
            return ()
        self._told_bad = count
        return (Reading(self.device, BAD_INPUT, now_ms, count),)

    def _believed(self, observed: tuple[int, int], latest: int) -> tuple[int, int] | None:
        doubt = _doubt(observed[1], latest) or _doubt(observed[0], latest)
        if doubt and not self._is_doubted:
            self.flag(doubt)
        self._is_doubted = doubt is not None
        return None if doubt else observed

    def _come_up(self) -> None:
        if self.health.state != "up":
            if self.health.state in {"down", "refused"}:
                log.info("device_recovered", device=self.device)
                self._announce(True)
            self.health.state = "up"
            self.health.sessions += 1

    def _reading(self, sample: Sample, latest: int) -> Reading | None:
        path = self._paths[sample.tag]
        value, quality, kind = self._value(path.scaling, sample)
        doubt = _doubt(sample.ts_ms, latest)
        if doubt:
            quality, kind = BAD, doubt
        if path.change:
            if sample.kept:
                path.change.note(value, quality)
            elif not path.change.passes(value, quality):
                return None
        # Counted when reported: a value that stays wrong poll after poll is one fault, not twenty a second.
        if kind:
            self.flag(kind)
        return Reading(self.device, sample.tag, sample.ts_ms, value, quality)

    @staticmethod
    def _value(scaling: Scaling, sample: Sample) -> tuple[Scalar | None, int, str | None]:
        if sample.raw is None:
            return None, BAD if sample.quality == GOOD else sample.quality, None
        try:
            return scaling.value(sample.raw), sample.quality, None
        except Unfit as unfit:
            return None, BAD, unfit.kind


def _doubt(ts_ms: int, latest: int) -> str | None:
    """Why a device's time cannot be believed, if so."""
    if ts_ms > latest:
        return "future_time"
    return "clock_not_set" if ts_ms < EARLIEST_MS else None
