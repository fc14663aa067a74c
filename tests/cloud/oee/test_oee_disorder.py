"""A stream shuffled, doubled, delayed and reset gives the totals of the clean one, through the reactions."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oee_floor import cover, fact
from sqlalchemy import delete, insert, select, update

from cloud.db import Database
from cloud.downtime.tables import DowntimeRule
from cloud.ingest.derive import EVENT_OF_KIND
from cloud.ingest.tables import Coverage, SignalFact
from cloud.ingest.windows import clusters
from cloud.oee import queries
from cloud.oee.actions import TotalsKeeper
from cloud.oee.actions.refresh import tally_of
from cloud.oee.events import HEARD
from cloud.oee.reactions import react
from cloud.oee.tables import ShiftFigure, ShiftTotal
from cloud.outbox import Consumer, announce, dispatch
from cloud.plant import queries as plant
from cloud.plant.tables import SignalBinding
from models.oee.score import total
from wire.clock import PlantClock

HOUR = 3_600_000
START = 1_772_409_600_000  # 2026-03-02T08:00+08:00: an early, a late and a night shift
SHIFTS = [(START + 8 * HOUR * place, START + 8 * HOUR * (place + 1)) for place in range(3)]
END = SHIFTS[-1][1]
MACHINE = "L1-OP10"
OEE = Consumer("oee", HEARD, react)
STATES = ["running", "jammed", "breakdown", "setup", "starved"]
REASONS = ["none", "none", "eq-mechanical", "co-product"]
PACE = {"state": HOUR // 2, "good": HOUR // 3, "reject": HOUR // 2, "job": 4 * HOUR, "reason": HOUR}
HELD_BACK = 4
CLOCK = PlantClock(datetime.fromtimestamp(END / 1000 + 3600, UTC), datetime.now(UTC) + timedelta(days=1), 60)
Row = tuple[str, str, int, float | str]


@st.composite
def streams(draw: st.DrawFn) -> list[Row]:
    """What a machine says over three shifts; its counters restart, step back and roll over now and then."""
    random = Random(draw(st.integers(0, 10**9)))
    rows: list[Row] = []
    value = {"good": random.randrange(300, 620), "reject": random.randrange(150, 400)}
    for kind, mean_ms in PACE.items():
        at = START
        while at < END:
            said: float | str = random.choice([0, 101, 201, 301])
            if kind in value:
                said = value[kind] = _next(value[kind], random)
            elif kind in {"state", "reason"}:
                said = random.choice(STATES if kind == "state" else REASONS)
            rows.append((kind, MACHINE, at, said))
            at += 1 + random.randrange(2 * mean_ms)
    return rows


def _next(value: int, random: Random) -> int:
    dice = random.random()
    if dice < 0.02:
        return 0
    return max(value - random.randrange(4), 0) if dice < 0.3 else (value + random.randrange(3)) % 640


class Rules(NamedTuple):
    """What is declared besides the readings."""

    modulus: int | None
    jitter: int | None
    min_s: float | None


def declare(db: Database, rules: Rules) -> None:
    """Say of the machine's counters what is declared, and whether a rule names reasons of long stops."""
    with db.write() as session:
        of_machine = update(SignalBinding).where(SignalBinding.machine_id == MACHINE)
        counters = of_machine.where(SignalBinding.role.in_(["good", "reject"]))
        session.execute(counters.values(modulus=rules.modulus, jitter=rules.jitter))
        if rules.min_s is not None:
            asked: dict[str, list[str]] = {"scopes": [], "states": [], "products": [], "weekdays": []}
            session.add(
                DowntimeRule(place=1, active=True, reason_id="co-product", min_s=rules.min_s, **asked)
            )


declared = st.builds(
    Rules, st.sampled_from([None, 640]), st.sampled_from([None, 3]), st.sampled_from([None, 1200.0])
)


