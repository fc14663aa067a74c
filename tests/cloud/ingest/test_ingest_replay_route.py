"""A request that has a payload read again does not keep the ledger from writing what it waits for."""

import threading
from concurrent.futures import Future
from pathlib import Path

from fastapi.testclient import TestClient

from cloud.app import API, create_app
from cloud.db import Database
from cloud.identity.actions import DEMO_PASSWORD
from cloud.ingest.arrival import Replayed
from cloud.settings import Settings
from cloud.timeseries.ledger import Ledger

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"


class Reader:
    """Reads payloads again on a thread of its own and keeps its ledger in the application's database."""

    def __init__(self) -> None:
        self.db: Database | None = None
        self.numbers: list[int] = []

    def replay(self, number: int) -> "Future[Replayed]":
        answer: Future[Replayed] = Future()
        self.numbers.append(number)
        threading.Thread(target=self._store, args=(answer,)).start()
        return answer

    def _store(self, answer: "Future[Replayed]") -> None:
        assert self.db is not None
        Ledger(self.db, lambda: 0).raise_generation()
        answer.set_result(Replayed("stored", points=3))


def test_a_payload_is_replayed_into_a_store_whose_ledger_is_in_the_same_database(tmp_path: Path) -> None:
    reader = Reader()
    app = create_app(Settings(data=tmp_path, plant_file=PLANT_FILE, demo_users=True), takes_in=False)
    app.state.ingest = reader
    with TestClient(app, base_url=f"https://test{API}") as client:
        reader.db = app.state.db
        assert client.post("/session", json={"username": "admin", "password": DEMO_PASSWORD}).is_success
        done = client.post("/system/quarantine/7/replay")
        again = client.post("/system/quarantine/7/replay")
    said = done.json()
    assert done.status_code == 200, said
    assert (said["outcome"], said["points"], said["by"]) == ("stored", 3, "admin")
    assert (again.status_code, again.json()["code"]) == (409, "replayed_before")
    assert reader.numbers == [7]
