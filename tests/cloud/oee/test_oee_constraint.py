"""The station that decides what a line makes, against published answers (`oracles/README.md`)."""

import pytest

from cloud.db import Database
from cloud.oee.queries.aims import constraint_of
from cloud.oee.tables import LineFlow
from models.oee.policies import ISO22400
from models.oee.score import Tally

HOUR_MS = 3_600_000
# Vorne, Fast Guide to OEE: 420 min planned, 47 down, 19,271 parts of 1 s, 423 rejected.
VORNE = Tally(
    planned_ms=420 * 60_000,
    observed_ms=420 * 60_000,
    running_ms=373 * 60_000,
    breakdown_ms=47 * 60_000,
    good=18_848,
    rejected=423,
    ideal_all_s=19_271,
    ideal_good_s=18_848,
)
QUICK = Tally(
    planned_ms=420 * 60_000,
    observed_ms=420 * 60_000,
    running_ms=420 * 60_000,
    good=18_848,
    ideal_all_s=9_424,
    ideal_good_s=9_424,
)


def test_a_line_counts_as_its_constraint_and_not_as_the_mean_of_its_machines(db: Database) -> None:
    with db.read() as session:
        found = constraint_of(session, "L", [("OP10", QUICK), ("OP20", VORNE)], ISO22400, 8 * HOUR_MS)
    assert found is not None
    assert (found.station, found.machines, found.named) == ("OP20", ["OP20"], False)
    assert found.figure.availability == pytest.approx(0.888095, abs=5e-7)
    assert found.figure.oee == pytest.approx(0.747937, abs=5e-7)


def test_parallel_machines_are_one_station_whose_times_add_up(db: Database) -> None:
    # Machine 1: .80 over 100 h, machine 2: .45 over 300 h planned: .5375 by time, not .625.
    hours = {"OP20a": (100, 80), "OP20b": (300, 135)}
    both = [
        (
            name,
            Tally(planned_ms=p * HOUR_MS, observed_ms=p * HOUR_MS, running_ms=r * HOUR_MS, ideal_all_s=1.0),
        )
        for name, (p, r) in hours.items()
    ]
    with db.write() as session:
        session.add(LineFlow(line="L", stations=dict.fromkeys(hours, "milling"), constraint_id="milling"))
    with db.read() as session:
        found = constraint_of(session, "L", [*both, ("OP10", QUICK)], ISO22400, 400 * HOUR_MS)
    assert found is not None
    assert (found.machines, found.named) == (["OP20a", "OP20b"], True)
    assert found.figure.availability == pytest.approx(0.5375, abs=1e-12)


def test_two_machines_side_by_side_are_no_constraint_where_each_has_less_to_do(db: Database) -> None:
    # Twice Vorne's shift on two parallel machines needs 19,271 s of each, one station of 20,000 s needs more.
    slow = Tally(observed_ms=420 * 60_000, running_ms=420 * 60_000, good=1, ideal_all_s=20_000)
    with db.write() as session:
        session.add(LineFlow(line="L", stations={"A": "turning", "B": "turning"}, constraint_id=None))
    with db.read() as session:
        tallies = [("A", VORNE), ("B", VORNE), ("C", slow)]
        found = constraint_of(session, "L", tallies, ISO22400, 8 * HOUR_MS)
    assert found is not None
    assert (found.station, found.named) == ("C", False)
