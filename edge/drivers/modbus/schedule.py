"""When each scan class of a device is due: a fixed grid that never drifts; no clock, no I/O."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

# Classes due within this time of each other are read in one go.
TOGETHER_S = 0.001
# Devices of one gateway start at different phases, so that their polls do not come in bursts.
LARGEST_PHASE_S = 1.0


def phase_s(device: str, period_s: float) -> float:
    """The offset of a device's grid, the same at every start, spread evenly over its period (at most 1 s)."""
    return zlib.crc32(device.encode()) % 997 / 997 * min(period_s, LARGEST_PHASE_S)


@dataclass(slots=True)
class _Grid:
    period_s: float
    start_s: float
    step: int = 0

    @property
    def due_s(self) -> float:
        """Computed from the start each time: no rounding adds up."""
        return self.start_s + self.step * self.period_s


class Schedule:
    """The grids of one session; times are monotonic seconds of the caller.

    Parameters
    ----------
    periods_s : sequence of float
        Period of each class, seconds.
    start_s : float
        A moment on every grid; classes whose periods are multiples of each other meet again and again.
    """

    def __init__(self, periods_s: Sequence[float], start_s: float) -> None:
        self._grids = [_Grid(period_s, start_s) for period_s in periods_s]

    @property
    def due_s(self) -> float:
        """When the next class is due."""
        return min(grid.due_s for grid in self._grids)

    def take(self, now_s: float) -> tuple[list[int], int]:
        """Classes that are due by `now_s`, and how many of their turns were missed for being a period late.

        What was missed is not made up for: the next turn is the next one of the grid after `now_s`.
        """
        due, missed = [], 0
        for number, grid in enumerate(self._grids):
            late_s = now_s + TOGETHER_S - grid.due_s
            if late_s >= 0:
                overrun = int(late_s / grid.period_s)
                missed += overrun
                grid.step += overrun + 1
                due.append(number)
        return due, missed
