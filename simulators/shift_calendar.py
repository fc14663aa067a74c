"""When the simulated plant works: its shifts without their breaks, as intervals of plant time."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from simulators.plant_file import Plant, Shift

Interval = tuple[int, int]
DAY_MIN = 24 * 60


def merged(intervals: list[Interval]) -> list[Interval]:
    """The union of half-open intervals, sorted, without empty or touching ones."""
    union: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((start, end))
    return union


def overlap(left: list[Interval], right: list[Interval]) -> list[Interval]:
    """The intersection of two merged lists of half-open intervals."""
    both: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return both


def length_ms(intervals: list[Interval]) -> int:
    """The summed length of intervals in milliseconds."""
    return sum(end - start for start, end in intervals)


def _moment_ms(day: date, minute: int, zone: ZoneInfo) -> int:
    local = datetime.combine(day + timedelta(days=minute // DAY_MIN), time(), zone)
    return round(local.replace(hour=minute % DAY_MIN // 60, minute=minute % 60).timestamp() * 1000)


def _shift_pieces(shift: Shift, day: date, zone: ZoneInfo) -> list[Interval]:
    """The shift that starts on `day`, cut at its breaks."""
    end_min = shift.end_min if shift.end_min > shift.start_min else shift.end_min + DAY_MIN
    pieces: list[Interval] = []
    since = shift.start_min
    # A break earlier in the day than its shift's start lies after midnight.
    pauses = sorted(
        (a if a >= shift.start_min else a + DAY_MIN, b if b > shift.start_min else b + DAY_MIN)
        for a, b in shift.breaks
    )
    for pause_start, pause_end in pauses:
        pieces.append((since, pause_start))
        since = pause_end
    pieces.append((since, end_min))
    return [(_moment_ms(day, a, zone), _moment_ms(day, b, zone)) for a, b in pieces]


def planned(plant: Plant, start_ms: int, end_ms: int) -> list[Interval]:
    """Shift time minus breaks within [start_ms, end_ms), merged where shifts touch.

    Parameters
    ----------
    plant
        Gives shifts and time zone.
    start_ms, end_ms
        Plant time in ms since the epoch.
    """
    zone = ZoneInfo(plant.timezone)
    first = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(zone).date() - timedelta(days=2)
    last = datetime.fromtimestamp(end_ms / 1000, UTC).astimezone(zone).date() + timedelta(days=1)
    pieces: list[Interval] = []
    day = first
    while day <= last:
        for shift in plant.shifts:
            if day.weekday() in shift.days:
                pieces += _shift_pieces(shift, day, zone)
        day += timedelta(days=1)
    return overlap(merged(pieces), [(start_ms, end_ms)])
