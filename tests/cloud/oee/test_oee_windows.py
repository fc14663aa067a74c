from datetime import datetime
from decimal import Decimal

import pytest
from oee_floor import cover, store
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.errors import CloudError, Invalid, NotFound
from cloud.oee import queries
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.plant.queries import WEEKDAYS
from cloud.plant.schemas import iso
from cloud.plant.tables import Shift
from cloud.production.actions import release_work_order
from cloud.production.schemas import WorkOrderIn
from models.oee.shifts import Calendar

pytestmark = pytest.mark.every_database

HOUR_MS = 3_600_000


def at(text: str) -> int:
    return round(datetime.fromisoformat(f"{text}+08:00").timestamp() * 1000)


@pytest.fixture
def shifts(plant_db: Database) -> Calendar:
    with plant_db.read() as session:
        return queries.calendar(session)


@pytest.mark.parametrize(
    ("period", "now", "start", "end"),
    [
        ("shift", "2026-03-03T02:10", "2026-03-03T00:00", "2026-03-03T02:10"),
        ("previous_shift", "2026-03-03T02:10", "2026-03-02T16:00", "2026-03-03T00:00"),
        ("today", "2026-03-03T02:10", "2026-03-03T00:00", "2026-03-03T02:10"),
        ("last_24h", "2026-03-03T02:10", "2026-03-02T02:10", "2026-03-03T02:10"),
        # Nothing runs on Sunday: the shift is the one that ended last.
        ("shift", "2026-03-08T12:00", "2026-03-08T00:00", "2026-03-08T08:00"),
        ("previous_shift", "2026-03-08T12:00", "2026-03-07T16:00", "2026-03-08T00:00"),
        # A shift that begins this instant is empty so far.
        ("shift", "2026-03-02T16:00", "2026-03-02T16:00", "2026-03-02T16:00"),
    ],
)
def test_a_period_resolves_by_the_shift_calendar(
    shifts: Calendar, period: str, now: str, start: str, end: str
) -> None:
    assert queries.window_of_period(shifts, period, at(now)) == (at(start), at(end))


def test_an_unknown_period_is_refused_with_what_is_accepted(shifts: Calendar) -> None:
    with pytest.raises(Invalid, match="shift, previous_shift, today, last_24h"):
        queries.window_of_period(shifts, "week", at("2026-03-03T02:10"))


