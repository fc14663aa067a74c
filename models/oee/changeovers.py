"""Finds the changes from one product to the next in what a machine did."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from models.oee.policies import SETUP
from models.oee.result import MachineResult
from models.oee.timeline import clip, length_ms


@dataclass(frozen=True, slots=True)
class Changeover:
    """From the last good part of one product to the first good part of the next, in plant ms.

    `setup_ms` is the time in state `setup` in between, planned or not. A change that has not made its first
    good part in the window ends with it and is not `is_done`.
    """

    from_product: str
    to_product: str
    start_ms: int
    end_ms: int
    setup_ms: int
    is_done: bool

    @property
    def length_ms(self) -> int:
        """From good part to good part in ms."""
        return self.end_ms - self.start_ms


def changeovers(result: MachineResult, product_of: Mapping[int, str]) -> list[Changeover]:
    """The changes of product in a result, in time order.

    A change between two jobs of the same product is none, and neither is a job of which no product is known.

    Parameters
    ----------
    result
        A machine's result over a window.
    product_of
        Product by job number.
    """
    # The register says what was wanted, the counts say when the old product ended and the new one came.
    spans = [span for span in result.jobs if span.job in product_of]
    goods: dict[str, list[int]] = {}
    for made in result.made:
        if made.good > 0 and made.job in product_of:
            goods.setdefault(product_of[made.job], []).append(made.ts_ms)
    setups = [(s.start_ms, s.end_ms) for s in result.segments if s.state == SETUP]
    found: list[Changeover] = []
    for before, after in pairwise(spans):
        old, new = product_of[before.job], product_of[after.job]
        if old == new:
            continue
        last, first = goods.get(old, []), goods.get(new, [])
        at = bisect_right(last, after.start_ms)
        start = last[at - 1] if at else before.end_ms
        at = bisect_right(first, after.start_ms)
        is_done = at < len(first)
        end = first[at] if is_done else result.window[1]
        found.append(Changeover(old, new, start, end, length_ms(clip(setups, start, end)), is_done))
    return found
