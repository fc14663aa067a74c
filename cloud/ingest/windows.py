"""Windows of plant time in which something changed, apart where little lies between them."""

from collections.abc import Iterable
from typing import Final

Span = tuple[int, int]
# Changes further apart than this are announced as windows of their own: a late reading beside a live one
# must not make its listeners recompute everything between them.
APART_MS: Final = 300_000


def clusters(times: Iterable[int], apart_ms: int = APART_MS) -> list[Span]:
    """Return half-open windows around times; neighbours within `apart_ms` share one."""
    return together(((at, at + 1) for at in times), apart_ms)


def together(spans: Iterable[Span], apart_ms: int = APART_MS) -> list[Span]:
    """Return the spans in time order; those that overlap or lie less than `apart_ms` apart are one."""
    found: list[Span] = []
    for since, until in sorted(spans):
        if found and since - found[-1][1] < apart_ms:
            found[-1] = (found[-1][0], max(found[-1][1], until))
        else:
            found.append((since, until))
    return found
