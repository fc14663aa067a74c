from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from downtime_floor import MINUTE, NOW, START_MS, STATES, M, tell
from fastapi.testclient import TestClient

from cloud.app import create_app
from cloud.db import Database
from cloud.identity import access, actions
from cloud.ingest.tables import Coverage
from cloud.settings import Settings
from wire.clock import PlantClock


@pytest.fixture
def people(plant_db: Database, tmp_path: Path) -> Callable[[str], TestClient]:
    """A function that logs somebody of a role in to an application at 14:00 of the demo's first day."""
    tell(plant_db, [("state", minute, state) for minute, state in STATES])
    with plant_db.write() as session:
        session.add(Coverage(source=M, since_ms=START_MS, through_ms=START_MS + 360 * MINUTE))
        actions.ensure_roles(session)
    clock = PlantClock(NOW, datetime.now(UTC) + timedelta(days=1), 60)
    app = create_app(Settings(data=tmp_path, clock=str(clock)), takes_in=False)
    app.state.db = plant_db

    def log_in(role: str) -> TestClient:
        with plant_db.write() as session:
            user = actions.add_user(session, role, role, role, "a-long-password")
            token = actions.open_session(session, user)
        return TestClient(app, cookies={access.COOKIE: token}, raise_server_exceptions=False)

    return log_in
