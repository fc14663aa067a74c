"""The cloud as one application: what is wired to what."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import anyio
import anyio.to_thread
import structlog
from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.backup.desk import BackupDesk
from cloud.customers.actions import load_customers
from cloud.db import READING_REQUESTS, Database, check_schema, has_schema, migrate
from cloud.downtime import routes as downtime_routes
from cloud.errors import NotFound, install_problem_answers
from cloud.gateways import actions as gateway_actions
from cloud.gateways import events as gateway_events
from cloud.gateways import routes as gateway_routes
from cloud.gateways.reactions import CommandSender
from cloud.history import routes as history_routes
from cloud.identity import routes as identity_routes
from cloud.identity.access import LoginLimit, TokenUses
from cloud.identity.actions import (
    ensure_admin,
    ensure_demo_users,
    ensure_roles,
    forget_expired_sessions,
    write_token_uses,
)
from cloud.ingest import metrics as ingest_metrics
from cloud.ingest import routes as ingest_routes
from cloud.ingest.runtime import IngestRuntime
from cloud.jobs import Job, Rounds
from cloud.kpi import events as kpi_events
from cloud.kpi import reactions as kpi_reactions
from cloud.kpi import routes as kpi_routes
from cloud.maintenance import events as maintenance_events
from cloud.maintenance import reactions as maintenance_reactions
from cloud.maintenance import routes as maintenance_routes
from cloud.manual import routes as manual_routes
from cloud.oee import events as oee_events
from cloud.oee import reactions as oee_reactions
from cloud.oee import routes as oee_routes
from cloud.oee.actions import TargetWatch, TotalsKeeper
from cloud.orders import routes as orders_routes
from cloud.outbox import Consumer, Dispatcher
from cloud.plant import routes as plant_routes
from cloud.plant.actions import load_plant_file
from cloud.plant.queries import has_site
from cloud.production import events as production_events
from cloud.production import reactions as production_reactions
from cloud.production import routes as production_routes
from cloud.settings import Settings
from cloud.timeseries.choice import open_store
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import Store
from cloud.timeseries.upkeep import upkeep_of
from wire.clock import PlantClock

log = structlog.get_logger("cloud.app")

API = "/api/v1"
TARGETS_S = 10.0  # real seconds between two looks at the targets of the running shift
MOST_BODY = 1 << 20  # bytes; the largest request is an order

# Who hears what through the outbox. Every reaction calls down, never up. A round serves them in this order:
# live pages are told after the others have drawn their conclusions.
REACTIONS = (
    Consumer("production", production_events.HEARD, production_reactions.react),
    Consumer("oee", oee_events.HEARD, oee_reactions.react),
    Consumer("maintenance", maintenance_events.HEARD, maintenance_reactions.react),
    Consumer("live", kpi_events.HEARD, kpi_reactions.keep_nothing, kpi_reactions.tell),
)

ROUTERS: tuple[APIRouter, ...] = (
    identity_routes.router,
    plant_routes.router,
    ingest_routes.router,
    orders_routes.router,
    production_routes.router,
    downtime_routes.router,
    manual_routes.router,
    oee_routes.router,
    maintenance_routes.router,
    gateway_routes.router,
    history_routes.router,
    kpi_routes.router,
)

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)


@cache
def _calls() -> list[BaseRoute]:
    """Every call of the API, the same objects for all applications of a process: making them costs."""
    api = APIRouter(max_body_size=MOST_BODY)
    for router in ROUTERS:
        api.include_router(router, prefix=API)
    return api.routes


def create_app(settings: Settings, *, takes_in: bool = True) -> FastAPI:
    """The application; nothing is opened or started before its lifespan begins.

    Parameters
    ----------
    settings
        Checked settings.
    takes_in
        Whether it opens the time series and connects to the broker; tests of routes can do without.

    Raises
    ------
    FileNotFoundError
        When `settings.ui_dir` holds no built web app.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as running:
            await anyio.to_thread.run_sync(_open, app, settings)
            running.push_async_callback(anyio.to_thread.run_sync, app.state.db.dispose)
            for part in _parts(app, settings, takes_in=takes_in):
                running.push_async_callback(anyio.to_thread.run_sync, part.stop)
                await anyio.to_thread.run_sync(part.start)
            yield
            app.state.stopping.set()

    app = FastAPI(
        title="Taktline",
        description="From the signal on the shop floor to the customer's order.",
        version="0.1.0",
        lifespan=lifespan,
        routes=list(_calls()),
        max_body_size=MOST_BODY,
        docs_url=None,  # FastAPI's own pages load their scripts from a CDN: blank in a plant without internet
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.clock = settings.plant_clock()
    app.state.reading_turns = anyio.Semaphore(READING_REQUESTS)
    app.state.login_limit = LoginLimit()
    app.state.token_limit, app.state.token_uses = LoginLimit(), TokenUses()
    app.state.stopping = Event()  # set when the server is told to stop: endless answers end themselves
    install_problem_answers(app)
    app.add_middleware(AnswerHeaders)
    app.include_router(ingest_metrics.router)  # where Prometheus looks for it
    app.add_api_route(f"{API}/health", health, methods=["GET"], tags=["system"])
    if settings.ui_dir is not None:
        _serve_ui(app, settings.ui_dir)
    return app


async def health() -> dict[str, str]:
    """That the server answers."""
    return {"status": "ok"}


async def no_such_call(rest: str) -> None:
    """Nothing: a browser that mistypes a call of the API must not be answered with the web app."""
    raise NotFound(f"There is no {API}/{rest}.", code="no_such_page")


async def show_reference(_request: Request) -> HTMLResponse:
    """The API's reference page; all that it loads comes from the built web app."""
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Taktline API",
        swagger_js_url="/reference/swagger-ui-bundle.js",
        swagger_css_url="/reference/swagger-ui.css",
        swagger_favicon_url="/taktline.svg",
        swagger_ui_parameters={"validatorUrl": None},  # else it asks a validator on the internet
    )


