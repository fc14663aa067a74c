"""The andon board: the live plant with what should have been made and why machines stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cloud.downtime import queries as downtime
from cloud.kpi.queries.live import freshness_ms, live_with_figures
from cloud.kpi.schemas import (
    AndonLine,
    AndonMachine,
    AndonOut,
    AndonStop,
    AndonTarget,
    LiveLine,
    LivePlant,
    Tile,
)
from cloud.oee.queries import LastStations, Targets, figure
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso, ms_from_iso
from cloud.production.queries import operations_by_job
from models.oee.score import Tally, total
from models.oee.takt import Finished

NOT_STOPS = frozenset({"running", "unobserved"})


@dataclass(frozen=True, slots=True)
class _Board:
    """What the lines and machines of the board are drawn from."""

    parts: Mapping[str, LiveLine]
    last: LastStations
    tiles: Mapping[str, Tile]
    tallies: Mapping[str, Tally]
    ideal_s: Mapping[str, float]
    stops: Mapping[str, AndonStop]
    targets: Targets


def andon(session: Session, now_ms: int, speed: float) -> AndonOut:
    """All lines and machines for a board, as of a plant time (ms) on a clock of that speed."""
    live, figures = live_with_figures(session, now_ms, speed)
    areas = {area.id: area.name for area in plant.areas(session)}
    board = _Board(
        parts={line.line: line for line in live.lines},
        last=LastStations(session),
        tiles={tile.machine: tile for tile in live.tiles},
        tallies=figures.tallies,
        ideal_s=_ideal_s(session, live.tiles),
        stops=_stops(session, live),
        targets=Targets(session),
    )
    return AndonOut(
        plant_now=live.plant_now,
        speed=live.speed,
        shift_name=live.shift_name,
        shift_start=live.shift_start,
        shift_end=live.shift_end,
        in_break=live.in_break,
        lines=[_line(line, areas.get(line.area), board) for line in plant.lines(session)],
    )


def _line(line: plant.Line, area: plant.Names | None, board: _Board) -> AndonLine:
    machines = list(line.machines)
    shown = figure(total(board.tallies[each.id] for each in machines if each.id in board.tallies))
    aim = board.targets.of_scope(f"line:{line.id}", machines)
    finishing = [each for each in machines if each.id in board.last.of_line[line.id]]
    return AndonLine(
        line=line.id,
        name=_name(line.name),
        area=_name(area or line.name),
        oee=shown.oee,
        availability=shown.availability,
        effectiveness=shown.effectiveness,
        quality=shown.quality,
        coverage=shown.coverage,
        good=board.parts[line.id].good,
        rejected=board.parts[line.id].rejected,
        target=_target(finishing, board, f"line:{line.id}"),
        oee_target=aim.oee if aim else None,
        machines=[
            AndonMachine(
                tile=board.tiles[each.id],
                target=_target([each], board, f"machine:{each.id}"),
                stop=board.stops.get(each.id),
            )
            for each in machines
            if each.id in board.tiles
        ],
    )


def _target(station: Sequence[plant.Machine], board: _Board, scope: str) -> AndonTarget | None:
    """What should have been made: by the scope's takt, else by ideal cycles and the machines' OEE targets.

    Notes
    -----
    Planned time so far ÷ takt, or for each machine planned time so far ÷ mean ideal cycle × target, added up
    over those that work side by side and whose ideal cycle is known. Time that nobody watched is in it, as
    the parts counted then are in the count. 6 h planned with an ideal cycle of 60 s and a target of 0.80 ask
    for 288 parts, of two such machines for 576.
    """
    tallies = {each.id: board.tallies[each.id] for each in station if each.id in board.tallies}
    made = Finished.side_by_side([Finished.by_machine(tally) for tally in tallies.values()])
    if made.planned_ms <= 0:
        return None
    takt_s = board.targets.takt_s(scope)
    if takt_s is not None:
        return AndonTarget(parts=round(made.planned_ms / 1000 / takt_s), by="takt")
    cycles = {each: _ideal_cycle_s(tally, board.ideal_s.get(each)) for each, tally in tallies.items()}
    able = {each: tallies[each].planned_ms / 1000 / cycle_s for each, cycle_s in cycles.items() if cycle_s}
    if not able:
        return None
    targets = {each.id: board.targets.of_machine(each) for each in station if each.id in able}
    aims = {each: target.oee for each, target in targets.items() if target and target.oee is not None}
    if len(aims) == len(able):
        return AndonTarget(parts=round(sum(able[each] * aim for each, aim in aims.items())), by="oee")
    return AndonTarget(parts=round(sum(able.values())), by="ideal")


def _ideal_cycle_s(tally: Tally, running_s: float | None) -> float | None:
    """The mean ideal cycle of what a machine made, else that of what runs there; None or 0: not known."""
    known = tally.good + tally.rejected - tally.parts_without_ideal
    return tally.ideal_all_s / known if known > 0 else running_s


def _ideal_s(session: Session, tiles: Sequence[Tile]) -> dict[str, float]:
    """By machine the ideal cycle of what runs there, for a shift that has not made a part yet."""
    jobs = {
        tile.machine: tile.running.work_order * 100 + tile.running.operation for tile in tiles if tile.running
    }
    found = operations_by_job(session, jobs.values())
    return {machine: found[job].ideal_cycle_s for machine, job in jobs.items() if job in found}


def _stops(session: Session, live: LivePlant) -> dict[str, AndonStop]:
    """By machine the stop it stands in; a machine that nobody watches is in none."""
    now_ms = ms_from_iso(live.plant_now, "plant_now")
    standing = {tile.machine for tile in live.tiles if tile.fresh and tile.state not in NOT_STOPS}
    if not standing:
        return {}
    reasons = downtime.tree(session)
    machines = [each for each in plant.machines(session) if each.id in standing]
    # Whoever is watched until now stands in a stop that goes on until then; it comes whole, however long.
    window = (now_ms - freshness_ms(live.speed) - 1, now_ms + 1)
    found: dict[str, AndonStop] = {}
    for each in downtime.stops_in(session, machines, window, now_ms):
        stop = next((stop for stop in reversed(each.stops) if each.is_ongoing(stop)), None)
        if stop is None:
            continue
        row = reasons.rows.get(stop.reason or "")
        found[each.machine.id] = AndonStop(
            start=iso(stop.start_ms),
            state=stop.state,
            reason=Name(zh=row.name_zh, en=row.name_en) if row else None,
            category=reasons.category(stop.reason) or downtime.POLICY.category_of.get(stop.state, "waiting"),
            lost_s=each.lost_ms(stop) / 1000,
        )
    return found


def _name(names: plant.Names) -> Name:
    return Name(zh=names.zh, en=names.en)
