"""The databases that stores of points are tested on: real engines, one empty database per test."""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines import ClickHouse, Opener, ledger_database
from influxdb_client.client.influxdb_client import InfluxDBClient

from cloud.db import Database
from cloud.timeseries.clickhouse import ClickHousePoints
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.influx import InfluxPoints
from cloud.timeseries.ledger_store import LedgerStore
from cloud.timeseries.store import Commit, Committed, Store

REAL_MS = 777


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    server = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    yield server
    server.kill()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Database]:
    db = ledger_database(f"sqlite:///{tmp_path / 'ledger.db'}")
    yield db
    db.dispose()


@pytest.fixture
def ledger_on_postgresql(postgres_url: str) -> Iterator[Database]:
    db = ledger_database(postgres_url)
    yield db
    db.dispose()


@pytest.fixture
def open_duckdb(tmp_path: Path) -> Opener:
    return lambda: DuckDBStore(tmp_path / "points.duckdb", real_ms=lambda: REAL_MS)


class CompactedSoon(DuckDBStore):
    """A DuckDB store whose hours close at one of three commits: readers meet months and late points."""

    def append(self, commit: Commit) -> Committed:
        done = super().append(commit)
        while done.commit_no % 3 == 2 and self.compact(1 << 50).waiting:
            pass
        return done


@pytest.fixture
def open_duckdb_compacted(tmp_path: Path) -> Opener:
    return lambda: CompactedSoon(tmp_path / "points.duckdb", real_ms=lambda: REAL_MS)


@pytest.fixture
def open_clickhouse(clickhouse: ClickHouse, ledger: Database) -> Opener:
    url = clickhouse.new_database()
    return lambda: LedgerStore(ClickHousePoints(url), ledger, real_ms=lambda: REAL_MS)


@pytest.fixture
def open_clickhouse_on_postgresql(clickhouse: ClickHouse, ledger_on_postgresql: Database) -> Opener:
    url = clickhouse.new_database()
    return lambda: LedgerStore(ClickHousePoints(url), ledger_on_postgresql, real_ms=lambda: REAL_MS)


@pytest.fixture
def open_influxdb(ledger: Database) -> Iterator[Opener]:
    """A store on the real server that INFLUXDB_URL names, in a bucket of its own."""
    url, org, token = (os.environ[name] for name in ("INFLUXDB_URL", "INFLUXDB_ORG", "INFLUXDB_TOKEN"))
    bucket = f"t{uuid.uuid4().hex}"
    client = InfluxDBClient(url=url, token=token, org=org)
    made = client.buckets_api().create_bucket(bucket_name=bucket, org=org)
    yield lambda: LedgerStore(InfluxPoints(url, org, bucket, token), ledger, real_ms=lambda: REAL_MS)
    client.buckets_api().delete_bucket(made)
    client.close()


STORES = [
    "duckdb",
    "duckdb_compacted",
    "clickhouse",
    pytest.param("clickhouse_on_postgresql", marks=pytest.mark.slow),
    # No InfluxDB 2 can be installed from a package registry: where there is one, INFLUXDB_URL, INFLUXDB_ORG
    # and INFLUXDB_TOKEN name it.
    *(["influxdb"] if os.environ.get("INFLUXDB_URL") else []),
]


@pytest.fixture(params=STORES)
def reopen(request: pytest.FixtureRequest) -> Iterator[Opener]:
    """Open the same store again and again; the one before is closed."""
    opened: list[Store] = []
    open_store: Opener = request.getfixturevalue(f"open_{request.param}")

    def again() -> Store:
        for store in opened:
            store.close()
        opened.append(open_store())
        return opened[-1]

    yield again
    for store in opened:
        store.close()
