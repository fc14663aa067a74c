"""Real databases for the tests of the cloud."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from cloud.customers.actions import load_customers
from cloud.db import Base, Database
from cloud.identity import actions
from cloud.log import configure_log
from cloud.migrations import import_tables
from cloud.plant.actions import load_plant_file
from cloud.plant.queries import has_site

# The default of structlog draws tracebacks with all local variables, which takes seconds.
configure_log(as_json=True)

SCRYPT_N = actions.SCRYPT_N

Copier = Callable[[str], AbstractContextManager[str]]

PLANT_FILE = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Hash passwords at the product's cost, a tenth of a second each, only where they are what is tested."""
    actions.SCRYPT_N = SCRYPT_N if "identity" in item.path.parts else 2


def _with_tables(db: Database) -> Database:
    import_tables()
    Base.metadata.create_all(db.engine)
    return db


def _template(file: Path, fill: Callable[[Database], None]) -> Path:
    database = _with_tables(Database(f"sqlite:///{file}"))
    fill(database)
    database.dispose()
    return file


def _the_plant(db: Database) -> None:
    with db.write() as session:
        load_customers(session, load_plant_file(session, PLANT_FILE).customer)


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables, to be copied."""
    return _template(tmp_path_factory.mktemp("template") / "empty.db", lambda _: None)


@pytest.fixture(scope="session")
def plant_file_db(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and the demo plant with its customers, to be copied."""
    return _template(tmp_path_factory.mktemp("template") / "plant.db", _the_plant)


@pytest.fixture
def db(tmp_path: Path, empty_file: Path) -> Iterator[Database]:
    """An empty SQLite database with all tables."""
    file = tmp_path / "taktline.db"
    shutil.copyfile(empty_file, file)
    database = Database(f"sqlite:///{file}")
    yield database
    database.dispose()


@pytest.fixture(scope="session")
def empty_postgres(postgres_copy: Copier) -> Iterator[str]:
    """The name of a PostgreSQL database with all tables, to be copied."""
    with _postgres_template(postgres_copy, lambda _: None) as name:
        yield name


@pytest.fixture(scope="session")
def plant_postgres(postgres_copy: Copier) -> Iterator[str]:
    """The name of a PostgreSQL database with all tables and the demo plant, to be copied."""
    with _postgres_template(postgres_copy, _the_plant) as name:
        yield name


@contextmanager
def _postgres_template(copy: Copier, fill: Callable[[Database], None]) -> Iterator[str]:
    with copy("template1") as url:
        database = _with_tables(Database(url))
        fill(database)
        database.dispose()
        yield str(make_url(url).database)


@contextmanager
def _copied(request: pytest.FixtureRequest, template: str) -> Iterator[Database]:
    copy = request.getfixturevalue("postgres_copy")
    with copy(request.getfixturevalue(template)) as url:
        database = Database(url)
        yield database
        database.dispose()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of a module marked `every_database` on PostgreSQL too, save those that measure time."""
    marked = metafunc.definition.get_closest_marker
    if marked("every_database") and not marked("alone") and "plant_db" in metafunc.fixturenames:
        kinds = ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
        metafunc.parametrize("plant_db", kinds, indirect=True)


@pytest.fixture
def plant_db(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with all tables and the demo plant with its customers: SQLite, unless `every_database`."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield request.getfixturevalue("plant_sqlite")
        return
    with _copied(request, "plant_postgres") as database:
        yield database


@pytest.fixture
def plant_sqlite(db: Database, tmp_path: Path, plant_file_db: Path) -> Database:
    """A SQLite database with all tables and the demo plant with its customers."""
    with db.read() as session:
        assert not has_site(session), "only an empty database becomes the plant's"
    db.dispose()
    for file in tmp_path.glob("taktline.db*"):
        file.unlink()
    shutil.copyfile(plant_file_db, tmp_path / "taktline.db")
    return db


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def any_db(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with all tables, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("db")
        return
    with _copied(request, "empty_postgres") as database:
        yield database
