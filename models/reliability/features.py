"""Features of a condition signal: robust medians of what a machine showed while it ran."""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

BLOCK_MS = 5 * 60_000
LEAST_SAMPLES = 12  # in a block; fewer say too little, whatever the reason (stop, data gap)

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Block:
    """One cell of a fixed time grid.

    Parameters
    ----------
    start_ms
        Plant time at which the cell begins, a multiple of the grid.
    level
        Median of the natural logarithm of the samples, ln(mm/s).
    samples
        How many samples it rests on.
    regime
        What the machine worked on, e.g. the product; samples of the rarer regimes of a cell are left out.
    """

    start_ms: int
    level: float
    samples: int
    regime: str


def blocks(
    samples: Iterable[tuple[int, float]],
    running: Sequence[Interval],
    regimes: Sequence[tuple[int, str]],
    *,
    block_ms: int = BLOCK_MS,
    least: int = LEAST_SAMPLES,
) -> list[Block]:
    """The blocks that rest on enough samples, by time; a median ignores disturbances of under half a block.

    Parameters
    ----------
    samples
        (plant time in ms, value above 0), in any order; other values are left out.
    running
        Half-open intervals in which the machine ran, ascending; samples elsewhere belong to another regime of
        vibration and are left out.
    regimes
        (from when, name), ascending: what the machine worked on; "" before the first.
    block_ms, least
        Width of the grid and the least number of samples of a block.
    """
    starts = [start for start, _ in running]
    changes = [at for at, _ in regimes]
    cells: dict[int, dict[str, list[float]]] = {}
    for ts_ms, value in sorted(samples):
        if not (math.isfinite(value) and value > 0):
            continue
        at = bisect_right(starts, ts_ms) - 1
        if at < 0 or ts_ms >= running[at][1]:
            continue
        which = bisect_right(changes, ts_ms) - 1
        regime = regimes[which][1] if which >= 0 else ""
        cells.setdefault(ts_ms // block_ms, {}).setdefault(regime, []).append(math.log(value))
    found = []
    for cell, by_regime in sorted(cells.items()):
        regime, levels = max(by_regime.items(), key=lambda item: (len(item[1]), item[0]))
        if len(levels) >= least:
            found.append(Block(cell * block_ms, median(levels), len(levels), regime))
    return found
