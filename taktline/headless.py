"""The headless demo: the plant runs, freezes, drains; the product is judged against the ledger."""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from edge.spool_file import Stream
from edge.spool_reader import SpooledPoint, SpoolReader, read_all_points
from simulators.figures import machine_figures
from simulators.ledger import Ledger
from simulators.plant_file import read_plant
from simulators.shift_calendar import planned
from taktline.client import Api
from taktline.hand_entry import truth_by_hand
from taktline.judge import (
    Interval,
    PartKey,
    Verdict,
    compare_points,
    judge_alarms,
    judge_machines,
    judge_parts,
    stored_after,
)
from taktline.people import People
from taktline.plant_time import anchor_in, clock_starting, iso
from taktline.programs import wait_until
from taktline.sabotage import SABOTAGE
from taktline.stack import RunPlan, Stack, running
from wire.clock import real_ms

QUIET_START_S = 20.0
DRAIN_S = 60.0
Tell = Callable[[str], None]


def tell_on_stderr(text: str) -> None:
    """Write one line of progress where the JSON line does not go."""
    print(f"· {text}", file=sys.stderr, flush=True)  # noqa: T201 -- this is the command's own output


def make_plan(
    plant_file: Path, folder: Path, *, seed: int, minutes: float, speed: float, broker: str
) -> RunPlan:
    """Return the plan of a run of `minutes` real minutes at `speed`, without history."""
    plant = read_plant(plant_file)
    clock = clock_starting(plant.origin_ms, anchor_in(QUIET_START_S), speed)
    return RunPlan(
        plant_file=plant_file,
        plant=plant,
        seed=seed,
        clock=clock,
        folder=folder,
        start_ms=plant.origin_ms,
        until_ms=plant.origin_ms + round(minutes * speed * 60_000),
        broker=broker,
    )


def run_until_drained(stack: Stack, tell: Tell, at_each_look: Callable[[], None] | None = None) -> None:
    """Let people speak until the world freezes, then wait until all that was spooled is stored and derived.

    Raises
    ------
    TimeoutError
        When the world does not freeze.
    """
    plan = stack.plan
    people = People(plan, stack.api)
    people.start()
    try:
        _wait_for_freeze(plan, tell, at_each_look)
        drain = Drain(stack)
        drained = wait_until(lambda: not drain.waits_for(), DRAIN_S, every_s=0.2)
        tell("everything spooled is stored" if drained else f"waited in vain for {drain.waits_for()}")
    finally:
        people.stop()


def _wait_for_freeze(plan: RunPlan, tell: Tell, at_each_look: Callable[[], None] | None) -> None:
    end = plan.clock.to_real(plan.end_ms).timestamp()
    last_told = -1

    def frozen() -> bool:
        nonlocal last_told
        if at_each_look is not None:
            at_each_look()
        done = (plan.clock.now_ms() - plan.origin_ms) * 10 // max(1, plan.end_ms - plan.origin_ms)
        if done != last_told and done <= 10:  # noqa: PLR2004 -- tenths
            last_told = done
            tell(f"plant time {iso(min(plan.clock.now_ms(), plan.end_ms))}, {done * 10} %")
        return plan.clock.now_ms() > plan.end_ms and plan.ledger.exists()

    remaining = end - real_ms() / 1000
    if not wait_until(frozen, remaining + 30.0, every_s=0.2):
        raise TimeoutError(f"the world did not freeze; see {plan.folder / 'logs' / 'plant.log'}")


class Drain:
    """Whether all that was spooled when the world's last moment had been seen is stored and derived.

    Gateways go on to spool that they watch a frozen world, so an empty spool is not what is waited for.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._last: dict[tuple[str, int], int] | None = None
        plan = stack.plan
        self._ends = {machine.id: iso(plan.end_ms - 1) for machine in plan.plant.machines}
        if plan.plant.by_hand is not None:  # sheets end with their shift
            worked = planned(plan.plant, plan.start_ms, plan.end_ms)
            last_ms = worked[-1][1] if worked else plan.start_ms
            self._ends |= {machine.id: iso(last_ms - 1) for machine in plan.plant.by_hand.machines}

    def waits_for(self) -> str:
        """Return what is still missing; empty when nothing is."""
        with self._stack.api() as api:
            system = api.get("/system")
            tiles = api.get("/live")["tiles"]
        ends = self._ends
        waiting = [
            f"the last moment of {tile['machine']}"
            for tile in tiles
            if (tile["observed_through"] or "") < ends[tile["machine"]]
        ]
        streams = {
            (node, stream.no): stream
            for node, path in self._stack.spools.items()
            for stream in spooled_streams(path)
        }
        if self._last is None and not waiting:
            self._last = {key: stream.last for key, stream in streams.items()}
        behind = {
            node
            for (node, number), last in (self._last or {}).items()
            if streams[node, number].receipted < last
        }
        waiting += [f"receipts for {node}" for node in sorted(behind)]
        waiting += [f"{name} {system[name]}" for name in ("deriver_lag", "outbox_pending") if system[name]]
        return ", ".join(waiting)


def spooled_streams(spool: Path) -> list[Stream]:
    """Return the streams that hold entries in a spool's file."""
    reader = SpoolReader(spool)
    try:
        return reader.streams()
    finally:
        reader.close()


