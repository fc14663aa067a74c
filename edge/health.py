"""Counters of what a gateway's devices did and of the input it could not trust."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

DeviceState = Literal["starting", "up", "down", "refused", "stopped"]


@dataclass(slots=True)
class DeviceHealth:
    """What one device connection has done since the start of the process.

    Attributes
    ----------
    state : str
        `starting` until the first answer, then `up`, `down` (does not answer) or `refused` (answers no).
    polls : int
        Completed polls, publishes or lines.
    overruns : int
        Polls that began late because the one before took longer than its period.
    errors : int
        Sessions that ended in an error.
    sessions : int
        Sessions that reached a first good answer.
    readings : int
        Readings handed to the spool.
    bad : collections.Counter
        Bad input by kind, such as `not_a_number`, `out_of_range`, `future_time`, `ring_overrun`, `bad_line`.
    last_error : str
        Text of the newest error, empty if none.
    """

    state: DeviceState = "starting"
    polls: int = 0
    overruns: int = 0
    errors: int = 0
    sessions: int = 0
    readings: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    last_error: str = ""


class Health:
    """The health of every device of one gateway, in the order of the configuration."""

    def __init__(self, devices: list[str]) -> None:
        self.devices = {device: DeviceHealth() for device in devices}

    def bad_input(self) -> Counter[str]:
        """Bad input by kind, summed over all devices."""
        total: Counter[str] = Counter()
        for device in self.devices.values():
            total.update(device.bad)
        return total

    def summary(self) -> dict[str, dict[str, object]]:
        """Plain figures per device, for a log line or a page."""
        return {
            name: {
                "state": device.state,
                "polls": device.polls,
                "overruns": device.overruns,
                "errors": device.errors,
                "sessions": device.sessions,
                "readings": device.readings,
                "bad": dict(device.bad),
            }
            for name, device in self.devices.items()
        }
