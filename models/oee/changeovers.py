"""Finds the changes from one product to the next in what a machine did."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from models.oee.result import MachineResult


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
    goods = [(made.ts_ms, product_of.get(made.job)) for made in result.made if made.good > 0]
    found: list[Changeover] = []
    for before, after in pairwise(spans):
        old, new = product_of[before.job], product_of[after.job]
        if old == new:
            continue
        start = max(
            (at for at, product in goods if product == old and at <= after.start_ms), default=before.end_ms
        )
        first = min((at for at, product in goods if product == new and at > after.start_ms), default=None)
        end = result.window[1] if first is None else first
        setup_ms = sum(
            min(s.end_ms, end) - max(s.start_ms, start)
            for s in result.segments
            if s.state == "setup" and s.start_ms < end and start < s.end_ms
        )
        found.append(Changeover(old, new, start, end, setup_ms, first is not None))
    return found
