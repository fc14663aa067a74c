"""A machine's health: an EWMA chart of its blocks against its own baseline, with a false-alarm budget."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from statistics import fmean, median, stdev

import numpy as np
from numpy.typing import NDArray

from models.reliability.features import BLOCK_MS, Block

STATES_OF_CHAIN = 101
HIGHEST_LIMIT = 12.0


@dataclass(frozen=True, slots=True)
class ChartSettings:
    """How a chart is drawn.

    Parameters
    ----------
    weight
        λ of the EWMA, 0–1.
    baseline_blocks
        Blocks of running after commissioning or overhaul that make the baseline; nothing is judged before.
    false_alarms_per_1000_h
        The budget: false alarms per machine in 1,000 hours of running when nothing is wrong.
    least_rise
        A rise below this share of the baseline is no finding, however certain it is, e.g. 0.12.
    clear_share
        An alarm clears when the level falls below this share of the limit.
    critical_rise
        A rise of this share of the baseline is critical.
    new_regime_blocks
        Blocks after which a regime that the baseline has not seen has its own offset.
    """

    weight: float = 0.25
    baseline_blocks: int = 12
    false_alarms_per_1000_h: float = 1.0
    least_rise: float = 0.12
    clear_share: float = 0.5
    critical_rise: float = 0.6
    new_regime_blocks: int = 3


@dataclass(frozen=True, slots=True)
class Baseline:
    """The machine as it was when sound: level in ln(unit), its scatter, on how many blocks it rests."""

    level: float
    scatter: float
    blocks: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """One block on the chart; `rise` and `limit` are ln ratios to the baseline, None while it is learnt."""

    start_ms: int
    level: float
    rise: float | None
    limit: float | None


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which the rise stood above the limit; `cleared_ms` is None while it does."""

    raised_ms: int
    cleared_ms: int | None
    rise: float
    limit: float
    peak: float


@dataclass(slots=True)
class Assessment:
    """The chart of one machine with its baseline and episodes, oldest first."""

    baseline: Baseline | None = None
    points: list[ChartPoint] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)


def ratio(rise: float) -> float:
    """A rise in ln units as a ratio to the baseline, e.g. 0.1133 → 1.12."""
    return math.exp(rise)


@cache
def ewma_limit(weight: float, run_length: float) -> float:
    """Limit L of a one-sided EWMA chart, in its standard deviations, for a wanted run length.

    The average run length is computed with a Markov chain of 101 states (Brook, Evans, Biometrika 59, 1972;
    Lucas and Saccucci, Technometrics 32, 1990). Two-sided with λ = 0.25, L = 2.998 gives 500 (Lucas and
    Saccucci, table 3); one-sided, half the alarms at that limit give about 1,000.

    Parameters
    ----------
    weight
        λ, 0–1.
    run_length
        Mean number of independent normal observations until a false alarm, > 1.
    """
    low, high = 0.0, HIGHEST_LIMIT
    for _ in range(40):
        middle = (low + high) / 2
        if average_run_length(weight, middle) < run_length:
            low = middle
        else:
            high = middle
    return high


