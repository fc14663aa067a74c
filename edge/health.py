"""Counters of what a gateway's devices did and of the input it could not trust."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal

# Of a device whose tags are all wrong, so many say enough.
FAULTS_SHOWN: Final = 20

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
    examples : dict of str to str
        Newest example of each kind of bad input, for people: a line, the bytes in hex, a topic.
    last_error : str
        Text of the newest error, empty if none.
    clock_skew_s : float or None
        The device's clock minus the gateway's, by its newest time; None where it has no clock.
    faults : dict of str to str
        Tags that give no good value at this moment, with the reason, where the driver knows it per tag.
    """

    state: DeviceState = "starting"
    polls: int = 0
    overruns: int = 0
    errors: int = 0
    sessions: int = 0
    readings: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    last_error: str = ""
    clock_skew_s: float | None = None
    faults: dict[str, str] = field(default_factory=dict)


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
                "examples": dict(device.examples),
                "faulty_tags": len(device.faults),
                "faults": dict(islice(device.faults.items(), FAULTS_SHOWN)),
            }
            for name, device in self.devices.items()
        }
