"""Many who ask about the running shift at once cost as much as one, and see what people change."""

import threading
from datetime import UTC, datetime, timedelta

from oee_floor import cover, store

from cloud.db import Database
from cloud.oee import queries
from cloud.oee.queries.shared import Found, shared
from cloud.plant import queries as plant
from wire.clock import PlantClock

START = 1_772_409_600_000  # 2026-03-02T08:00+08:00, the early shift begins
HOUR = 3_600_000
MACHINE = "L1-OP10"


def moments() -> queries.Moments:
    """At four hours into the shift; the clock stands still."""
    at = datetime.fromtimestamp((START + 4 * HOUR) / 1000, UTC)
    return queries.Moments(PlantClock(at, datetime.now(UTC) + timedelta(days=1), 60))


def fill(db: Database) -> None:
    with db.write() as session:
        store(session, [("state", MACHINE, START, "running"), ("good", MACHINE, START + 1, 0)])
        store(session, [("good", MACHINE, START + HOUR, 60)], 10)
        cover(session, MACHINE, [(START, START + 5 * HOUR)])


def test_a_question_about_the_shift_is_answered_like_one_about_its_window(plant_db: Database) -> None:
    fill(plant_db)
    together = moments()
    for by in (None, "machine", "line", "shift", "hour"):
        with plant_db.read() as session, plant_db.read() as plain:
            now_ms = together.join(session)
            window = (START, now_ms)
            if by is None:
                one = queries.oee(session, "site", window, now_ms)
                other = queries.oee(plain, "site", window, now_ms)
            else:
                one = queries.oee_by(session, "site", window, by, now_ms)
                other = queries.oee_by(plain, "site", window, by, now_ms)
            assert one == other
            assert one.figure.good == 60


def test_of_many_who_ask_at_once_one_reckons(plant_db: Database) -> None:
    reckoned: list[int] = []
    found: list[Found] = []
    with plant_db.read() as first:
        now_ms = moments().join(first)
        window = (START, now_ms)
        machines, shifts = plant.machines_of(first, f"machine:{MACHINE}"), queries.calendar(first)
        with plant_db.read() as plain:
            [result], _ = queries.reckon(plain, machines, shifts, window, now_ms=now_ms)

        def reckon() -> Found:
            reckoned.append(threading.get_ident())
            return result, frozenset()

        def ask() -> None:
            with plant_db.read() as session:
                session.info.update(first.info)  # they came within the same moment
                found.append(shared(session, (MACHINE, window, "iso22400"), now_ms, reckon))

        threads = [threading.Thread(target=ask) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [each[0] for each in found] == [result] * 20
    assert len(reckoned) == 1


def test_what_people_change_is_seen_by_the_next_who_asks(plant_db: Database) -> None:
    fill(plant_db)
    together = moments()
    with plant_db.read() as session:
        before = queries.shift_figures(session, together.join(session)).figures[MACHINE]
    with plant_db.write() as session:
        store(session, [("good", MACHINE, START + 2 * HOUR, 70)], 20)
    queries.forget_all()
    with plant_db.read() as session:
        after = queries.shift_figures(session, together.join(session)).figures[MACHINE]
    assert (before.good, after.good) == (60, 70)