def prepare(db: Database, settings: Settings) -> None:
    """Nothing comes back; the database can be served: schema, roles, demo users and the plant file are there.

    An empty database gets its schema here, since nothing in it could be lost; an older schema is refused.

    Raises
    ------
    SchemaStale
        When the schema is not this version's.
    PlantFileWrong
        When the plant file is needed, because no plant is loaded yet, and cannot be used.
    """
    if not has_schema(db):
        migrate(db)
    check_schema(db)
    with db.write() as session:
        ensure_roles(session)
        if settings.demo_users:
            ensure_demo_users(session)
        elif settings.admin_password:
            ensure_admin(session, settings.admin_password)
        if settings.plant_file is not None and not has_site(session):
            plant = load_plant_file(session, settings.plant_file)
            load_customers(session, plant.customer)
            log.info("plant_loaded", plant=plant.plant.id, file=str(settings.plant_file))


@dataclass(frozen=True, slots=True)
class Part:
    """Something that runs beside the requests; parts start in order and stop in reverse."""

    start: Callable[[], None]
    stop: Callable[[], None]


def _open(app: FastAPI, settings: Settings) -> None:
    db = Database(settings.url)
    try:
        prepare(db, settings)
    except BaseException:
        db.dispose()
        raise
    app.state.db = db


