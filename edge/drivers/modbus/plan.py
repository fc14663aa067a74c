"""Which requests read a set of registers, decided without any I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAX_REGISTERS = 125
MAX_BITS = 2000
BIT_TABLES = frozenset({"coil", "discrete"})


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`count` addresses of one table from `address`, 0-based; as a wish or as a request."""

    table: str
    address: int
    count: int

    @property
    def end(self) -> int:
        """The first address behind it."""
        return self.address + self.count

    def covers(self, other: "Span") -> bool:
        """Whether `other` lies wholly inside."""
        return self.table == other.table and self.address <= other.address and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Limits:
    """What a device allows in one request.

    Attributes
    ----------
    gap : int
        Unused registers that may be read along to save a request.
    registers : int
        Registers in one request, at most 125.
    forbidden : tuple of (int, int)
        First and last addresses that must never be read, in any table.
    bits : int
        Bits in one request, at most 2000.
    """

    gap: int = 8
    registers: int = MAX_REGISTERS
    forbidden: tuple[tuple[int, int], ...] = ()
    bits: int = MAX_BITS

    def of(self, table: str) -> int:
        """The largest request for `table`."""
        if table in BIT_TABLES:
            return min(self.bits, MAX_BITS)
        return min(self.registers, MAX_REGISTERS)

    def is_free(self, first: int, end: int) -> bool:
        """Whether no forbidden address lies in [first, end)."""
        return not any(first <= high and low < end for low, high in self.forbidden)


def plan(wanted: Iterable[Span], limits: Limits) -> list[Span]:
    """The requests that cover every wanted span, each span whole in one of them, sorted by address.

    Numbers are never torn: two halves of a counter always come from one request. Greedy from the lowest
    address: 0–3 and 6–7 with gap 2 become one request of 8 registers.

    Raises
    ------
    ValueError
        When a wanted span touches a forbidden address or is larger than one request.
    """
    requests: list[Span] = []
    for span in sorted(wanted):
        if span.count > limits.of(span.table) or not limits.is_free(span.address, span.end):
            raise ValueError(f"{span.table} {span.address}-{span.end - 1} cannot be read in one request")
        last = requests[-1] if requests else None
        if last is not None and _joins(last, span, limits):
            requests[-1] = Span(last.table, last.address, max(last.end, span.end) - last.address)
        else:
            requests.append(span)
    return requests


def _joins(last: Span, span: Span, limits: Limits) -> bool:
    return (
        last.table == span.table
        and span.address - last.end <= limits.gap
        and max(last.end, span.end) - last.address <= limits.of(span.table)
        and limits.is_free(last.end, span.address)
    )


def clock_first(requests: Sequence[Span], clock: Span | None) -> list[Span]:
    """The same requests with the one that holds the clock in front.

    What is read after the clock is at least as new as it, so "seen up to this clock value" stays true even
    when the device needs several requests.
    """
    return sorted(requests, key=lambda request: clock is None or not request.covers(clock))


@dataclass(frozen=True, slots=True)
class Ring:
    """A device's last `entries` changes; entry s stands at address + ((s − 1) mod entries) × size."""

    table: str
    address: int
    entries: int
    size: int

    def requests(self, first: int, last: int, limits: Limits) -> list[tuple[int, Span]]:
        """The requests that read entries `first` to `last` (both included), each with its first entry number.

        Entries 63 to 66 of a ring of 64 are two requests, since entry 65 stands at the start again.
        """
        per_request = max(1, limits.of(self.table) // self.size)
        requests: list[tuple[int, Span]] = []
        entry = first
        while entry <= last:
            slot = (entry - 1) % self.entries
            count = min(per_request, last - entry + 1, self.entries - slot)
            requests.append((entry, Span(self.table, self.address + slot * self.size, count * self.size)))
            entry += count
        return requests
