"""What stands on the command line about the tags in front of a simulated reader."""

import argparse

from simulators.faults import Faults
from simulators.tag_field import Conveyor, FieldRead, MovingTags

DEFAULT = Conveyor()


def add_conveyor(parser: argparse.ArgumentParser, antennas: int) -> None:
    """Add the options of a conveyor past `antennas` antennas, 1 where the reader has one only."""
    if antennas > 1:
        parser.add_argument("--antennas", type=int, default=antennas, help="antennas, passed in order")
    parser.add_argument("--seed", type=int, default=1, help="chooses tags and chances")
    parser.add_argument("--tags-per-min", type=float, default=DEFAULT.tags_per_min, help="tags that enter")
    parser.add_argument("--dwell-s", type=float, default=DEFAULT.dwell_s, help="time in one antenna's field")
    parser.add_argument("--reads-per-s", type=float, default=DEFAULT.reads_per_s, help="reads there")
    parser.add_argument("--ghosts-per-min", type=float, default=0.0, help="weak reads of tags elsewhere")


def conveyor(options: argparse.Namespace) -> Conveyor:
    """The conveyor that the options describe.

    Raises
    ------
    ValueError
        When one is out of range.
    """
    return Conveyor(
        getattr(options, "antennas", 1),
        options.tags_per_min,
        options.dwell_s,
        options.reads_per_s,
        options.ghosts_per_min,
    )


class HauntedTags(MovingTags):
    """Tags on a conveyor, with more ghosts while the fault `ghost_reads` lasts."""

    def __init__(self, options: argparse.Namespace, start_ms: int, faults: Faults) -> None:
        super().__init__(conveyor(options), options.seed, start_ms)
        self._faults = faults

    def advance(self, until_ms: int) -> list[FieldRead]:
        """What is read until `until_ms`, in order, from where the last call ended."""
        fault = self._faults.now("ghost_reads")
        self.extra_ghosts_per_s = fault["per_s"] if fault else 0.0
        return super().advance(until_ms)
