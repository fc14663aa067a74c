"""What a worker tells over HTTP: its metrics, and that it answers."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import anyio
import structlog
import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from cloud.db import READING_REQUESTS, Database
from cloud.errors import install_problem_answers
from cloud.identity.access import LoginLimit, TokenUses, User
from cloud.identity.actions import write_token_uses
from cloud.ingest.ingest_state import IngestState
from cloud.ingest.metrics import MayScrape, exposition
from cloud.jobs import Job, Rounds
from cloud.listening import listen
from cloud.settings import Settings

log = structlog.get_logger("cloud.worker")


@dataclass(frozen=True, slots=True)
class WorkerState:
    """What a worker does now: whether it holds each of its groups, the state of those that it takes in."""

    claims: dict[str, bool]
    states: dict[str, IngestState]


class MetricsServer:
    """Answers `/metrics` and `/api/v1/health` in a thread of its own, by the rules of the server's.

    Parameters
    ----------
    settings
        With `worker_http_host` and `worker_http_port`.
    db
        Says whose session or token a request from elsewhere bears.
    state
        Gives the worker's state, from any thread.

    Raises
    ------
    SettingsWrong
        When the address cannot be taken.
    """

    def __init__(self, settings: Settings, db: Database, state: Callable[[], WorkerState]) -> None:
        self._listening = listen(
            "TAKTLINE_WORKER_HTTP_HOST:PORT", settings.worker_http_host, settings.worker_http_port
        )
        uses = TokenUses()
        self._rounds = Rounds([Job("token_uses", 5.0, lambda: _write_token_uses(db, uses))])
        app = _app((db, uses), state, is_shared=settings.store != "duckdb")
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=2
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=[[self._listening]], name="worker-metrics", daemon=True
        )

    @property
    def url(self) -> str:
        """The address it listens at."""
        host, port = self._listening.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Nothing comes back; requests are answered from now on."""
        log.info("worker_serving", metrics=f"{self.url}/metrics")
        self._thread.start()
        self._rounds.start()

    def stop(self) -> None:
        """Nothing comes back; the address is free again."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join()
            self._rounds.stop()
        self._listening.close()


def _write_token_uses(db: Database, uses: TokenUses) -> None:
    used, refused = uses.taken()
    if used or refused:
        with db.write() as session:
            write_token_uses(session, used, refused)


def _app(access: tuple[Database, TokenUses], state: Callable[[], WorkerState], *, is_shared: bool) -> FastAPI:
    app = FastAPI(title="Taktline worker", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.db, app.state.token_uses = access
    app.state.reading_turns = anyio.Semaphore(READING_REQUESTS)
    app.state.token_limit = LoginLimit()
    install_problem_answers(app)

    @app.get("/metrics")
    def show_metrics(
        _request: Request, _user: Annotated[User | None, Depends(MayScrape("system.read"))]
    ) -> Response:
        now = state()
        told = exposition(now.states, is_shared=is_shared, claims=now.claims)
        return Response(told, media_type=CONTENT_TYPE_LATEST)

    @app.get("/api/v1/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app