@pytest.mark.slow
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(streams(), declared, st.randoms(use_true_random=False))
def test_disorder_changes_no_total(plant_db: Database, rows: list[Row], rules: Rules, random: Random) -> None:
    empty(plant_db)
    declare(plant_db, rules)
    keeper = TotalsKeeper(plant_db, CLOCK)
    facts = [fact(*row, position) for position, row in enumerate(rows, start=1)]
    late = random.sample(at_the_edges(facts), HELD_BACK)
    rest = [each for each in facts if each not in late]
    rest += [{**each, "stream": "f" * 32} for each in rest[::4]]
    random.shuffle(rest)
    with plant_db.write() as session:
        cover(session, MACHINE, [(START, END)])
    for some in (rest, *([each] for each in late)):
        arrive(plant_db, some)
        keeper.settle()  # what was concluded without the rest must not stay
        agree(plant_db)
    window = (START, END)
    with plant_db.read() as session:
        kept = queries.oee_by(session, f"machine:{MACHINE}", window, "shift", END + HOUR)
        clean = queries.oee(session, f"machine:{MACHINE}", window, END + HOUR)
    assert kept.provenance.reckoned == 0
    for name in ("losses", "indicators"):
        ours, theirs = (each.figure.model_dump()[name] for each in (kept, clean))
        assert ours == pytest.approx(theirs, abs=1e-9)
    for name in ("oee", "availability", "effectiveness", "quality", "good", "rejected", "coverage"):
        assert getattr(kept.figure, name) == pytest.approx(getattr(clean.figure, name), abs=1e-9)


MINUTE = 60_000
EDGE = SHIFTS[0][1]


def minutes(kind: str, *told: tuple[int, float | str]) -> list[Row]:
    """Readings so many minutes after the early shift's end."""
    return [(kind, MACHINE, EDGE + at * MINUTE, said) for at, said in told]


STANDS = minutes("state", (-400, "running"), (-20, "breakdown"), (30, "running"))
RUNS = minutes("state", (-400, "running"))


@pytest.mark.every_database
@pytest.mark.parametrize(
    ("known", "late"),
    [
        # 503 stood before the counter stepped back: then 502 is no part of the late shift.
        (
            [
                *RUNS,
                *minutes("good", (-60, 500), (-10, 498), (-5, 499), (20, 502), (30, 504)),
                *minutes("reject", (-60, 0), (-9, 0), (40, 1)),
                *minutes("rework", (-60, 0), (-9, 0), (40, 0)),
            ],
            minutes("good", (-15, 503)),
        ),
        # The stop was shorter than the rule asks for, also where it lies in the early shift.
        (STANDS, minutes("state", (10, "running"))),
        # What the PLC says in the late shift names the stop that began in the early one.
        ([*STANDS, *minutes("reason", (-90, "none"))], minutes("reason", (5, "su-no-material"))),
    ],
    ids=["inside a step back", "inside a long stop", "the reason of a long stop"],
)
def test_what_comes_late_changes_the_totals_of_the_other_shift_too(
    plant_db: Database, known: list[Row], late: list[Row]
) -> None:
    declare(plant_db, Rules(None, None, 2400.0))
    keeper = TotalsKeeper(plant_db, CLOCK)
    with plant_db.write() as session:
        cover(session, MACHINE, [(START, END)])
    facts = [fact(*row, position) for position, row in enumerate([*known, *late], start=1)]
    for some in (facts[: len(known)], facts[len(known) :]):
        arrive(plant_db, some)
        keeper.settle()
        agree(plant_db)


def at_the_edges(facts: list[dict[str, object]]) -> list[dict[str, object]]:
    """What reaches from one shift into the next: the last readings of each kind before its end."""
    found = []
    for _, end in SHIFTS[:2]:
        for kind in PACE:
            before = [each for each in facts if each["kind"] == kind and int(str(each["ts_ms"])) < end]
            found += before[-3:]
    return found


def agree(db: Database) -> None:
    """Each shift's kept totals say what its readings say when they are reckoned anew."""
    with db.read() as session:
        for shift in SHIFTS:
            machine = plant.machine(session, MACHINE)
            [anew], _ = queries.reckon(session, [machine], plant.calendar(session), shift, now_ms=END + HOUR)
            of_shift = select(ShiftTotal).where(ShiftTotal.start_ms == shift[0])
            kept = total(tally_of(row) for row in session.scalars(of_shift))
            assert asdict(kept) == pytest.approx(asdict(anew.tally()), abs=1e-9), shift


def arrive(db: Database, facts: list[dict[str, object]]) -> None:
    """Facts with the announcement that the deriver makes of them."""
    times: dict[tuple[str, str], list[int]] = {}
    for each in facts:
        times.setdefault((EVENT_OF_KIND[str(each["kind"])], MACHINE), []).append(int(str(each["ts_ms"])))
    with db.write() as session:
        session.execute(insert(SignalFact), [{"value": None, "text": None, **each} for each in facts])
        for (event, machine), seen in times.items():
            for window in clusters(seen):
                announce(session, event, {"windows": {machine: list(window)}})
    while dispatch(db, [OEE]):
        pass


def empty(db: Database) -> None:
    with db.write() as session:
        for table in (SignalFact, Coverage, ShiftTotal, ShiftFigure, DowntimeRule):
            session.execute(delete(table))