def test_a_window_ends_at_plant_now_at_the_latest() -> None:
    now = at("2026-03-03T02:10")
    window = queries.window_between("2026-03-03T01:00:00+08:00", "2026-03-09T00:00:00+08:00", now)
    assert window == (at("2026-03-03T01:00"), now)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("yesterday", "2026-03-03T00:00:00Z", "'yesterday' is not an ISO 8601 time with a zone"),
        ("2026-03-01T00:00:00", "2026-03-02T00:00:00Z", "with a zone"),
        ("2026-03-02T00:00:00Z", "2026-03-02T00:00:00Z", "not before the end"),
        ("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z", "after plant now"),
        ("2026-01-01T00:00:00Z", "2026-03-02T00:00:00Z", "31 days"),
    ],
)
def test_a_wrong_window_is_refused_with_the_reason(start: str, end: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        queries.window_between(start, end, at("2026-03-03T02:10"))


@pytest.mark.parametrize(
    ("scope", "error", "said"),
    [
        ("plant", Invalid, "site, line:ID or machine:ID"),
        ("line:", Invalid, "site, line:ID or machine:ID"),
        ("line:L9", NotFound, "L9"),
        ("machine:L1-OP99", NotFound, "L1-OP99"),
    ],
)
def test_a_wrong_scope_is_refused_with_the_reason(
    plant_db: Database, scope: str, error: type[CloudError], said: str
) -> None:
    with plant_db.read() as session, pytest.raises(error, match=said):
        queries.oee(session, scope, (0, HOUR_MS), HOUR_MS)


def test_a_plant_that_nobody_watched_has_no_figure_and_no_coverage(plant_db: Database) -> None:
    window = (at("2026-03-02T16:00"), at("2026-03-02T20:00"))
    with plant_db.read() as session:
        answer = queries.oee(session, "machine:L1-OP10", window, window[1])
    assert answer.figure.oee is None
    assert answer.figure.coverage == 0
    assert answer.figure.planned_s == 3.5 * 3600
    assert {segment.state for segment in answer.machines[0].states} == {"unobserved"}
    assert [segment.planned for segment in answer.machines[0].states] == [True, False]


def test_an_empty_window_gives_nulls(plant_db: Database) -> None:
    now = at("2026-03-02T16:00")
    with plant_db.read() as session:
        answer = queries.oee(session, "site", (now, now), now)
    assert (answer.figure.oee, answer.figure.coverage, answer.trend) == (None, None, [])
    assert len(answer.machines) == 9


def test_hours_of_the_trend_are_those_of_the_wall_clock(shifts: Calendar) -> None:
    window = (at("2026-03-02T16:20"), at("2026-03-02T18:05"))
    assert [(iso(a)[11:16], iso(b)[11:16]) for a, b in queries.hours(shifts, window)] == [
        ("08:20", "09:00"),
        ("09:00", "10:00"),
        ("10:00", "10:05"),
    ]
    assert queries.hours(shifts, (window[0], window[0])) == []


def test_a_day_cut_by_the_window_has_the_hours_that_are_asked_for(plant_db: Database) -> None:
    machine, midnight = "L1-OP10", at("2026-03-03T00:00")
    now = midnight + 8 * HOUR_MS
    with plant_db.write() as session:
        for shift, start, end in (("early", "06", "14"), ("late", "14", "22"), ("night", "22", "06")):
            row = session.get_one(Shift, shift)
            row.start, row.end, row.days = f"{start}:00", f"{end}:00", list(WEEKDAYS)
        began = midnight - 2 * HOUR_MS
        rows: list[tuple[str, str, int, float | str]] = [
            ("state", machine, began, "running"),
            ("job", machine, began, 710),
            ("good", machine, began, 0),
            ("good", machine, midnight, 0),
            ("good", machine, midnight + HOUR_MS, 10),
        ]
        store(session, rows)
        cover(session, machine, [(began, now)])
        _release(session, midnight)
    with plant_db.read() as session:
        answer = queries.oee_by(session, f"machine:{machine}", (midnight, now), "day", now)
    monday, tuesday = answer.groups  # the night shift began on Monday, six hours of it are asked for
    assert (monday.key, monday.figure.good, tuesday.key) == ("2026-03-02", 10, "2026-03-03")
    assert monday.figure.indicators.teep == pytest.approx(10 * 36 / (6 * 3600))


def test_rejects_after_a_setup_of_the_shift_before_are_startup_rejects(plant_db: Database) -> None:
    start = at("2026-03-02T16:00")
    with plant_db.write() as session:
        _setup_before(session, start)
    with plant_db.read() as session:
        answer = queries.oee(session, "machine:L1-OP10", (start, start + HOUR_MS), start + HOUR_MS)
    assert answer.figure.rejected == 2
    assert answer.figure.losses.startup_rejects == 36
    assert answer.figure.losses.production_rejects == 36


def _setup_before(session: Session, start: int) -> None:
    machine = "L1-OP10"
    rows: list[tuple[str, str, int, float | str]] = [
        ("state", machine, start - 3 * HOUR_MS, "setup"),
        ("state", machine, start - 2 * HOUR_MS, "starved"),
        ("state", machine, start, "running"),
        ("job", machine, start - 3 * HOUR_MS, 710),
        ("good", machine, start - 4 * HOUR_MS, 5),
        ("good", machine, start + 200_000, 6),
        ("reject", machine, start - 4 * HOUR_MS, 0),
        ("reject", machine, start + 100_000, 1),
        ("reject", machine, start + 300_000, 2),
    ]
    store(session, rows)
    cover(session, machine, [(start - 4 * HOUR_MS, start + HOUR_MS)])
    _release(session, start)


def _release(session: Session, start: int) -> None:
    line = OrderLineIn(line=1, product="BD-280", quantity=Decimal(50), due=iso(start + 24 * HOUR_MS))
    enter_order(session, OrderIn(number="SO-1", customer="hangzhou-ev", lines=[line]), "test", start)
    release_work_order(
        session, WorkOrderIn(number=7, order="SO-1", line=1, quantity=Decimal(50)), "test", start
    )
