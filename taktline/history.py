"""A stretch of history in the gateways' spools, as they would have filled them while their link was down."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge.agent import open_spool
from edge.config import GatewayConfig, load
from edge.filters import ChangeFilter
from edge.reading import Reading, Scan
from edge.spool import Spool
from edge.spool_file import Stream
from simulators.history import Change, Shown
from simulators.world import World
from taktline.stack import RunPlan
from wire.quality import GOOD

HOUR_MS = 3_600_000
CHUNK_MS = 5 * 60_000
OLD_CHUNK_MS = 30 * 60_000  # of days that nobody waits for: fewer, longer batches
# What goes out first of a long history: the shift before now, and the two hours after power-on, on whose
# samples every later judgement of a machine's condition rests.
RECENT_MS = 8 * HOUR_MS
COMMISSIONING_MS = 2 * HOUR_MS
Tell = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Spooled:
    """What was put into the spools, and the world that said it, standing at the end of the history."""

    world: World
    readings: int


def spool_history(
    plan: RunPlan, gateway_files: Mapping[str, Path], tell: Tell = lambda _through_ms: None
) -> Spooled:
    """Return what of the world between its start and the clock's origin was spooled.

    A history longer than a shift goes out in two streams: what the pages show first (the last shift) stands
    in the older one, which a gateway sends first; all other days, in their order, in the one after it.
    The gateways must not run yet: a spool has one writer.

    Parameters
    ----------
    plan
        Its `start_ms` is where history begins, its clock's origin where it ends.
    gateway_files
        The configuration of each gateway by edge node id; only devices and tags of it are looked at.
    tell
        Hears now and then through which plant time the world has come.
    """
    since, until = plan.start_ms, plan.origin_ms
    shown = Shown(World(plan.plant, plan.seed, since))
    shown.pass_silently(since)  # power-on: before it no machine has a state
    spooling = _Spooling(shown, gateway_files.values(), tell)
    try:
        recent = until - RECENT_MS
        if recent - since <= COMMISSIONING_MS:
            spooling.stretch(since, until)
        else:
            spooling.stretch(since, since + COMMISSIONING_MS)
            for writer in spooling.writers:
                writer.begin_rest()
            spooling.stretch(since, recent, goes_on=True)
            for writer in spooling.writers:
                writer.return_to_first()
            spooling.stretch(recent, until)
    finally:
        spooling.close()
    return Spooled(spooling.shown.world, spooling.readings)


class _Spooling:
    """What one world shows on its way into the spools of all gateways."""

    def __init__(self, shown: Shown, gateway_files: Iterable[Path], tell: Tell) -> None:
        self.shown = shown
        self.writers = [_Writer(load(path)) for path in gateway_files]
        self.readings = 0
        self._tell = tell
        self._writer_of = {device.id: writer for writer in self.writers for device in writer.config.device}
        self._waiting: dict[str, list[Change]] = {device: [] for device in self._writer_of}

    def close(self) -> None:
        """Close the spools."""
        for writer in self.writers:
            writer.spool.close()

    def stretch(self, since_ms: int, until_ms: int, *, goes_on: bool = False) -> None:
        """Spool what comes through `until_ms`, every device watched from `since_ms` on.

        A stretch that does not go on where the one before in its stream ended begins with all metrics.
        """
        chunk_ms = OLD_CHUNK_MS if goes_on else CHUNK_MS
        edge_ms = max(self.shown.world.now_ms, self.shown.world.start_ms) + chunk_ms
        if not goes_on:
            for change in self.shown.standing():
                self._waiting[change.source].append(change)
        for change in self.shown.changes(until_ms):
            while change.ts_ms > edge_ms:
                self._hand_on(since_ms, edge_ms)
                edge_ms += chunk_ms
            self._waiting[change.source].append(change)
        self._hand_on(since_ms, until_ms)
        for writer in self.writers:
            writer.spool.flush()

    def _hand_on(self, since_ms: int, through_ms: int) -> None:
        for device, rows in self._waiting.items():
            self.readings += self._writer_of[device].take(device, rows, (since_ms, through_ms))
            rows.clear()
        self._tell(through_ms)


@dataclass(slots=True)
class _Writer:
    """One gateway's spool with the filters of its configuration."""

    config: GatewayConfig
    spool: Spool = field(init=False)
    _filters: dict[tuple[str, str], ChangeFilter] = field(init=False)
    _first: Stream | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.spool = open_spool(self.config)
        # Without a deadband every change passes, and changes are all that comes.
        self._filters = {
            (device.id, tag.name): ChangeFilter(tag.change)
            for device in self.config.device
            for tag in device.tag
            if tag.change is not None
        }

    def take(self, device: str, changes: Iterable[Change], observed: tuple[int, int]) -> int:
        """Return how many of a device's changes passed its deadbands into the spool."""
        filters = self._filters
        readings = tuple(
            Reading(device, tag, ts_ms, value)
            for ts_ms, _, tag, value in changes
            if (device, tag) not in filters or filters[device, tag].passes(value, GOOD)
        )
        scan = Scan(device, readings, observed)
        while not self.spool.put(scan):
            self.spool.flush()
        return len(readings)

    def begin_rest(self) -> None:
        """Write into a second stream from now on."""
        self._first = self.spool.live
        self.spool.open_stream()

    def return_to_first(self) -> None:
        """Write into the first stream again: it is what the gateway will send first."""
        first = self._first
        if first is None:
            raise ValueError("the rest of the history has not begun")
        self.spool.soon(lambda _file, draft: setattr(draft, "stream", first)).result()