def judge_run(stack: Stack) -> Verdict:
    """Return the verdict on a drained run whose gateways have stopped; the cloud must answer."""
    plan = stack.plan
    ledger = Ledger.from_json(plan.ledger.read_text())
    window: Interval = (plan.start_ms, plan.end_ms)
    told = [(plan.plant, ledger)]
    bench = plan.plant.by_hand
    if bench is not None:
        told.append((bench, truth_by_hand(bench, plan.seed, *window)))
    truth_of = {machine.id: each for each in told for machine in each[0].machines}

    def figures(machine: str, span: Interval, covered: Any) -> Mapping[str, Any]:
        plant, truth = truth_of[machine]
        return machine_figures(truth, plant, machine, span, covered)

    with stack.api() as api:
        points = _judge_points(stack, api)
        parts = {machine: made for _, truth in told for machine, made in _parts(truth).items()}
        verdicts = (
            points,
            judge_machines(api, list(truth_of), window, iso, figures),
            judge_parts(api, window, iso, parts),
            judge_alarms(api, ledger.wear_periods()),
        )
    whole = Verdict({"seed": plan.seed, "speed": plan.clock.speed})
    for verdict in verdicts:
        whole.report |= verdict.report
        whole.damage += verdict.damage
    return whole


def _parts(ledger: Ledger) -> dict[str, dict[PartKey, tuple[int, int]]]:
    """Return by machine what it truly made: (job, order, line) → (good, rejected)."""
    made: dict[str, dict[PartKey, tuple[int, int]]] = {}
    for machine, parts in ledger.parts.items():
        tallies = made.setdefault(machine, {})
        for part in parts:
            key: PartKey = (part.job, part.order, part.line)
            good, rejected = tallies.get(key, (0, 0))
            tallies[key] = (good + part.good, rejected + (not part.good))
    return made


def _judge_points(stack: Stack, api: Api) -> Verdict:
    stored = list(api.audit_points())
    promised = [row for path in stack.spools.values() for row in _promised(path, stored)]
    verdict = compare_points(promised, stored)
    clock = stack.plan.clock
    verdict.report["stored_after_s"] = stored_after(
        stored, lambda ts_ms: clock.to_real(ts_ms).timestamp() * 1000, stack.plan.origin_ms
    )
    return verdict


def _promised(spool: Path, stored: Sequence[Sequence[Any]]) -> Iterator[SpooledPoint]:
    """Yield the points of a spool that must be stored, and those that are.

    A gateway that was stopped keeps in its spool what it read last and could not hand over. That is no loss,
    it goes out at its next start; a batch with a receipt that is not stored is one.
    """
    receipted = {stream.id.hex(): stream.receipted for stream in spooled_streams(spool)}
    batches = {(row[0], row[1]) for row in stored}
    for row in read_all_points(spool):
        if row.position <= receipted[row.stream] or (row.stream, row.position) in batches:
            yield row


def headless(
    plant_file: Path,
    *,
    seed: int,
    minutes: float,
    speed: float,
    sabotage: str | None = None,
    broker: str = "auto",
    keep: Path | None = None,
    tell: Tell = tell_on_stderr,
) -> tuple[dict[str, Any], bool]:
    """Return the report of one run and whether the product told the truth.

    Parameters
    ----------
    plant_file
        The plant to run.
    seed, minutes, speed
        World, length in real minutes, plant seconds per real second.
    sabotage
        One of `taktline.sabotage.SABOTAGE`: damages the stores after the run, before the judging.
    broker
        `auto`, `mosquitto` or `amqtt`.
    keep
        A folder to keep the run in; by default it is removed.
    tell
        Takes lines of progress.
    """
    folder = keep or Path(tempfile.mkdtemp(prefix="taktline-"))
    plan = make_plan(plant_file, folder, seed=seed, minutes=minutes, speed=speed, broker=broker)
    try:
        tell(f"starting; data in {folder}")
        with running(plan) as stack:
            run_until_drained(stack, tell)
            stack.stop_gateways()
            if sabotage is not None:
                stack.cloud.stop()
                tell(f"sabotage: {SABOTAGE[sabotage](plan.points_file, plan.database_url)}")
                stack.start_cloud()
            verdict = judge_run(stack)
        report = {
            "minutes": minutes,
            **verdict.report,
            "damage": verdict.damage,
            "sabotage": sabotage,
            "ok": not verdict.damage,
        }
        return report, not verdict.damage
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def print_report(report: dict[str, Any], *, as_json: bool) -> None:
    """Print the report: one JSON line, or some lines for people."""
    if as_json:
        print(json.dumps(report, separators=(",", ":")))  # noqa: T201 -- the command's own output
        return
    lines = [f"{name}: {value}" for name, value in report.items() if name not in {"machines", "damage"}]
    for row in report["machines"]:
        shown = {name: row[name] for name in ("availability", "effectiveness", "quality", "oee", "coverage")}
        lines.append(
            f"{row['id']}: " + ", ".join(f"{name} {value:.3f}" for name, value in shown.items() if value)
        )
    lines += [f"DAMAGE: {text}" for text in report["damage"]] or ["no damage found"]
    print("\n".join(lines))  # noqa: T201 -- the command's own output
