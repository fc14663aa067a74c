"""Totals of finished shifts against reckoning the same windows from facts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from oee_floor import HOUR_MS, cover, readings, release_orders, store, world
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from cloud.db import Database
from cloud.downtime.actions import add_rule
from cloud.downtime.schemas import RuleIn
from cloud.errors import Invalid
from cloud.identity.access import User
from cloud.ingest.fact_columns import number_columns, text_columns
from cloud.ingest.queries import points
from cloud.oee import queries
from cloud.oee.actions import TotalsKeeper
from cloud.oee.events import HEARD
from cloud.oee.reactions import react
from cloud.oee.tables import ShiftFigure, ShiftTotal
from cloud.outbox import Consumer, Event, announce, dispatch
from cloud.plant.tables import Machine
from simulators.ledger import Ledger
from simulators.plant_file import Plant
from wire.clock import PlantClock

Floor = Callable[..., tuple[Plant, Ledger]]
OEE = Consumer("oee", HEARD, react)
EARLY_MS = 1_772_409_600_000  # 2026-03-02T08:00+08:00, the early shift begins
BOSS = User(1, "w", "W", "manager", frozenset({"downtime.manage"}))


def clock_at(ms: int) -> PlantClock:
    origin = datetime.fromtimestamp(ms / 1000, UTC)
    return PlantClock(origin, datetime.now(UTC) + timedelta(days=1), 60)


def tell(db: Database, kind: str, windows: Mapping[str, Sequence[int]], **more: object) -> None:
    with db.write() as session:
        announce(session, kind, {"windows": {key: list(span) for key, span in windows.items()}, **more})
    while dispatch(db, [OEE]):
        pass


def asked(db: Database, scope: str, window: tuple[int, int], by: str, now_ms: int) -> Any:
    with db.read() as session:
        return queries.oee_by(session, scope, window, by, now_ms)


def same(left: Any, right: Any) -> None:
    one, other = left.model_dump(), right.model_dump()
    assert one.pop("flags") == other.pop("flags")
    for name in ("losses", "losses_parts", "indicators"):
        assert one.pop(name) == pytest.approx(other.pop(name), abs=1e-6)
    assert one == pytest.approx(other, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("by", list(queries.BY))
def test_groups_add_up_to_the_figure_of_the_window(plant_db: Database, floor: Floor, by: str) -> None:
    _, ledger = floor(3)
    now = ledger.through_ms + HOUR_MS
    windows = [(ledger.start_ms, ledger.through_ms), (ledger.start_ms + HOUR_MS + 1, ledger.through_ms - 7)]
    TotalsKeeper(plant_db, clock_at(now)).settle()
    for window in windows:
        with plant_db.read() as session:
            whole = queries.oee(session, "site", window, now)
        grouped = asked(plant_db, "site", window, by, now)
        same(grouped.figure, whole.figure)
        assert sum(group.figure.good for group in grouped.groups) == whole.figure.good
        if by == "machine":
            for group, machine in zip(grouped.groups, whole.machines, strict=True):
                same(group.figure, machine.figure)


@pytest.mark.slow
def test_finished_shifts_come_from_totals_and_the_running_one_from_facts(
    plant_db: Database, floor: Floor
) -> None:
    _, ledger = floor(3)
    middle = ledger.start_ms + 8 * HOUR_MS
    keeper = TotalsKeeper(plant_db, clock_at(middle + HOUR_MS))
    assert keeper.settle() == 8  # nothing is known of the bench whose people write down what it did
    answer = asked(plant_db, "site", (ledger.start_ms, middle + HOUR_MS), "shift", middle + HOUR_MS)
    assert [group.key[25:] for group in answer.groups] == ["early", "late"]
    early, late = (group.provenance for group in answer.groups)
    assert (early.from_totals, early.reckoned, early.why) == (8, 1, "first")
    assert (late.from_totals, late.reckoned, late.why) == (0, 9, None)
    assert early.changed is not None
    assert keeper.settle() == 0


@pytest.mark.every_database
@pytest.mark.slow
def test_columns_of_facts_are_thinned_to_the_readings_that_say_something(
    plant_db: Database, floor: Floor
) -> None:
    _, ledger = floor(3)
    window = (ledger.start_ms + HOUR_MS, ledger.through_ms - HOUR_MS)
    with plant_db.read() as session:
        numbers = number_columns(session, "good", "L1-OP10", *window)
        plain = points(session, "good", "L1-OP10", *window)
        assert list(zip(*(column.tolist() for column in numbers), strict=True)) == [
            (point.ts_ms, point.value) for point in plain
        ]
        ts_ms, codes, names = text_columns(session, "state", "L1-OP10", *window)
        states = points(session, "state", "L1-OP10", *window)
    assert [(at, names[code]) for at, code in zip(ts_ms.tolist(), codes, strict=True)] == [
        (point.ts_ms, point.text) for point in states
    ]


def test_by_something_else_is_refused_with_what_is_accepted(plant_db: Database) -> None:
    with pytest.raises(Invalid, match="hour, shift, day, week, machine, line, product"):
        asked(plant_db, "site", (0, HOUR_MS), "weather", HOUR_MS)


@pytest.mark.every_database
@pytest.mark.slow
def test_late_facts_change_only_the_totals_they_touch_and_say_why(plant_db: Database) -> None:
    _, ledger = world(3)
    now = ledger.through_ms + HOUR_MS
    whole = [(ledger.start_ms, ledger.through_ms)]
    split = ledger.start_ms + 6 * HOUR_MS  # no job changes in the hour that comes late
    keeper = TotalsKeeper(plant_db, clock_at(now))
    late: list[tuple[str, str, int, float | str]] = []
    with plant_db.write() as session:
        release_orders(session, ledger)
        rows = [row for machine in ledger.states for row in readings(ledger, machine, whole)]
        late = [row for row in rows if row[1] == "L1-OP10" and 0 <= row[2] - split < HOUR_MS]
        store(session, (row for row in rows if row not in late))
        for machine in ledger.states:
            cover(session, machine, whole)
    assert keeper.settle() == 16
    tell(plant_db, "StateChanged", {"L1-OP20": (split, split + 1)})
    keeper.settle()
    assert whys(plant_db) == {"first": 16}  # it was reckoned again and says the same
    with plant_db.write() as session:
        store(session, late, len(rows) + 1)
    for kind, event in (("state", "StateChanged"), ("job", "JobChanged"), ("good", "PartsCounted")):
        times = [row[2] for row in late if row[0] == kind] or [split]
        tell(plant_db, event, {"L1-OP10": (min(times), max(times) + 1)})
    keeper.settle()
    assert whys(plant_db) == {"first": 15, "late_data": 1}
    answer = asked(plant_db, "machine:L1-OP10", whole[0], "shift", now)
    with plant_db.read() as session:
        direct = queries.oee(session, "machine:L1-OP10", whole[0], now)
    same(answer.figure, direct.figure)
    assert [group.provenance.why for group in answer.groups] == ["late_data", "first"]


def test_a_stop_explained_by_its_length_counts_so_in_the_shift_in_which_it_began(
    plant_db: Database,
) -> None:
    machine, midnight = "L1-OP10", EARLY_MS + 16 * HOUR_MS
    now = midnight + HOUR_MS // 2
    with plant_db.write() as session:
        add_rule(session, RuleIn(reason="die-change", min_s=7200), BOSS, now)
        states = [
            ("state", machine, EARLY_MS, "running"),
            ("state", machine, midnight - HOUR_MS, "breakdown"),
        ]
        store(session, states)
        cover(session, machine, [(EARLY_MS, now)])
    while dispatch(plant_db, [OEE]):
        pass
    TotalsKeeper(plant_db, clock_at(now)).settle()
    late = (midnight - 8 * HOUR_MS, midnight)
    before = asked(plant_db, f"machine:{machine}", late, "shift", now)
    assert (before.provenance.from_totals, before.figure.losses.breakdown) == (1, 3600)
    ended, now = midnight + 2 * HOUR_MS, midnight + 3 * HOUR_MS
    with plant_db.write() as session:
        store(session, [("state", machine, ended, "running")], 10)
        cover(session, machine, [(midnight, now)])
    tell(plant_db, "StateChanged", {machine: (ended, ended + 1)})
    TotalsKeeper(plant_db, clock_at(now)).settle()
    after = asked(plant_db, f"machine:{machine}", late, "shift", now)
    with plant_db.read() as session:
        direct = queries.oee(session, f"machine:{machine}", late, now)
    assert direct.figure.losses.setup == 3600
    assert after.provenance.from_totals == 1
    same(after.figure, direct.figure)


def test_a_late_count_at_the_instant_of_a_change_of_shifts_is_of_the_shift_that_ends(
    plant_db: Database,
) -> None:
    machine, change = "L1-OP10", EARLY_MS + 8 * HOUR_MS
    now = change + HOUR_MS
    with plant_db.write() as session:
        session.get_one(Machine, machine).minor_stop_s = 0
        read = [("state", machine, EARLY_MS, "running"), ("good", machine, EARLY_MS, 0)]
        store(session, [*read, ("good", machine, EARLY_MS + HOUR_MS, 10)])
        cover(session, machine, [(EARLY_MS, now)])
    keeper = TotalsKeeper(plant_db, clock_at(now))
    keeper.settle()
    with plant_db.write() as session:
        store(session, [("good", machine, change, 11)], 10)
    tell(plant_db, "PartsCounted", {machine: (change, change + 1)})
    keeper.settle()
    early = asked(plant_db, f"machine:{machine}", (EARLY_MS, change), "shift", now)
    assert (early.provenance.from_totals, early.figure.good) == (1, 11)


def test_rows_that_could_not_be_written_are_written_by_the_next_round(plant_db: Database) -> None:
    now = EARLY_MS + 9 * HOUR_MS
    with plant_db.write() as session:
        store(session, [("state", "L1-OP10", EARLY_MS, "running")])
        cover(session, "L1-OP10", [(EARLY_MS, now)])
    keeper = TotalsKeeper(plant_db, clock_at(now))
    rename(plant_db, "shift_figure", "away")
    with pytest.raises(SQLAlchemyError):
        keeper.open_finished()
    rename(plant_db, "away", "shift_figure")
    assert keeper.settle() == 1


def rename(db: Database, table: str, name: str) -> None:
    with db.write() as session:
        session.execute(text(f"ALTER TABLE {table} RENAME TO {name}"))


def whys(db: Database) -> dict[str | None, int]:
    with db.read() as session:
        rows = session.execute(
            select(ShiftFigure.why, func.count()).where(~ShiftFigure.stale).group_by(ShiftFigure.why)
        )
        return {row[0]: row[1] for row in rows}


@pytest.mark.slow
def test_an_order_released_late_gives_its_parts_their_ideal_cycle(plant_db: Database) -> None:
    _, ledger = world(3)
    now = ledger.through_ms + HOUR_MS
    whole = [(ledger.start_ms, ledger.through_ms)]
    with plant_db.write() as session:
        store(session, readings(ledger, "L1-OP10", whole))
        cover(session, "L1-OP10", whole)
    keeper = TotalsKeeper(plant_db, clock_at(now))
    keeper.settle()
    assert "ideal_cycle_unknown" in asked(plant_db, "machine:L1-OP10", whole[0], "day", now).figure.flags
    with plant_db.write() as session:
        release_orders(session, ledger)  # announces every work order
    while dispatch(plant_db, [OEE]):
        pass
    keeper.settle()
    answer = asked(plant_db, "machine:L1-OP10", whole[0], "product", now)
    assert "ideal_cycle_unknown" not in answer.figure.flags
    assert {group.provenance.why for group in answer.groups} == {"work_order"}
    assert {"BD-280"} <= {group.key for group in answer.groups}
    with plant_db.read() as session:
        assert session.scalar(select(func.count()).select_from(ShiftTotal)) >= 2


@pytest.mark.slow
def test_many_windows_at_once_mark_what_they_mark_one_by_one(plant_db: Database, floor: Floor) -> None:
    _, ledger = floor(3)
    now, random = ledger.through_ms + HOUR_MS, Random(7)
    TotalsKeeper(plant_db, clock_at(now)).settle()
    kinds = ("StateChanged", "PartsCounted", "JobChanged", "CoverageGrew")
    machines = sorted(ledger.states)
    for _ in range(12):
        events = [
            Event(n, random.choice(kinds), {"windows": {random.choice(machines): [at, at + 1]}}, 0)
            for n, at in enumerate(
                random.choices(range(ledger.start_ms, ledger.through_ms), k=random.randint(2, 9))
            )
        ]
        assert marked_by(plant_db, [events]) == marked_by(plant_db, [[event] for event in events]) != set()


def marked_by(db: Database, batches: Sequence[Sequence[Event]]) -> set[tuple[str, int]]:
    """The cells that are stale after the batches, of which nothing is kept."""
    with db.write() as session:
        session.execute(update(ShiftFigure).values(stale=False))
        for batch in batches:
            react(session, batch)
        stale = select(ShiftFigure.machine, ShiftFigure.start_ms).where(ShiftFigure.stale)
        marked = {(row.machine, row.start_ms) for row in session.execute(stale)}
        session.rollback()
    return marked


@pytest.mark.slow
def test_a_total_that_changes_all_the_time_is_reckoned_now_and_then(plant_db: Database, floor: Floor) -> None:
    _, ledger = floor(3)
    seconds = [100.0]
    keeper = TotalsKeeper(plant_db, clock_at(ledger.through_ms + HOUR_MS), lambda: seconds[0])
    touched = {"L1-OP10": (ledger.start_ms + HOUR_MS, ledger.start_ms + HOUR_MS + 1)}
    tell(plant_db, "CoverageGrew", touched)
    for _ in range(16):
        keeper.round()
    stale = []
    for seconds[0] in (105.0, 119.0, 121.0):
        tell(plant_db, "CoverageGrew", touched)
        keeper.round()
        with plant_db.read() as session:
            stale.append(session.scalar(select(func.count()).where(ShiftFigure.stale)))
    assert stale == [1, 1, 0]
