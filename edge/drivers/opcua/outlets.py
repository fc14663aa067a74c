"""Which tags a node feeds: changes in, samples out, with what is wrong noted per tag."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from edge.devices.opcua import OpcUaDevice
from edge.drivers.opcua.items import Item
from edge.drivers.opcua.publishes import Change
from edge.drivers.opcua.values import OVERFLOW, NoScalar, part_of, quality_of, status_name
from edge.intake import Intake, Sample
from wire.quality import BAD, GOOD

CLOCK_HANDLE: Final = 0
# Values that need no looking at before they are scaled.
SIMPLE: Final = frozenset({bool, int, float, str})

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Cycle:
    """What one publish cycle of the server said."""

    samples: list[Sample] = field(default_factory=list)
    clock_ms: int | None = None
    has_overflowed: bool = False


class Outlets:
    """The tags of one session.

    Parameters
    ----------
    device : OpcUaDevice
        As configured.
    intake : Intake
        Counts what is wrong; its health shows it per tag.
    items : sequence of Item
        Handles from 1 without a hole.
    """

    def __init__(self, device: OpcUaDevice, intake: Intake, items: Sequence[Item]) -> None:
        self.items = items
        self._device = device
        self._intake = intake
        # By handle: the tag's name where the node's value is the tag's, else empty.
        self._names = ["", *(item.tags[0].name if item.is_plain else "" for item in items)]
        self._troubled: set[int] = set()
        intake.health.faults.clear()

    def collect(self, changes: Iterable[Change], cycle: Cycle, device_ms: int | None) -> None:
        """Add what these changes report to the cycle; `device_ms` stands in where a value has no time."""
        names, troubled, simple, append = self._names, self._troubled, SIMPLE, cycle.samples.append
        spare_ms = None
        for handle, value, status, ts_ms in changes:
            if ts_ms is None:
                spare_ms = spare_ms or device_ms or self._intake.clock.now_ms()
                ts_ms = spare_ms  # noqa: PLW2901 - the value has no time of its own
            if (
                not status
                and value.__class__ in simple
                and (name := names[handle])
                and handle not in troubled
            ):
                append(Sample(name, ts_ms, value))
            elif handle == CLOCK_HANDLE:
                self._take_clock(value, status, cycle)
            else:
                self._take(self.items[handle - 1], Change(handle, value, status, ts_ms), cycle)

    def _take_clock(self, value: object, status: int, cycle: Cycle) -> None:
        if isinstance(value, int) and quality_of(status) == GOOD:
            cycle.clock_ms = value
        else:
            self._intake.flag("bad_clock")

    def _take(self, item: Item, change: Change, cycle: Cycle) -> None:
        """The same for whatever is not a plain good value."""
        handle, value, status, ts_ms = change
        if status & OVERFLOW == OVERFLOW:
            cycle.has_overflowed = True
            self._intake.flag("queue_overflow")
        quality = quality_of(status)
        faults = self._intake.health.faults
        is_troubled = quality != GOOD
        for tag in item.tags:
            fault, raw = status_name(status) if is_troubled else "", None
            if quality != BAD:
                try:
                    raw = part_of(value, tag.path)
                except NoScalar as no_scalar:
                    fault = f"{item.node} is {no_scalar}"
                    self._refuse(tag.name, fault)
            if fault:
                is_troubled = True
                faults[tag.name] = fault
            else:
                faults.pop(tag.name, None)
            cycle.samples.append(Sample(tag.name, ts_ms or 0, raw, quality))
        (self._troubled.add if is_troubled else self._troubled.discard)(handle)

    def _refuse(self, tag: str, fault: str) -> None:
        if self._intake.health.faults.get(tag) != fault:
            log.warning("opcua_value_refused", device=self._device.id, tag=tag, reason=fault)
            self._intake.flag("no_scalar", example=fault)

    def lose(self, items: Iterable[Item]) -> None:
        """Note that the server does not have these nodes."""
        for item in items:
            for tag in item.tags:
                self._intake.health.faults[tag.name] = item.fault
            log.warning(
                "opcua_node_missing",
                device=self._device.id,
                node=item.node,
                tag=item.tags[0].name,
                reason=item.fault,
            )

    def find(self, items: Iterable[Item]) -> None:
        """Note that the server has these nodes again; their values follow by themselves."""
        for item in items:
            for tag in item.tags:
                self._intake.health.faults.pop(tag.name, None)
            log.info("opcua_node_found", device=self._device.id, node=item.node, tag=item.tags[0].name)

    def lost(self) -> list[str]:
        """Names of the tags whose node the server does not have."""
        return [tag.name for item in self.items if item.fault for tag in item.tags]