def average_run_length(weight: float, limit: float) -> float:
    """Mean number of standard normal observations until a one-sided EWMA that starts at 0 exceeds its limit.

    The chart is reflected at `-limit`, so that a long calm does not make it blind.
    """
    spread = math.sqrt(weight / (2 - weight))
    top = limit * spread
    width = 2 * top / STATES_OF_CHAIN
    centres = -top + width * (np.arange(STATES_OF_CHAIN) + 0.5)
    upper = (centres[None, :] + width / 2 - (1 - weight) * centres[:, None]) / weight
    below = 0.5 * (1 + np.vectorize(math.erf)(upper / math.sqrt(2)))
    moves = np.diff(below, axis=1, prepend=0.0)
    # Everything below the lowest state is reflected into it: `below` already counts it there.
    return float(_stays(np.eye(STATES_OF_CHAIN) - moves)[STATES_OF_CHAIN // 2])


def _stays(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """The solution x of matrix · x = 1 for I minus a chain's moves, which needs no pivoting.

    Not `numpy.linalg.solve`: on busy cores its library's threads wait for each other for seconds, over a
    matrix of a hundred rows.
    """
    left, right = matrix.copy(), np.ones(len(matrix))
    for row in range(len(left) - 1):
        shares = left[row + 1 :, row] / left[row, row]
        left[row + 1 :] -= shares[:, None] * left[row]
        right[row + 1 :] -= shares * right[row]
    for row in range(len(left) - 1, -1, -1):
        right[row] = (right[row] - (left[row, row + 1 :] * right[row + 1 :]).sum()) / left[row, row]
    return right


def assess(
    blocks: Sequence[Block],
    settings: ChartSettings = ChartSettings(),
    overhauls: Sequence[int] = (),
    *,
    block_ms: int = BLOCK_MS,
) -> Assessment:
    """The chart of one machine over all its blocks since commissioning.

    The first `baseline_blocks` blocks, and those after each overhaul, make a baseline. Every later block is
    compared with it in ln units, smoothed, and held against the larger of two limits: the one that the
    false-alarm budget asks for, widened by the uncertainty of the baseline, and the least rise that matters.
    Missing blocks change nothing: a data gap is no finding.

    Parameters
    ----------
    blocks
        By time.
    settings
        See `ChartSettings`.
    overhauls
        Plant times (ms) after which the machine counts as new.
    block_ms
        Width of a block.
    """
    result = Assessment()
    borders = [*sorted(overhauls), None]
    rest = list(blocks)
    for border in borders:
        life = [block for block in rest if border is None or block.start_ms < border]
        rest = rest[len(life) :]
        _Life(settings, block_ms).follow(life, result)
        if border is not None and result.episodes and result.episodes[-1].cleared_ms is None:
            result.episodes[-1] = _cleared(result.episodes[-1], border)
    return result


def _cleared(episode: Episode, at_ms: int) -> Episode:
    return Episode(episode.raised_ms, at_ms, episode.rise, episode.limit, episode.peak)


class _Life:
    """A machine from commissioning or overhaul to the next."""

    def __init__(self, settings: ChartSettings, block_ms: int) -> None:
        self._settings = settings
        self._block_ms = block_ms
        self._offsets: dict[str, float] = {}
        self._learning: dict[str, list[float]] = {}
        self._rise = 0.0

    def follow(self, life: Sequence[Block], result: Assessment) -> None:
        """Add the chart of this life to the result."""
        count = self._settings.baseline_blocks
        learnt, judged = life[:count], life[count:]
        result.points += [ChartPoint(block.start_ms, block.level, None, None) for block in learnt]
        result.baseline = baseline = self._baseline(learnt) if len(learnt) == count else None
        if baseline is None:
            return
        limit = self._limit(baseline)
        active: Episode | None = None
        for block in judged:
            end_ms = block.start_ms + self._block_ms
            self._rise = self._smoothed(block, baseline)
            result.points.append(ChartPoint(block.start_ms, block.level, self._rise, limit))
            if active is None and self._rise > limit:
                active = Episode(end_ms, None, self._rise, limit, self._rise)
                result.episodes.append(active)
            elif active is not None:
                peak = max(active.peak, self._rise)
                active = Episode(active.raised_ms, None, active.rise, limit, peak)
                if self._rise < limit * self._settings.clear_share:
                    result.episodes[-1], active = _cleared(active, end_ms), None
                else:
                    result.episodes[-1] = active

    def _baseline(self, learnt: Sequence[Block]) -> Baseline:
        by_regime: dict[str, list[float]] = {}
        for block in learnt:
            by_regime.setdefault(block.regime, []).append(block.level)
        centre = median(block.level for block in learnt)
        self._offsets = {
            regime: fmean(levels) - centre
            for regime, levels in by_regime.items()
            if len(levels) >= self._settings.new_regime_blocks
        }
        left = [block.level - centre - self._offsets.get(block.regime, 0.0) for block in learnt]
        # At least 1 %: a chance run of equal blocks must not make a chart that alarms at nothing.
        return Baseline(centre, max(stdev(left), 0.01), len(learnt), learnt[-1].start_ms + self._block_ms)

    def _limit(self, baseline: Baseline) -> float:
        settings = self._settings
        blocks_per_1000_h = 1000 * 3_600_000 / self._block_ms
        factor = ewma_limit(settings.weight, blocks_per_1000_h / settings.false_alarms_per_1000_h)
        ewma_share = settings.weight / (2 - settings.weight)
        # The scatter itself is an estimate: its relative standard error is 1/sqrt(2(n-1)).
        scatter = baseline.scatter * (1 + 1 / math.sqrt(2 * (baseline.blocks - 1)))
        statistical = factor * scatter * math.sqrt(ewma_share + 1 / baseline.blocks)
        return max(statistical, math.log1p(settings.least_rise))

    def _smoothed(self, block: Block, baseline: Baseline) -> float:
        """The new level of the chart; a regime without an offset is taken to begin where the chart stands."""
        offset = self._offsets.get(block.regime)
        if offset is None:
            seen = self._learning.setdefault(block.regime, [])
            seen.append(block.level - baseline.level - self._rise)
            if len(seen) < self._settings.new_regime_blocks:
                return self._rise
            offset = self._offsets[block.regime] = median(seen)
        rise = block.level - baseline.level - offset
        smoothed = (1 - self._settings.weight) * self._rise + self._settings.weight * rise
        return max(smoothed, -self._limit(baseline))
