"""Real databases for the tests of the cloud."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.customers.actions import load_customers
from cloud.db import Base, Database
from cloud.log import configure_log
from cloud.migrations import import_tables
from cloud.plant.actions import load_plant_file

# The default of structlog draws tracebacks with all local variables, which takes seconds.
configure_log(as_json=True)

PLANT_FILE = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"


def _with_tables(db: Database) -> Database:
    import_tables()
    Base.metadata.create_all(db.engine)
    return db


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite database with all tables."""
    database = _with_tables(Database(f"sqlite:///{tmp_path / 'taktline.db'}"))
    yield database
    database.dispose()


@pytest.fixture
def plant_db(db: Database) -> Database:
    """A SQLite database with all tables and the demo plant with its customers."""
    with db.write() as session:
        plant = load_plant_file(session, PLANT_FILE)
        load_customers(session, plant.customer)
    return db


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def any_db(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with all tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'taktline.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    database = _with_tables(Database(url))
    yield database
    database.dispose()
