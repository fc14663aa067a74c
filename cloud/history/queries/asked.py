"""What history is asked for: windows, widths, signals that are stored."""

import re
from collections.abc import Sequence

from cloud.errors import Invalid, NotFound
from cloud.plant.schemas import iso, ms_from_iso
from cloud.timeseries.continued import Readings

MOST_TAGS = 12
LONGEST_MS = 400 * 86_400_000
_UNITS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_WINDOW = re.compile(r"([1-9]\d{0,5})([smhd])")


def window_of(start: str | None, end: str | None, now_ms: int, hours: int = 8) -> tuple[int, int]:
    """The window of two ISO times, by default the `hours` up to plant now.

    Raises
    ------
    Invalid
        When a time cannot be read, the start is not before the end, or the window is longer than 400 days.
    """
    end_ms = now_ms if end is None else ms_from_iso(end, "end")
    start_ms = end_ms - hours * 3_600_000 if start is None else ms_from_iso(start, "start")
    if not 0 <= start_ms < end_ms:
        raise _invalid("start", f"{iso(start_ms)} is not before the end {iso(end_ms)}")
    if end_ms - start_ms > LONGEST_MS:
        raise _invalid("end", "the window is longer than 400 days; ask for less at once")
    return start_ms, end_ms


def width_of(text: str) -> int:
    """Milliseconds of a width like `30s`, `1m`, `8h`, `1d`."""
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise _invalid(
            "window", f"{text!r} is no width; accepted: a number and s, m, h or d, as in 30s, 1m, 8h"
        )
    return int(found[1]) * _UNITS[found[2]]


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(f"{field}: {message}", errors=[{"field": field, "message": message}])


def check_tags(store: Readings, tags: Sequence[str]) -> None:
    """Refuse too many signals, and one that has no stored values (`NotFound`)."""
    if len(tags) > MOST_TAGS:
        raise _invalid("tag", f"{len(tags)} signals asked for; accepted: at most {MOST_TAGS} at once")
    missing = set(tags) - set(store.latest(tags))
    for tag in sorted(missing):
        if tag not in store.tags(tag, None, 1):
            raise NotFound(f"No values of {tag!r} are stored.", code="no_such_tag")
