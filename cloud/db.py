"""The relational store: transactions, column types, migrations.

SQLite is the embedded default (WAL, one writer), PostgreSQL the server. Both give a writer the same world:
writing is serialised, inside a process by `WriterTurns`, between processes by BEGIN IMMEDIATE there and one
advisory lock here; so an action that is right on one is right on the other, and ids are committed in their
order. SQLite runs with synchronous=FULL: facts could be derived again from the time series, orders and
acknowledgements could not, and commits are few and large.
"""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import anyio
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from anyio import to_thread
from fastapi import Depends, Request
from fastapi import Path as PathOf
from sqlalchemy import (
    JSON,
    BigInteger,
    Dialect,
    Integer,
    MetaData,
    Numeric,
    String,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from cloud.writer_turns import WriterTurns

MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE_S = 20.0  # real seconds that a request waits to write: first for its turn, then for other processes
WRITER_LOCK = 0x7A6B7401  # any constant: the advisory lock that makes PostgreSQL writers take turns
MIGRATION_LOCK = 0x7A6B7402
_WAITS_S = "waits_s"
_WAIT_FOR_LOCK = text("SELECT pg_advisory_xact_lock(:lock)")
_WAIT_SO_LONG = text(  # the limit holds for this wait alone
    "SELECT set_config('lock_timeout', :limit, true), pg_advisory_xact_lock(:lock), "
    "set_config('lock_timeout', '0', true)"
)
READING_REQUESTS = 16  # at once; more would only wait for the same two or four cores
# Connections: the requests above, short reads inside FastAPI's 40 threads, the writer, background threads.
POOL_SIZE = READING_REQUESTS + 40 + 8


class SchemaStale(Exception):
    """The database's schema is not the one this version needs; the message says what to do."""


class Exact(TypeDecorator[Decimal]):
    """A `Decimal` kept exactly: NUMERIC on PostgreSQL, text on SQLite (whose NUMERIC is a float)."""

    impl = Numeric(18, 6)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column type of `dialect`."""
        return dialect.type_descriptor(String(40) if dialect.name == "sqlite" else Numeric(18, 6))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """The value as the driver takes it, without trailing zeros: equal quantities are equal text."""
        if value is None or dialect.name != "sqlite":
            return value
        return format(value.normalize(), "f")

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002  SQLAlchemy's
        """The value as a `Decimal` without trailing zeros."""
        if value is None:
            return None
        return Decimal(format(Decimal(value).normalize(), "f"))


class Base(DeclarativeBase):
    """Base of all tables: integers are 64 bits wide, `Decimal` is exact, dicts and lists are JSON."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # On SQLite only INTEGER makes a primary key that counts by itself; it is 64 bits wide there anyway.
    type_annotation_map = {  # noqa: RUF012  SQLAlchemy's name for it
        int: BigInteger().with_variant(Integer(), "sqlite"),
        Decimal: Exact(),
        dict[str, Any]: JSON().with_variant(JSONB(), "postgresql"),
        dict[str, str]: JSON().with_variant(JSONB(), "postgresql"),
        list[Any]: JSON().with_variant(JSONB(), "postgresql"),
        list[str]: JSON().with_variant(JSONB(), "postgresql"),
    }


class Database:
    """The relational database behind `url`, with one way to read and one way to write.

    Parameters
    ----------
    url
        SQLAlchemy URL, `sqlite:///FILE` or `postgresql+psycopg://…`; the folder of a SQLite file is made.
    patience_s
        Real seconds that a request waits to write, once for its turn in this process and once for other
        processes. Background work waits as long for another process on SQLite, without end on PostgreSQL.

    Attributes
    ----------
    turns
        Whose turn it is to write in this process.
    commits
        How often this object has written; whoever keeps what it read knows by it that it may be old.
    said
        How often a request has written, that is, what people say rather than what machines do.
    """

    def __init__(self, url: str, *, patience_s: float = PATIENCE_S) -> None:
        self.url = url
        self.turns = WriterTurns()
        self.commits = self.said = 0
        self._patience_s = patience_s
        self._counting = threading.Lock()
        self.dialect = make_url(url).get_backend_name()
        if self.dialect == "sqlite":
            Path(make_url(url).database or "").absolute().parent.mkdir(parents=True, exist_ok=True)
            self._writer = _sqlite_engine(url, "BEGIN IMMEDIATE", patience_s, "synchronous=FULL")
            self._reader = _sqlite_engine(url, "BEGIN", patience_s, "query_only=ON")
        else:
            self._writer = create_engine(url, pool_size=POOL_SIZE, pool_pre_ping=True)
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            event.listen(self._writer, "begin", _wait_for_other_processes)
        self._request_writer = self._writer.execution_options(**{_WAITS_S: patience_s})

    @property
    def engine(self) -> Engine:
        """The writing engine, for migrations and tests."""
        return self._writer

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot, begun at its first statement; the database refuses writes in it."""
        with Session(self._reader, autoflush=False, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session in one transaction, alone as writer: for background work and programs, never a request.

        Committed at exit, rolled back by an error.

        Raises
        ------
        NoTurn, OperationalError
            When others write for too long; nothing was begun.
        """
        with self.turns.background(), Session(self._writer, expire_on_commit=False) as session:
            yield session
            self._commit(session)

    @asynccontextmanager
    async def write_for_request(self) -> AsyncIterator[Session]:
        """The same for a request: it goes before background work and waits for its turn without a thread."""
        async with self.turns.request(self._patience_s), _in_thread(self._write_in_turn()) as session:
            yield session

    @contextmanager
    def _write_in_turn(self) -> Iterator[Session]:
        with Session(self._request_writer, expire_on_commit=False) as session:
            yield session
            self._commit(session, said=True)

    def _commit(self, session: Session, *, said: bool = False) -> None:
        session.commit()
        with self._counting:
            self.commits += 1
            self.said += said

    def dispose(self) -> None:
        """Nothing comes back; all pooled connections are closed."""
        self._reader.dispose()
        self._writer.dispose()


def _sqlite_engine(url: str, begin: str, patience_s: float, *pragmas: str) -> Engine:
    engine = create_engine(url, pool_size=POOL_SIZE, connect_args={"timeout": patience_s})

    def configure(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `start` below does
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", start)
    return engine


def _wait_for_other_processes(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("postgresql_readonly"):
        return
    waits_s = options.get(_WAITS_S)
    if waits_s is None:
        connection.execute(_WAIT_FOR_LOCK, {"lock": WRITER_LOCK})
    else:
        connection.execute(_WAIT_SO_LONG, {"lock": WRITER_LOCK, "limit": f"{waits_s * 1000:.0f}ms"})


# ---- the schema


def alembic_config() -> Config:
    """Alembic's configuration for the migrations inside this package; no file outside is read."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


@contextmanager
def _migration_connection(db: Database) -> Iterator[Connection]:
    # Batch operations on SQLite copy and drop tables; with foreign keys on, dropping reaches the children.
    with db.engine.connect() as connection:
        if db.dialect == "sqlite":
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        try:
            yield connection
        finally:
            connection.invalidate()  # this connection's pragmas must not go back to the pool


def migrate(db: Database, revision: str = "head") -> None:
    """Nothing comes back; the schema stands at `revision` afterwards. Works from an installed package."""
    with _migration_connection(db) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()


def revise(message: str, folder: Path) -> str:
    """The number of a new revision that makes a migrated database equal to the tables in the code.

    Parameters
    ----------
    message
        What changes, in the imperative.
    folder
        Where a scratch database may stand.
    """
    db = Database(f"sqlite:///{folder / 'revise.db'}")
    migrate(db)
    script = ScriptDirectory.from_config(alembic_config())
    number = f"{len(list(script.walk_revisions())) + 1:04d}"
    with _migration_connection(db) as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.revision(config, message, autogenerate=True, rev_id=number)
    db.dispose()
    return number


def schema_differences(db: Database) -> list[Any]:
    """What Alembic would change to make the database equal the tables in the code; empty when they agree."""
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415  only tests and `migrate --check` need it

    with _migration_connection(db) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, Base.metadata))


def schema_revision(db: Database) -> str | None:
    """The revision of the database's schema; None when it is empty or not ours."""
    with db.read() as session:
        return MigrationContext.configure(session.connection()).get_current_revision()


def has_schema(db: Database) -> bool:
    """Whether any revision has run."""
    return schema_revision(db) is not None


def check_schema(db: Database) -> None:
    """Nothing comes back; the schema is the one this version needs.

    Raises
    ------
    SchemaStale
        When it is older (migrate it), newer (update the program) or absent.
    """
    script = ScriptDirectory.from_config(alembic_config())
    head = script.get_current_head()
    found = schema_revision(db)
    if found == head:
        return
    known = {revision.revision for revision in script.walk_revisions()}
    if found is None or found in known:
        have = found or "none"
        raise SchemaStale(
            f"The database has schema {have}, this version needs {head}. Run: python -m cloud migrate"
        )
    raise SchemaStale(
        f"The database has schema {found}, which is newer than this version ({head}) knows. "
        "Install the version that made it."
    )


# ---- what routes take


def database(request: Request) -> Database:
    """The application's database."""
    db: Database = request.app.state.db
    return db


def reading_turns(request: Request) -> anyio.Semaphore:
    """Where requests that read wait for a connection: on the event loop, where waiting costs no thread.

    A request needs a thread again after its work, for its answer and its commit. If requests waited for a
    connection or the writer's turn inside threads, forty of them would leave none for the one they wait for.
    """
    found: anyio.Semaphore = request.app.state.reading_turns
    return found


async def tx(request: Request) -> AsyncIterator[Session]:
    """The request's one write transaction: committed before the answer leaves, rolled back by any error."""
    async with database(request).write_for_request() as session:
        yield session


async def snapshot(request: Request) -> AsyncIterator[Session]:
    """The request's read session."""
    async with reading_turns(request), _in_thread(database(request).read()) as session:
        yield session


@asynccontextmanager
async def _in_thread(opened: AbstractContextManager[Session]) -> AsyncIterator[Session]:
    """The session of `opened`, which ends in a thread; entering does nothing, it begins at first use."""
    with ExitStack() as stack:
        session = stack.enter_context(opened)
        ending = stack.pop_all()
    try:
        yield session
    except BaseException as error:
        with anyio.CancelScope(shield=True):  # a cancelled request must give its connection back too
            await to_thread.run_sync(ending.__exit__, type(error), error, error.__traceback__)
        raise
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(ending.close)


# Function scope: with the default scope a failed commit would still answer 200.
Tx = Annotated[Session, Depends(tx, scope="function")]
Read = Annotated[Session, Depends(snapshot, scope="function")]
# The number of a row in a route's path: what no column could hold is refused before it is looked for.
RowId = Annotated[int, PathOf(ge=1, lt=1 << 62)]
