"""The server reads what workers store on a server of their own; the files of DuckDB it cannot open."""

from pathlib import Path

import pytest
from engines import ClickHouse
from fastapi.testclient import TestClient

from cloud.app import API, create_app
from cloud.db import Database
from cloud.identity.actions import DEMO_PASSWORD
from cloud.settings import Settings
from cloud.timeseries.clickhouse import ClickHousePoints
from cloud.timeseries.ledger_store import LedgerStore
from cloud.timeseries.store import GOOD, BatchColumns, BatchRow, Commit, StreamKey

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
TAG, STREAM = "suzhou/gw-l1/L1-OP10/condition", "d" * 32


def reading(ts_ms: int) -> Commit:
    commit = Commit(tags=[TAG], batches=BatchColumns([BatchRow(STREAM, 1, "suzhou/gw-l1", ts_ms, ts_ms)]))
    commit.watermarks[StreamKey("suzhou/gw-l1", STREAM)] = 1
    points = commit.points
    points.batch, points.ord, points.tag = [0], [0], [0]
    points.ts_ms, points.value, points.quality = [ts_ms], [4.5], [GOOD]
    return commit


@pytest.mark.slow
def test_history_of_a_shared_store_is_read_by_a_server_that_takes_nothing_in(
    clickhouse: ClickHouse, tmp_path: Path
) -> None:
    url = clickhouse.new_database()
    settings = Settings(
        data=tmp_path,
        plant_file=PLANT_FILE,
        demo_users=True,
        ingest="workers",
        store="clickhouse",
        clickhouse_url=url,
    )
    login = {"username": "operator", "password": DEMO_PASSWORD}
    with TestClient(create_app(settings, takes_in=False), base_url=f"https://test{API}") as client:
        db = Database(settings.url)
        worker = LedgerStore(ClickHousePoints(url), db)
        worker.append(reading(1_772_409_600_000))
        assert client.post("/session", json=login).is_success
        (found,) = client.get("/history/tags", params={"q": "condition"}).json()["items"]
        assert (found["tag"], found["value"]) == (TAG, 4.5)
        worker.close()
        db.dispose()


def test_without_a_shared_store_the_server_says_that_it_has_no_points(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, plant_file=PLANT_FILE, demo_users=True, ingest="workers")
    login = {"username": "operator", "password": DEMO_PASSWORD}
    with TestClient(create_app(settings, takes_in=False), base_url=f"https://test{API}") as client:
        assert client.post("/session", json=login).is_success
        answer = client.get("/history/tags")
        assert (answer.status_code, answer.json()["code"]) == (503, "left_to_workers")