def _parts(app: FastAPI, settings: Settings, *, takes_in: bool) -> list[Part]:
    db: Database = app.state.db
    clock: PlantClock = app.state.clock
    totals = TotalsKeeper(db, clock)
    jobs = [
        Job("forget_sessions", 3600.0, lambda: _forget_sessions(db)),
        Job("token_uses", 5.0, lambda: _write_token_uses(db, app.state.token_uses)),
        Job("shift_totals", 2.0, totals.round),
        Job("oee_targets", TARGETS_S, TargetWatch(db, clock).round),
    ]
    if not takes_in:
        rounds, dispatcher = Rounds(jobs), Dispatcher(db, REACTIONS)
        parts = [Part(rounds.start, rounds.stop), Part(dispatcher.start, dispatcher.stop)]
        return [*_points_of_workers(app, settings, db), *parts]
    store = open_store(settings, db)
    ingest = IngestRuntime(settings, db, clock, store)
    app.state.store, app.state.ingest = store, ingest
    sender = CommandSender(ingest, clock)
    commands = Consumer("commands", gateway_events.HEARD, sender.handle, sender.committed)
    rounds = Rounds([*jobs, Job("settle_commands", 1.0, lambda: _settle_commands(db, ingest, clock))])
    dispatcher = Dispatcher(db, (commands, *REACTIONS))
    upkeep = upkeep_of(settings, store, clock)
    app.state.upkeep = upkeep
    # Ingest stops first and derives what it has committed, then the dispatcher, then the stores close.
    return [
        Part(lambda: None, store.close),
        *_backup_desk(settings, db, store),
        Part(upkeep.start, upkeep.stop),
        Part(rounds.start, rounds.stop),
        Part(dispatcher.start, dispatcher.stop),
        Part(ingest.start, ingest.stop),
    ]


def _points_of_workers(app: FastAPI, settings: Settings, db: Database) -> list[Part]:
    """A store on a server that workers fill is read here; a file of DuckDB is open to its worker alone."""
    if settings.ingest != "workers" or settings.store == "duckdb":
        return []
    store = open_store(settings, db)
    app.state.store = store
    return [Part(lambda: None, store.close)]


def _backup_desk(settings: Settings, db: Database, store: Store) -> list[Part]:
    if not isinstance(store, DuckDBStore):  # other stores are backed up by their own servers
        return []
    desk = BackupDesk(settings.data, db, store)
    return [Part(desk.start, desk.stop)]


def _settle_commands(db: Database, ingest: IngestRuntime, clock: PlantClock) -> None:
    with db.read() as session:  # mostly nobody waits, and then no writer's turn is taken
        if not gateway_actions.is_waiting(session):
            return
    with db.write() as session:
        gateway_actions.settle(session, ingest, clock)


def _forget_sessions(db: Database) -> None:
    with db.write() as session:
        forget_expired_sessions(session)


def _write_token_uses(db: Database, uses: TokenUses) -> None:
    used, refused = uses.taken()
    if used or refused:  # mostly no program reads, and then no writer's turn is taken
        with db.write() as session:
            write_token_uses(session, used, refused)


def _serve_ui(app: FastAPI, folder: Path) -> None:
    if not (folder / "index.html").is_file():
        raise FileNotFoundError(
            f"TAKTLINE_UI_DIR = {str(folder)!r}: no index.html there. Build the web app first."
        )
    app.add_api_route(f"{API}/{{rest:path}}", no_such_call, methods=["GET"], include_in_schema=False)
    app.add_route("/docs", show_reference)
    # A page that reads /orders/SO-1 is the app's own route: unknown paths get index.html.
    app.frontend("/", directory=folder, fallback="index.html")


class AnswerHeaders:
    """Middleware: what browsers may do with an answer, and how long they may keep it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Nothing comes back; the answer goes out with the headers it did not set itself."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        added = [*HEADERS, (b"cache-control", _cache(scope["path"]))]

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers: list[Any] = message.setdefault("headers", [])
                there = {name for name, _ in headers}
                headers.extend(header for header in added if header[0] not in there)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _cache(path: str) -> bytes:
    if path.startswith("/api/"):
        return b"no-store"
    # The build puts a hash of the content into the names under /assets.
    return b"public, max-age=31536000, immutable" if path.startswith("/assets/") else b"no-cache"
