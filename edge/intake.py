"""One device's way from raw samples to the scans that are spooled."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import structlog

from edge.columns import Plan, Row, TagPath, readings_of
from edge.derived.engine import Engine, Outcome
from edge.derived.expression import Ref
from edge.devices.tag import Tag
from edge.errors import SpoolRefused
from edge.filters import ChangeFilter, Deadband
from edge.health import DeviceHealth
from edge.reading import Reading, Scan
from edge.scaling import Scalar, Scaling, Unfit
from edge.writes import Writes
from wire.clock import PlantClock
from wire.quality import BAD, GOOD

DAY_MS = 86_400_000
# A device whose clock stands before this has never been set; 2000-01-01 UTC.
EARLIEST_MS = 946_684_800_000
# Metric of every device: bad input counted since the gateway started, sent when it grows.
BAD_INPUT = "bad_input"
# An example of bad input is for a person: as much of it as can be read at a glance.
LONGEST_EXAMPLE = 200
_SHOWN = 60  # characters of a value in it
_BELIEVED = "a time from 2000 to a day from now"

log = structlog.get_logger(__name__)


class Sample(NamedTuple):
    """What a device said about one tag, before scaling; `kept` passes even if unchanged."""

    tag: str
    ts_ms: int
    raw: object
    quality: int = GOOD
    kept: bool = False


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

    Attributes
    ----------
    writes : Writes
        Values that the driver is to write, before its next read.
    memory : object
        What a driver carries from one session of this device to the next.
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
        self.writes = Writes()
        self.memory: object | None = None
        self._hand = hand
        self._announce = announce
        self._told_bad = 0
        self._paths: Mapping[str, TagPath] = {
            tag.name: TagPath(tag.name, tag.scaling, None if every else ChangeFilter(tag.change))
            for tag in tags
        }
        self._derived: Engine | None = None
        self._across: Engine | None = None
        self._through: int | None = None
        self._is_doubted = False

    def derive(self, own: Engine | None, across: Engine | None) -> None:
        """Compute derived tags from every sample, before deadbands.

        Parameters
        ----------
        own : Engine or None
            For the device's own derived tags; they come in the same scan as their inputs.
        across : Engine or None
            For those over several devices, which share it; they come in scans of the computed devices.
        """
        self._derived, self._across = own, across

    def open_session(self) -> None:
        """Start a session: the first value of every tag will be reported again."""
        self._through = None
        for path in self._paths.values():
            path.forget()
            if path.change:
                path.change.reset()
        if self._derived:
            self._derived.forget(self.device)
        if self._across:
            self._across.lose(self.device)
            self._hand_across()

    def set_deadband(self, tag: str, deadband: Deadband | None) -> None:
        """Replace a tag's deadband by what the device itself has said about its range."""
        self._paths[tag].forget()
        if change := self._paths[tag].change:
            change.deadband = deadband

    def plan(self, tags: Iterable[str]) -> Plan:
        """Tags whose raw numbers will be read together again and again, for a `Row` to `take`."""
        return Plan([self._paths[tag] for tag in tags])

    def flag(self, kind: str, count: int = 1, example: str = "") -> None:
        """Count bad input of a kind; the first of each kind is logged, the newest example is kept."""
        example = example[:LONGEST_EXAMPLE]
        if not self.health.bad[kind]:
            log.warning("bad_input", device=self.device, kind=kind, example=example or None)
        self.health.bad[kind] += count
        if example:
            self.health.examples[kind] = example

    def take(
        self, samples: Iterable[Sample], observed: tuple[int, int] | None, row: Row | None = None
    ) -> None:
        """Hand on what these samples report, with the time over which the device was watched.

        Parameters
        ----------
        samples : iterable of Sample
            In the order in which they happened.
        observed : (int, int) or None
            (since_ms, through_ms) of this session in plant time; dropped when it cannot be believed.
        row : Row, optional
            More of them, read together after the samples.

        Raises
        ------
        SpoolRefused
            When the scan could not be handed on.
        """
        self._come_up()
        latest = self.clock.now_ms() + DAY_MS
        readings: Sequence[Reading] = tuple(self._readings(samples, latest))
        if row is not None:
            readings = _joined(readings, self._of_row(row, latest))
        if observed:
            observed = self._believed(observed, latest)
        readings = _joined(readings, self._bad_input(latest - DAY_MS))
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
            self.writes.open()

    def _readings(self, samples: Iterable[Sample], latest: int) -> Iterator[Reading]:
        """What the samples report, and behind the samples of each moment what is derived from them."""
        if self._derived is None and self._across is None:
            for sample in samples:
                if reading := self._reading(sample, latest):
                    yield reading
            return
        moment: int | None = None
        for sample in samples:
            if moment is not None and sample.ts_ms != moment:
                yield from self._derive()
            moment = sample.ts_ms
            if reading := self._reading(sample, latest):
                yield reading
        yield from self._derive()

    def _of_row(self, row: Row, latest: int) -> Sequence[Reading]:
        """The readings of a row: quickly, unless its time is doubted or something is derived from it."""
        if self._derived is None and self._across is None and _doubt(row.ts_ms, latest) is None:
            return readings_of(
                self.device,
                row,
                lambda path, raw: self._reading(Sample(path.name, row.ts_ms, raw), latest),
            )
        named = zip(row.plan.tags, row.raws, strict=True)
        return tuple(self._readings((Sample(tag, row.ts_ms, raw) for tag, raw in named), latest))

    def _derive(self) -> Iterator[Reading]:
        for outcome in self._derived.outcomes() if self._derived else ():
            self._note_fault(outcome)
            if self._across:
                self._across.note(outcome.ref, outcome.ts_ms, outcome.value, outcome.quality)
            yield Reading(self.device, outcome.ref.tag, outcome.ts_ms, outcome.value, outcome.quality)
        if self._across:
            self._hand_across()

    def _hand_across(self) -> None:
        """Hand on what follows for the computed devices; they have no session, so nothing is asserted."""
        for outcome in self._across.outcomes() if self._across else ():
            self._note_fault(outcome)
            device, tag = outcome.ref
            reading = Reading(device, tag, outcome.ts_ms, outcome.value, outcome.quality)
            if not self._hand(Scan(device, (reading,))):
                self.flag("spool_refused")

    def _note_fault(self, outcome: Outcome) -> None:
        if outcome.fault:
            self.flag(outcome.fault, example=f"{outcome.ref.tag}: {outcome.why}")

    def _reading(self, sample: Sample, latest: int) -> Reading | None:
        path = self._paths[sample.tag]
        path.forget()
        value, quality, kind = self._value(path.scaling, sample)
        doubt = _doubt(sample.ts_ms, latest)
        if doubt:
            quality, kind = BAD, doubt
        for engine in (self._derived, self._across):
            if engine:
                engine.note(Ref(self.device, sample.tag), sample.ts_ms, value, quality)
        if path.change:
            if sample.kept:
                path.change.note(value, quality)
            elif not path.change.passes(value, quality):
                return None
        # Counted when reported: a value that stays wrong poll after poll is one fault, not twenty a second.
        if kind:
            accepted = _BELIEVED if doubt else path.scaling.datatype
            example = f"{sample.tag} = {_shown(sample.raw)} at {sample.ts_ms} ms; accepted: {accepted}"
            self.flag(kind, example=example)
        return Reading(self.device, sample.tag, sample.ts_ms, value, quality)

    @staticmethod
    def _value(scaling: Scaling, sample: Sample) -> tuple[Scalar | None, int, str | None]:
        if sample.raw is None:
            return None, BAD if sample.quality == GOOD else sample.quality, None
        try:
            return scaling.value(sample.raw), sample.quality, None
        except Unfit as unfit:
            return None, BAD, unfit.kind


def _joined(first: Sequence[Reading], second: Sequence[Reading]) -> Sequence[Reading]:
    """Both in this order; columns stay columns while they are alone."""
    if not first or not second:
        return first or second
    return (*first, *second)


def _shown(raw: object) -> str:
    """A raw value in so many characters that what else an example says is not cut off."""
    text = str(raw) if isinstance(raw, Unfit) else repr(raw)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _doubt(ts_ms: int, latest: int) -> str | None:
    """Why a device's time cannot be believed, if so."""
    if ts_ms > latest:
        return "future_time"
    return "clock_not_set" if ts_ms < EARLIEST_MS else None
