"""How long OEE takes: a month of one machine from states and from totals, a month of a fleet by day."""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import numpy as np
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from cloud.db import Database, migrate
from cloud.oee.events import FIRST
from cloud.oee.queries import calendar, oee_by
from cloud.oee.tables import ShiftFigure, ShiftTotal
from cloud.plant.actions import load_plant_file
from cloud.plant.tables import Machine
from models.oee.columns import StateColumns
from models.oee.long_history import CountColumns, tally_of_columns
from models.oee.score import score_iso22400
from models.oee.shifts import Calendar, cells_between, planned_between
from models.oee.solve import MachineRecord
from models.production.counts import JobSet
from taktline.bench import BenchWrong, versions

DEMO_PLANT = Path(__file__).resolve().parents[2] / "simulators" / "plants" / "demo.toml"
DAY_MS = 86_400_000
DAYS = 30
START_MS = 1_772_380_800_000  # 2026-03-02T00:00+08:00
NAMES = ("running", "starved", "jammed", "breakdown", "setup", "idle")
WEIGHTS = (50, 20, 20, 2, 3, 5)
JOB = 101
CYCLE_S = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add how many machines the fleet has and how often each figure is measured."""
    parser.add_argument("--machines", type=int, default=200, help="machines of the fleet")
    parser.add_argument("--rounds", type=int, default=5, help="each figure is the median of so many")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures in ms, each the median of the rounds.

    `month_states_ms`: 2.6 million states of one second and 130,000 counts, as columns in memory, to a figure.
    `month_segments_ms`: the same month by shift from what is stored of it, database included.
    `fleet_month_ms`: the site by day; `fleet_machine_ms`: each of its machines. References of the same run:
    numpy finding the changes in the states, and the database counting the rows that were added up.
    """
    if not 1 <= options.machines <= 1000 or options.rounds < 1:  # noqa: PLR2004  the bounds it was tried in
        raise BenchWrong("--machines: accepted are 1 to 1000; --rounds: 1 or more")
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        migrate(db)
        with db.write() as session:
            load_plant_file(session, DEMO_PLANT)
            _add_fleet(session, options.machines)
        with db.read() as session:
            figures = _of_states(calendar(session), options.rounds)
            figures |= _of_totals(session, options.rounds)
        db.dispose()
    return {**figures, "machines": options.machines, "versions": versions("numpy", "SQLAlchemy")}


def _timed(rounds: int, work: Callable[[], object]) -> float:
    took = []
    for _ in range(rounds):
        begun = time.perf_counter()
        work()
        took.append((time.perf_counter() - begun) * 1000)
    return round(median(took), 2)


def _of_states(shifts: Calendar, rounds: int) -> dict[str, Any]:
    random = Random(7)  # noqa: S311  a seeded month, not a secret
    seconds = DAYS * DAY_MS // 1000
    codes = np.empty(seconds, np.int64)
    at = 0
    while at < seconds:
        until = min(seconds, at + round(random.expovariate(1 / 240)) + 5)
        codes[at:until] = random.choices(range(len(NAMES)), WEIGHTS)[0]
        at = until
    ts_ms = START_MS + np.arange(seconds, dtype=np.int64) * 1000
    good_ms = START_MS + np.arange(0, seconds, CYCLE_S, dtype=np.int64) * 1000 + 500
    good = np.arange(good_ms.size, dtype=np.int64)
    window = (START_MS, START_MS + DAYS * DAY_MS)

    def month() -> float | None:
        record = MachineRecord(
            machine="M",
            window=window,
            horizon_ms=window[1],
            planned=planned_between(shifts, *window),
            observed=[window],
            states=(),
            jobs=[JobSet(START_MS, JOB)],
            good=(),
            rejected=[],
            minor_stop_s=120,
            ideal_cycle_s={JOB: CYCLE_S * 0.7},
        )
        tally = tally_of_columns(
            record,
            StateColumns(ts_ms, codes, NAMES),
            CountColumns(good_ms, good),
            CountColumns(good_ms[:1], good[:1]),
        )
        return score_iso22400(tally).oee

    return {
        "month_states_ms": _timed(rounds, month),
        "states": seconds,
        "reference_changes_ms": _timed(rounds, lambda: np.flatnonzero(codes[1:] != codes[:-1])),
    }


