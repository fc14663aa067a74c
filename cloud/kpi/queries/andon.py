"""The andon board: the live plant with what should have been made and why machines stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cloud.downtime import queries as downtime
from cloud.kpi.queries.live import freshness_ms, live_with_figures
from cloud.kpi.schemas import AndonLine, AndonMachine, AndonOut, AndonStop, AndonTarget, LivePlant, Tile
from cloud.oee.queries import Targets, figure
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso, ms_from_iso
from cloud.production.queries import operations_by_job
from models.oee.score import Tally, total

NOT_STOPS = frozenset({"running", "unobserved"})


@dataclass(frozen=True, slots=True)
class _Board:
    """What the lines and machines of the board are drawn from."""

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
    last = board.tiles.get(machines[-1].id) if machines else None
    aim = board.targets.of_scope(f"line:{line.id}", machines)
    return AndonLine(
        line=line.id,
        name=_name(line.name),
        area=_name(area or line.name),
        oee=shown.oee,
        availability=shown.availability,
        effectiveness=shown.effectiveness,
        quality=shown.quality,
        coverage=shown.coverage,
        good=last.shift_good if last else 0,
        rejected=sum(board.tiles[each.id].shift_rejected for each in machines if each.id in board.tiles),
        target=_target(machines[-1], board, f"line:{line.id}") if machines else None,
        oee_target=aim.oee if aim else None,
        machines=[
            AndonMachine(
                tile=board.tiles[each.id],
                target=_target(each, board, f"machine:{each.id}"),
                stop=board.stops.get(each.id),
            )
            for each in machines
            if each.id in board.tiles
        ],
    )


def _target(machine: plant.Machine, board: _Board, scope: str) -> AndonTarget | None:
    """What should have been made: by the scope's takt, else by the ideal cycle and the machine's OEE target.

    Notes
    -----
    Planned time so far ÷ takt, or planned time so far ÷ mean ideal cycle × target. Time that nobody watched
    is in it, as the parts counted then are in the count. 6 h planned with an ideal cycle of 60 s and a target
    of 0.80 ask for 288 parts.
    """
    tally = board.tallies.get(machine.id)
    if tally is None or tally.planned_ms <= 0:
        return None
    planned_s = tally.planned_ms / 1000
    takt_s = board.targets.takt_s(scope)
    if takt_s is not None:
        return AndonTarget(parts=round(planned_s / takt_s), by="takt")
    known = tally.good + tally.rejected - tally.parts_without_ideal
    ideal_s = tally.ideal_all_s / known if known > 0 else board.ideal_s.get(machine.id)
    if not ideal_s:
        return None
    aim = board.targets.of_machine(machine)
    if aim is not None and aim.oee is not None:
        return AndonTarget(parts=round(planned_s / ideal_s * aim.oee), by="oee")
    return AndonTarget(parts=round(planned_s / ideal_s), by="ideal")


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
