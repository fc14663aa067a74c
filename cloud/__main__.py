"""The cloud's own commands: serving, its schema, backup and restore, users."""

import getpass
import ipaddress
import json
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any

import structlog
import typer
import uvicorn
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from cloud.app import create_app, prepare
from cloud.backup import commands as backup_commands
from cloud.backup.manifest import BackupRefused
from cloud.backup.restore import refuse_half_restored
from cloud.db import Database, SchemaStale, migrate, revise
from cloud.identity.actions import add_user, demo_password_in_use, ensure_roles
from cloud.listening import listen
from cloud.log import configure_log
from cloud.plant.actions import PlantFileWrong
from cloud.settings import Settings, SettingsWrong
from cloud.worker import work
from wire.broker_tls import LoginWrong

log = structlog.get_logger("cloud")

WRONG = 2  # exit code: what was asked for cannot be done as it was configured
GRACE_S = 5
# Longer than the period of any page or board that asks: one of 5 s, the default, would ask a closing door.
KEEP_ALIVE_S = 75

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def serve(settings: Settings | None = None) -> int:
    """Exit code after serving until SIGTERM or Ctrl-C: 0 after a clean end, 2 when a setting is wrong."""
    try:
        settings = settings or Settings.from_environment()
        configure_log(level=settings.log_level)
        refuse_half_restored(settings.data)
        _open_for_use(settings)
        web = create_app(settings, takes_in=settings.ingest == "serve")
        listening = listen("TAKTLINE_HTTP_HOST:PORT", settings.http_host, settings.http_port)
        listening.set_inheritable(True)
    except (
        SettingsWrong,
        PlantFileWrong,
        SchemaStale,
        FileNotFoundError,
        LoginWrong,
        BackupRefused,
        _Refused,
    ) as wrong:
        return _say(wrong)
    with listening:
        server = _Server(
            uvicorn.Config(
                web,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=GRACE_S,
                timeout_keep_alive=KEEP_ALIVE_S,
                lifespan="on",
            )
        )
        server.run(sockets=[listening])
    return 0 if server.started else 1


def migrate_database(settings: Settings | None = None) -> int:
    """Exit code after bringing the schema to this version."""
    try:
        settings = settings or Settings.from_environment()
        db = _database(settings)
        try:
            migrate(db)
        except DBAPIError as wrong:
            raise _cannot_use(settings, wrong) from None
    except (SettingsWrong, SchemaStale, _Refused) as wrong:
        return _say(wrong)
    db.dispose()
    return 0


def openapi() -> dict[str, Any]:
    """The OpenAPI schema; no database is touched."""
    return create_app(Settings(), takes_in=False).openapi()


def create_user(username: str, role: str, password: str, settings: Settings | None = None) -> int:
    """Exit code after adding a user: 2 when the role or the password cannot be used or the name is taken."""
    try:
        settings = settings or Settings.from_environment()
        db = _database(settings)
        prepare(db, settings.model_copy(update={"plant_file": None}))
        with db.write() as session:
            ensure_roles(session)
            add_user(session, username, username, role, password)
    except (SettingsWrong, SchemaStale, ValueError, _Refused) as wrong:
        return _say(wrong)
    db.dispose()
    return 0


def run_worker(settings: Settings | None = None) -> int:
    """Exit code after working until SIGTERM or Ctrl-C: 0 after a clean end, 2 when a setting is wrong."""
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    try:
        settings = settings or Settings.from_environment()
        configure_log(level=settings.log_level)
        work(settings, stopping)
    except (SettingsWrong, SchemaStale, LoginWrong) as wrong:
        return _say(wrong)
    except DBAPIError as wrong:
        return _say(_cannot_use(settings or Settings(), wrong))
    return 0


class _Refused(Exception):
    """The server must not or cannot start like this; the message says why and what would be accepted."""