def _of_totals(session: Session, rounds: int) -> dict[str, Any]:
    window = (START_MS, START_MS + DAYS * DAY_MS)
    now_ms = window[1] + DAY_MS
    rows = session.scalar(select(func.count()).select_from(ShiftTotal))
    figures: dict[str, Any] = {"rows": rows}
    for name, scope, by in (
        ("month_segments_ms", "machine:F-000", "shift"),
        ("fleet_month_ms", "line:L1", "day"),
        ("fleet_machine_ms", "line:L1", "machine"),
    ):
        answer = oee_by(session, scope, window, by, now_ms)
        if answer.figure.oee is None or answer.provenance.reckoned:
            raise BenchWrong(f"{name}: {answer.provenance.reckoned} shifts were not added up from totals")
        figures[name] = _timed(rounds, lambda: oee_by(session, scope, window, by, now_ms))  # noqa: B023
    count = select(ShiftTotal.start_ms, func.sum(ShiftTotal.observed_ms)).group_by(ShiftTotal.start_ms)
    figures["reference_rows_ms"] = _timed(rounds, lambda: session.execute(count).all())
    return figures


def _add_fleet(session: Session, machines: int) -> None:
    """Nothing comes back; line L1 has so many machines, each with totals of two jobs in every shift."""
    moved = update(Machine).where(Machine.line_id == "L1").values(line_id="L2", sequence=Machine.sequence + 1)
    session.execute(moved)
    random = Random(3)  # noqa: S311  seeded figures
    cells = cells_between(calendar(session), START_MS, START_MS + DAYS * DAY_MS)
    figures, totals = [], []
    for number in range(machines):
        name = f"F-{number:03d}"
        session.add(
            Machine(
                id=name,
                line_id="L1",
                sequence=number,
                gateway="gw",
                protocol="opcua",
                minor_stop_s=120,
                name_zh=name,
                name_en=name,
            )
        )
        for cell in cells:
            figures.append(
                {
                    "machine": name,
                    "start_ms": cell.start_ms,
                    "end_ms": cell.end_ms,
                    "shift": cell.shift,
                    "stale": False,
                    "stale_why": FIRST,
                    "marks": 0,
                    "computed_ms": cell.end_ms,
                    "changed_ms": cell.end_ms,
                    "why": FIRST,
                    "revision": 1,
                }
            )
            totals += [_total(name, cell.start_ms, job, random) for job in (JOB, JOB + 100)]
    session.flush()
    session.execute(insert(ShiftFigure), figures)
    session.execute(insert(ShiftTotal), totals)


def _total(machine: str, start_ms: int, job: int, random: Random) -> dict[str, Any]:
    observed, running = 13_500_000, random.randrange(8_000_000, 12_000_000)
    good, rejected = running // 25_000, random.randrange(9)
    return {
        "machine": machine,
        "start_ms": start_ms,
        "job": job,
        "planned_ms": observed,
        "observed_ms": observed,
        "running_ms": running,
        "minor_ms": 500_000,
        "breakdown_ms": observed - running - 500_000,
        "setup_ms": 0,
        "waiting_ms": 0,
        "break_ms": 900_000,
        "good": good,
        "rejected": rejected,
        "ideal_all_s": 20.0 * (good + rejected),
        "ideal_good_s": 20.0 * good,
        "ideal_startup_s": 0.0,
        "parts_without_ideal": 0,
        "resets": 0,
        "unknown_state_ms": 0,
        "failures": 1,
        "setups": 0,
        "reworked": 0,
    }
