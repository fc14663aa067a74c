"""Negative controls: damages what was stored, so that the judge can show that it would notice."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    import duckdb

# The greatest run of `running` between two state readings of a machine: flipping it must show.
LONGEST_RUN = """
select id, next_ms - ts_ms as length from (
    select id, text, ts_ms, lead(ts_ms) over (partition by source order by ts_ms, id) as next_ms
    from signal_fact where kind = 'state'
) as runs where text = 'running' and next_ms is not null order by length desc limit 1
"""


def drop_point(points: Path, relational: str) -> str:
    """Delete one stored point of a counter; returns what was done."""
    del relational
    return _damage_points(points, "delete from {pts} where rowid = ?", "deleted one stored point")


def duplicate_point(points: Path, relational: str) -> str:
    """Store one point of a counter a second time; returns what was done."""
    del relational
    return _damage_points(
        points, "insert into {pts} select * from {pts} where rowid = ?", "stored one point a second time"
    )


def change_count(points: Path, relational: str) -> str:
    """Add a good part to one count; returns what was done."""
    del points
    engine = sa.create_engine(relational)
    with engine.begin() as connection:
        machine, at_ms = connection.execute(
            sa.text("select machine, at_ms from part_count where good > 0 order by at_ms, machine limit 1")
        ).one()
        connection.execute(
            sa.text(
                "update part_count set good = good + 1 "
                "where machine = :machine and at_ms = :at_ms and counter = 'good'"
            ),
            {"machine": machine, "at_ms": at_ms},
        )
    engine.dispose()
    return f"added a good part to a count of {machine}"


def flip_state(points: Path, relational: str) -> str:
    """Turn the longest running time between two state readings into a breakdown; returns what was done."""
    del points
    engine = sa.create_engine(relational)
    with engine.begin() as connection:
        fact, length_ms = connection.execute(sa.text(LONGEST_RUN)).one()
        connection.execute(sa.text("update signal_fact set text = 'breakdown' where id = :id"), {"id": fact})
    engine.dispose()
    return f"turned {length_ms / 1000:.0f} s of running into a breakdown"


SABOTAGE: dict[str, Callable[[Path, str], str]] = {
    "drop": drop_point,
    "duplicate": duplicate_point,
    "count": change_count,
    "state": flip_state,
}


def _damage_points(points: Path, statement: str, done: str) -> str:
    import duckdb  # noqa: PLC0415 -- not there in an edge-only install

    with duckdb.connect(str(points)) as connection:
        for place in _places(connection, points):
            found = connection.execute(
                f"select p.rowid, tag from {place} p join tags using (tag_id) where tag like '%/good' limit 1"  # noqa: S608
            ).fetchone()
            if found is not None:
                connection.execute(statement.format(pts=place), [found[0]])
                return f"{done} of {found[1]}"
    raise ValueError(f"{points} holds no point of a counter to damage")


def _places(connection: "duckdb.DuckDBPyConnection", points: Path) -> list[str]:
    """The tables of points: those of the hot file and those of its months."""
    rows = connection.execute(
        "select table_name from duckdb_tables() where table_name similar to 'pts(_[0-9]+)?'"
    ).fetchall()
    tables = [str(name) for (name,) in rows]
    for number, month in enumerate(sorted(points.with_suffix(".months").glob("*.duckdb"))):
        connection.execute(f"attach '{month}' as month_{number}")
        tables.append(f"month_{number}.pts")
    return tables