class _Server(uvicorn.Server):
    """Uvicorn that tells the application at once when it has to stop, so that endless answers end."""

    def handle_exit(self, sig: int, frame: Any) -> None:
        self._web.state.stopping.set()
        super().handle_exit(sig, frame)
        # Uvicorn would raise the signal again after its clean end; a clean end is exit code 0.
        self._captured_signals.clear()

    @property
    def _web(self) -> Any:
        return self.config.app

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            log.info("serving", url=f"http://{host}:{port}")


def _open_for_use(settings: Settings) -> None:
    """Find what is wrong with the configuration before the server starts, while it can be said plainly."""
    db = _database(settings)
    try:
        prepare(db, settings)
        with db.read() as session:
            if not _is_loopback(settings.http_host) and demo_password_in_use(session):
                raise _Refused(
                    f"TAKTLINE_HTTP_HOST = {settings.http_host!r}: other machines could log in with the "
                    "published demo password. Accepted: a loopback address, or no user with that password."
                )
    except DBAPIError as wrong:
        raise _cannot_use(settings, wrong) from None
    finally:
        db.dispose()


def _database(settings: Settings) -> Database:
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        db = Database(settings.url)
    except OSError as wrong:
        raise _Refused(
            f"TAKTLINE_DATA = {str(settings.data)!r}: {wrong.strerror}. Accepted: a folder to write."
        ) from None
    try:
        with db.engine.connect():
            return db
    except DBAPIError as wrong:
        raise _cannot_use(settings, wrong) from None


def _cannot_use(settings: Settings, wrong: DBAPIError) -> _Refused:
    reason = str(wrong.orig).splitlines()[0]
    shown = make_url(settings.url).render_as_string(hide_password=True)
    return _Refused(
        f"TAKTLINE_DATABASE_URL = {shown!r}: {reason}. "
        "Accepted: a database that answers, on a disk with room to write."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _say(wrong: Exception) -> int:
    sys.stderr.write(f"{wrong}\n")
    return WRONG


@app.command("serve")
def _serve() -> None:
    """Serve API and web app until SIGTERM or Ctrl-C."""
    raise typer.Exit(serve())


@app.command("migrate")
def _migrate() -> None:
    """Bring the database's schema to this version."""
    raise typer.Exit(migrate_database())


@app.command("worker")
def _worker() -> None:
    """Take in the groups of TAKTLINE_WORKER_GROUPS that nobody has claimed, until SIGTERM or Ctrl-C."""
    raise typer.Exit(run_worker())


@app.command("backup")
def _backup(
    target: Annotated[Path, typer.Argument(help="a folder that does not exist yet")],
) -> None:
    """Copy both stores into a new folder, while the cloud runs or not."""
    raise typer.Exit(backup_commands.backup(target))


@app.command("restore")
def _restore(
    source: Annotated[Path, typer.Argument(help="a folder made by `backup`")],
    *,
    replace: Annotated[bool, typer.Option("--replace", help="lose what the stores hold now")] = False,
) -> None:
    """Put a backup in the place of both stores of a cloud that was stopped."""
    raise typer.Exit(backup_commands.restore(source, replace=replace))


@app.command("raise-generation")
def _raise_generation() -> None:
    """Have gateways offer again what they keep, after points were put back by other tools; cloud stopped."""
    raise typer.Exit(backup_commands.raise_generation())


@app.command("openapi")
def _openapi() -> None:
    """Print the OpenAPI schema as JSON."""
    sys.stdout.write(json.dumps(openapi(), indent=2, ensure_ascii=False) + "\n")


@app.command("revise")
def _revise(message: Annotated[str, typer.Argument(help="what changes, in the imperative")]) -> None:
    """Write a new revision for tables that were changed in the code (for developers)."""
    with tempfile.TemporaryDirectory() as folder:
        sys.stdout.write(f"{revise(message, Path(folder))}\n")


@app.command("add-user")
def _add_user(
    username: Annotated[str, typer.Argument(help="the name to log in with")],
    role: Annotated[str, typer.Argument(help="admin, manager, planner or operator")],
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    asked = sys.stdin.isatty()
    password = getpass.getpass("Password: ") if asked else sys.stdin.readline().rstrip("\n")
    raise typer.Exit(create_user(username, role, password))


if __name__ == "__main__":
    app()
