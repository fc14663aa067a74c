"""A stream shuffled, doubled, delayed and reset gives the totals of the clean one, through the reactions."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oee_floor import cover, fact
from sqlalchemy import delete, insert

from cloud.db import Database
from cloud.ingest.derive import EVENT_OF_KIND
from cloud.ingest.tables import Coverage, SignalFact
from cloud.ingest.windows import clusters
from cloud.oee import queries
from cloud.oee.actions import TotalsKeeper
from cloud.oee.events import HEARD
from cloud.oee.reactions import react
from cloud.oee.tables import ShiftFigure, ShiftTotal
from cloud.outbox import Consumer, announce, dispatch
from wire.clock import PlantClock

pytestmark = pytest.mark.slow

HOUR = 3_600_000
START = 1_772_409_600_000  # 2026-03-02T08:00+08:00, the early shift
END = START + 16 * HOUR
MACHINE = "L1-OP10"
OEE = Consumer("oee", HEARD, react)
STATES = ["running", "jammed", "breakdown", "setup", "starved"]
Row = tuple[str, str, int, float | str]


@st.composite
def streams(draw: st.DrawFn) -> list[Row]:
    """What a machine says over two shifts; its counters restart now and then."""
    random = Random(draw(st.integers(0, 10**9)))
    rows: list[Row] = []
    at, value = {"state": START, "good": START, "reject": START, "job": START}, {"good": 0, "reject": 0}
    pace = {"state": HOUR // 3, "good": HOUR // 6, "reject": HOUR, "job": 5 * HOUR}
    for kind, mean_ms in pace.items():
        while at[kind] < END:
            said: float | str = (
                random.choice(STATES) if kind == "state" else random.choice([0, 101, 201, 301])
            )
            if kind in value:
                value[kind] = 0 if random.random() < 0.04 else value[kind] + random.randrange(3)
                said = value[kind]
            rows.append((kind, MACHINE, at[kind], said))
            at[kind] += 1 + random.randrange(2 * mean_ms)
    return rows


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(streams(), st.randoms(use_true_random=False))
def test_disorder_changes_no_total(plant_db: Database, rows: list[Row], random: Random) -> None:
    empty(plant_db)
    clock = PlantClock(
        datetime.fromtimestamp(END / 1000 + 3600, UTC), datetime.now(UTC) + timedelta(days=1), 60
    )
    keeper = TotalsKeeper(plant_db, clock)
    facts = [fact(*row, position) for position, row in enumerate(rows, start=1)]
    facts += [{**each, "stream": "f" * 32} for each in facts[::4]]
    random.shuffle(facts)
    with plant_db.write() as session:
        cover(session, MACHINE, [(START, END)])
    step = max(1, len(facts) // 4)
    for first in range(0, len(facts), step):
        arrive(plant_db, facts[first : first + step])
        keeper.settle()  # what was concluded from a part must not stay
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
        for table in (SignalFact, Coverage, ShiftTotal, ShiftFigure):
            session.execute(delete(table))
