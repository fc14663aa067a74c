"""OEE of a scope by hour, shift, day, week, machine, line or product."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.oee.queries.aims import Targets, misses
from cloud.oee.queries.asked import HOUR_MS, hours, invalid
from cloud.oee.queries.figures import reckon
from cloud.oee.queries.origin import Origin
from cloud.oee.queries.shown import figure, provenance
from cloud.oee.queries.takt import LastStations, Takts
from cloud.oee.queries.totals import By, Place, Tallied, tallied
from cloud.oee.schemas import OeeGroup, OeeOut, TargetOut
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso
from cloud.plant.tables import Shift
from cloud.production.queries import operations_by_job
from models.oee.policies import ISO22400, Policy
from models.oee.score import Tally, total
from models.oee.shifts import Calendar, Cell, cells_between, day_start_ms, to_ms
from models.oee.timeline import Interval

UNKNOWN_PRODUCT = ""


class Asked(NamedTuple):
    """One question: whose figures over which window and its cells, as of plant now, under which policy.

    With a takt of the scope (`is_paced`) the tallies are kept machine by machine: what was finished is not
    the sum.
    """

    scope: str
    is_paced: bool
    machines: Sequence[plant.Machine]
    shifts: Calendar
    window: Interval
    cells: Sequence[tuple[Cell, Interval]]
    now_ms: int
    policy: Policy


@dataclass(slots=True)
class _Group:
    """What belongs to one key so far."""

    name: Name | None
    start_ms: int
    end_ms: int
    tallies: list[tuple[str, Tally]]  # by machine, "" where several are summed
    origin: Origin
    calendar_ms: int = 0
    scope: str = ""  # whose targets hold; "" of a product, which has none


_Groups = dict[str, _Group]


def oee_by(
    session: Session, scope: str, window: Interval, by: str, now_ms: int, *, policy: Policy = ISO22400
) -> OeeOut:
    """The figure of a scope over a window and of each group in it.

    Parameters
    ----------
    session
        A read session.
    scope
        `site`, `line:ID` or `machine:ID`.
    window
        Plant ms.
    by
        One of `BY`.
    now_ms
        Plant now.
    policy
        How the tallies score.

    Raises
    ------
    Invalid, NotFound
        When scope or `by` is not one of those accepted.
    """
    grouping = BY.get(by)
    if grouping is None:
        raise invalid("by", f"{by!r} is not one of {', '.join(BY)}")
    shifts = plant.calendar(session)
    cells = _cells(shifts, window) if by != "hour" else ()
    targets = Targets(session)
    takts = Takts(LastStations(session), targets)
    machines = plant.machines_of(session, scope)
    asked = Asked(scope, takts.is_paced(scope), machines, shifts, window, cells, now_ms, policy)
    groups = grouping(session, asked)
    origin = Origin()
    for group in groups.values():
        origin.note(group.origin)
    target = targets.of_scope(scope, machines)
    every = [pair for group in groups.values() for pair in group.tallies]
    whole = figure(
        total(tally for _, tally in every),
        policy,
        calendar_ms=(window[1] - window[0]) * len(machines),
        takt_adherence=_adherence(takts, scope, every),
    )
    return OeeOut(
        scope=scope,
        start=iso(window[0]),
        end=iso(window[1]),
        policy=policy.name,
        policy_version=policy.version,
        figure=whole,
        machines=[],
        trend=[],
        by=by,
        groups=[
            _shown(key, group, policy, takts, targets.of(group.scope) or target)
            for key, group in groups.items()
        ],
        target=target,
        off_target=misses(target, whole),
        constraint=None,
        provenance=provenance(origin),
    )


def _adherence(takts: Takts, scope: str, tallies: Sequence[tuple[str, Tally]]) -> float | None:
    if not takts.is_paced(scope):
        return None
    by_machine: dict[str, list[Tally]] = {}
    for machine, tally in tallies:
        by_machine.setdefault(machine, []).append(tally)
    return takts.adherence(scope, {machine: total(of) for machine, of in by_machine.items()})


def _shown(key: str, group: _Group, policy: Policy, takts: Takts, target: TargetOut | None) -> OeeGroup:
    shown = figure(
        total(tally for _, tally in group.tallies),
        policy,
        calendar_ms=group.calendar_ms,
        takt_adherence=_adherence(takts, group.scope, group.tallies),
    )
    return OeeGroup(
        key=key,
        name=group.name,
        start=iso(group.start_ms),
        end=iso(group.end_ms),
        figure=shown,
        off_target=misses(target, shown),
        provenance=provenance(group.origin),
    )


def _cells(shifts: Calendar, window: Interval) -> list[tuple[Cell, Interval]]:
    start, end = window
    return [
        (cell, (max(cell.start_ms, start), min(cell.end_ms, end)))
        for cell in cells_between(shifts, start, end)
    ]


def _tallied(session: Session, asked: Asked, by: By) -> Tallied:
    return tallied(
        session,
        asked.machines,
        asked.shifts,
        asked.cells,
        now_ms=asked.now_ms,
        by={by, "machine"} if asked.is_paced else {by},
        policy=asked.policy,
    )


def _by_hour(session: Session, asked: Asked) -> _Groups:
    """Hours are never kept, so they are reckoned from facts."""
    results, _ = reckon(
        session, asked.machines, asked.shifts, asked.window, now_ms=asked.now_ms, policy=asked.policy
    )
    return {
        iso(start): _Group(
            None,
            start,
            end,
            [(result.machine, result.tally(start, end)) for result in results],
            Origin(reckoned=len(results)),
            (end - start) * len(results),
            asked.scope,
        )
        for start, end in hours(asked.shifts, asked.window)
    }


def _by_time(
    session: Session, asked: Asked, key_of: Callable[[Cell], str], names: Mapping[str, Name]
) -> _Groups:
    found = _tallied(session, asked, "cell")
    groups: _Groups = {}
    keys: dict[int, str] = {}
    for cell, (start, end) in asked.cells:
        key = keys[cell.start_ms] = key_of(cell)
        fresh = _Group(names.get(cell.shift), start, end, [], Origin(), scope=asked.scope)
        group = groups.setdefault(key, fresh)
        group.end_ms = max(group.end_ms, end)
        group.calendar_ms += (end - start) * len(asked.machines)
    for place, tally in found.tallies:
        groups[keys[place.start_ms]].tallies.append((place.machine, tally))
    for (_, start), origin in found.origins.items():
        groups[keys[start]].origin.note(origin)
    return groups


def _by_shift(session: Session, asked: Asked) -> _Groups:
    rows = session.execute(select(Shift.id, Shift.name_zh, Shift.name_en))
    names = {row.id: Name(zh=row.name_zh, en=row.name_en) for row in rows}
    return _by_time(session, asked, lambda cell: f"{iso(cell.start_ms)} {cell.shift}", names)


def _by_day(session: Session, asked: Asked) -> _Groups:
    groups = _by_time(session, asked, lambda cell: cell.day.isoformat(), {})
    for key, group in groups.items():
        # A day has all its hours, also those without a shift, as far as the window asks for them.
        start = to_ms(datetime.combine(date.fromisoformat(key), time(), asked.shifts.zone))
        end = day_start_ms(asked.shifts, start + 36 * HOUR_MS)
        length_ms = min(end, asked.window[1]) - max(start, asked.window[0])
        group.calendar_ms = max(length_ms * len(asked.machines), group.calendar_ms)
    return groups


def _by_week(session: Session, asked: Asked) -> _Groups:
    """Weeks of ISO 8601, from Monday; a shift belongs to the week in which it began."""
    groups = _by_time(session, asked, lambda cell: "{}-W{:02}".format(*cell.day.isocalendar()[:2]), {})
    for key, group in groups.items():
        monday = date.fromisoformat(f"{key}-1")
        start = to_ms(datetime.combine(monday, time(), asked.shifts.zone))
        end = day_start_ms(asked.shifts, start + 7 * 24 * HOUR_MS + HOUR_MS * 12)
        length_ms = min(end, asked.window[1]) - max(start, asked.window[0])
        group.calendar_ms = max(length_ms * len(asked.machines), group.calendar_ms)
    return groups


def _by_machine(session: Session, asked: Asked) -> _Groups:
    names = {each.id: Name(zh=each.name.zh, en=each.name.en) for each in asked.machines}
    found = _tallied(session, asked, "machine")
    length_ms = asked.window[1] - asked.window[0]
    groups = {
        each.id: _Group(names[each.id], *asked.window, [], Origin(), length_ms, f"machine:{each.id}")
        for each in asked.machines
    }
    for place, tally in found.tallies:
        groups[place.machine].tallies.append((place.machine, tally))
    for (machine, _), origin in found.origins.items():
        groups[machine].origin.note(origin)
    return groups


def _by_line(session: Session, asked: Asked) -> _Groups:
    names = {line.id: Name(zh=line.name.zh, en=line.name.en) for line in plant.lines(session)}
    line_of = {each.id: each.line for each in asked.machines}
    groups: _Groups = {}
    for machine, of_machine in _by_machine(session, asked).items():
        line = line_of[machine]
        empty = _Group(names.get(line), *asked.window, [], Origin(), scope=f"line:{line}")
        group = groups.setdefault(line, empty)
        group.calendar_ms += of_machine.calendar_ms
        group.tallies += of_machine.tallies
        group.origin.note(of_machine.origin)
    return groups


def _by_product(session: Session, asked: Asked) -> _Groups:
    """Times by the job register, parts by the job that made them; key "" is without a known product."""
    found = _tallied(session, asked, "job")
    jobs = {place.job for place, _ in found.tallies}
    product_of = {job: each.product for job, each in operations_by_job(session, jobs).items()}
    known = plant.products(session, product_of.values())
    names = {each.id: Name(zh=each.name.zh, en=each.name.en) for each in known.values()}
    whole = Origin()
    for origin in found.origins.values():
        whole.note(origin)
    groups: _Groups = {}
    for place, tally in sorted(found.tallies, key=lambda pair: _product_rank(pair[0], product_of)):
        product = product_of.get(place.job, UNKNOWN_PRODUCT)
        group = groups.setdefault(product, _Group(names.get(product), *asked.window, [], whole))
        group.tallies.append((place.machine, tally))
    return groups


def _product_rank(place: Place, product_of: Mapping[int, str]) -> tuple[bool, str]:
    product = product_of.get(place.job, UNKNOWN_PRODUCT)
    return product == UNKNOWN_PRODUCT, product


BY: Mapping[str, Callable[[Session, Asked], _Groups]] = {
    "hour": _by_hour,
    "shift": _by_shift,
    "day": _by_day,
    "week": _by_week,
    "machine": _by_machine,
    "line": _by_line,
    "product": _by_product,
}
