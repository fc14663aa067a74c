"""After the upgrade that counts merged stops as one, the shifts in which people merged some are marked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from cloud.db import Database, migrate
from cloud.oee.tables import ShiftFigure

HOUR_MS = 3_600_000
WEEK_MS = 168 * HOUR_MS


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def before(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database as the program before the upgrade left it, without contents."""
    on_sqlite = request.param == "sqlite"
    db = Database(f"sqlite:///{tmp_path / 'a.db'}" if on_sqlite else request.getfixturevalue("postgres_url"))
    migrate(db, "0017")
    yield db
    db.dispose()


def test_only_shifts_with_merged_stops_are_reckoned_again(before: Database) -> None:
    rows = [("A", WEEK_MS), ("A", 2 * WEEK_MS), ("A", 3 * WEEK_MS), ("B", WEEK_MS)]
    said = [("merge", WEEK_MS, None), ("split", 2 * WEEK_MS, None), ("merge", 3 * WEEK_MS, 4 * WEEK_MS)]
    with before.write() as session:
        for machine, start_ms in rows:
            session.add(
                ShiftFigure(
                    machine=machine,
                    start_ms=start_ms,
                    end_ms=start_ms + 8 * HOUR_MS,
                    shift="early",
                    stale=False,
                    stale_why="first",
                    marks=3,
                    revision=1,
                )
            )
        for kind, start_ms, withdrawn_ms in said:
            session.execute(
                text(
                    "INSERT INTO downtime_correction (machine, kind, start_ms, end_ms, text, username,"
                    " said_ms, withdrawn_ms) VALUES ('A', :kind, :start, :end, '', 'op', :start, :withdrawn)"
                ),
                {"kind": kind, "start": start_ms, "end": start_ms + HOUR_MS, "withdrawn": withdrawn_ms},
            )
    migrate(before)
    with before.read() as session:
        marked = session.scalars(select(ShiftFigure).where(ShiftFigure.stale)).all()
        assert [(row.machine, row.start_ms, row.stale_why, row.marks) for row in marked] == [
            ("A", WEEK_MS, "correction", 4)
        ]
