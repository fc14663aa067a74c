"""Workers on PostgreSQL share the groups; killing one hands its groups over: nothing lost or doubled."""

import json
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from edge_player import TYPES, wait_for
from engines import ClickHouse
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from cloud.app import prepare
from cloud.db import Database, check_schema
from cloud.ingest.claims import Claim, Fenced, claim
from cloud.ingest.tables import IngestClaim, SignalFact
from cloud.settings import Settings, SettingsWrong
from cloud.timeseries.clickhouse import ClickHousePoints
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.ledger import Ledger
from cloud.timeseries.ledger_store import LedgerStore
from cloud.timeseries.store import GOOD, AuditRow, BatchColumns, BatchRow, Commit, Store, StreamKey
from cloud.worker import Worker, groups_of, points_file
from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.spool_reader import read_all_points
from edge.uplink import Uplink
from taktline.judge import compare_points
from taktline.programs import Program
from wire.clock import REAL_TIME, real_ms

pytestmark = [pytest.mark.slow, pytest.mark.timeout(360)]

PLANT = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
GROUPS = ("suzhou", "east", "west")  # the first is the demo plant's, whose signals have a meaning
MACHINE = "L1-OP10"
TAGS = {name: TYPES[name] for name in ("good", "condition")}


@pytest.fixture
def pg(postgres_url: str, tmp_path: Path) -> Iterator[Database]:
    """A migrated PostgreSQL database with the demo plant."""
    db = Database(postgres_url)
    prepare(db, Settings(data=tmp_path, plant_file=PLANT))
    check_schema(db)
    yield db
    db.dispose()


def claimed_after_release(db: Database, group: str) -> Claim:
    """The claim of a group that was let go just now: PostgreSQL frees it a moment after the connection."""
    found: list[Claim] = []

    def is_claimed() -> bool:
        found.extend(mine for mine in (claim(db, group),) if mine is not None)
        return bool(found)

    wait_for(is_claimed, f"{group} is free")
    return found[0]


def test_a_group_has_one_holder_and_each_claim_a_higher_number(pg: Database) -> None:
    first, other = claim(pg, "east"), claim(pg, "west")
    assert first is not None
    assert other is not None
    assert claim(pg, "east") is None
    first.check()
    first.release()
    assert not first.is_held()
    second = claimed_after_release(pg, "east")
    assert second.is_held()
    assert second.fence == first.fence + 1
    with pytest.raises(Fenced, match="claim 1 was followed by claim 2"):
        first.check()
    second.release()
    other.release()


def test_who_was_followed_moves_no_watermark_in_a_shared_ledger(pg: Database) -> None:
    old = claim(pg, "east")
    assert old is not None
    ledger = Ledger(pg, real_ms, old.check_in)
    commit = Commit(watermarks={StreamKey("east/gw", "ab" * 16): 1})
    ledger.record(commit, [], seen=1, tags=())
    old.release()
    new = claimed_after_release(pg, "east")
    commit.watermarks[StreamKey("east/gw", "ab" * 16)] = 2
    with pytest.raises(Fenced):
        ledger.record(commit, [], seen=2, tags=())
    Ledger(pg, real_ms, new.check_in).record(commit, [], seen=2, tags=())
    new.release()


def test_a_worker_without_groups_or_postgresql_says_what_it_needs(db: Database, tmp_path: Path) -> None:
    with pytest.raises(SettingsWrong, match="TAKTLINE_WORKER_GROUPS is not set"):
        groups_of(Settings(data=tmp_path))
    with pytest.raises(SettingsWrong, match="TAKTLINE_WORKER_GROUPS: "):
        groups_of(Settings(data=tmp_path, worker_groups="east,a/b"))
    assert groups_of(Settings(data=tmp_path, worker_groups=" east, west")) == ("east", "west")
    with pytest.raises(SettingsWrong, match="workers need PostgreSQL"):
        Worker(Settings(data=tmp_path, worker_groups="east"), db)


class Gateway:
    """The real spool and uplink of a group's gateway, fed with numbers as fast as it takes them."""

    def __init__(self, folder: Path, group: str, broker: int) -> None:
        specs = [DeviceSpec(MACHINE, TAGS)]
        self.path = folder / f"{group}.spool"
        self.spool = Spool(SpoolSettings(self.path, commit_s=0.05), GatewayIdentity(group, "gw-l1"), specs)
        settings = UplinkSettings(port=broker, primary_host=f"taktline-{group}")
        self.uplink = Uplink(settings, specs, self.spool, REAL_TIME)
        self.uplink.start()
        self.said = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._speak)
        self._thread.start()

    def _speak(self) -> None:
        while not self._stop.wait(0.005):
            self.said += 1
            at_ms = 1_000 + self.said * 10
            readings = (
                Reading(MACHINE, "good", at_ms, self.said),
                Reading(MACHINE, "condition", at_ms, self.said / 7),
            )
            assert self.spool.put(Scan(MACHINE, readings, (1_000, at_ms)))

    def end(self) -> None:
        """Say no more; what was said is spooled."""
        self._stop.set()
        self._thread.join()
        self.spool.flush()

    def close(self) -> None:
        self.end()
        self.uplink.stop()
        self.spool.close()


@dataclass
class Kept:
    """Where workers keep points: on `disk` by files of DuckDB, or in the database of ClickHouse at `url`."""

    disk: Path
    pg: Database
    url: str | None = None
    settings: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.settings = {"TAKTLINE_DATA": str(self.disk), "TAKTLINE_DATABASE_URL": self.pg.url}
        if self.url is not None:
            self.settings |= {"TAKTLINE_STORE": "clickhouse", "TAKTLINE_CLICKHOUSE_URL": self.url}

    def rows(self, group: str) -> list[AuditRow]:
        """What the store holds of a group."""
        store: Store
        if self.url is None:
            store = DuckDBStore(points_file(self.disk, group))
        else:
            store = LedgerStore(ClickHousePoints(self.url), self.pg)
        rows: list[AuditRow] = []
        after: int | None = 0
        while after is not None:
            page = store.audit(after, 10_000)
            rows += [row for row in page.rows if row.tag.startswith(f"{group}/")]
            after = page.next
        store.close()
        return rows


@pytest.fixture(params=["duckdb", "clickhouse"])
def kept(request: pytest.FixtureRequest, pg: Database, tmp_path: Path) -> Iterator[Kept]:
    """A store that two workers share."""
    if request.param == "duckdb":
        yield Kept(tmp_path / "shared", pg)
        return
    server = ClickHouse(tmp_path / "clickhouse")
    try:
        yield Kept(tmp_path / "shared", pg, server.new_database())
    finally:
        server.kill()


def worker(name: str, folder: Path, kept: Kept, broker: int) -> Program:
    """A worker as a program of its own."""
    settings = {
        **kept.settings,
        "TAKTLINE_MQTT_PORT": str(broker),
        "TAKTLINE_WORKER_GROUPS": ",".join(GROUPS),
    }
    return Program(
        name, [sys.executable, "-m", "taktline", "cloud", "worker"], settings, folder / f"{name}.log"
    )


def metrics_url(program: Program) -> str:
    """Where a worker said that it tells its metrics."""
    told = [json.loads(line) for line in program.log.read_text().splitlines() if line.startswith("{")]
    return str(next(line["metrics"] for line in told if line["event"] == "worker_serving"))


def scraped(program: Program) -> dict[tuple[str, str], float]:
    """The metrics of a worker that name no more than a group."""
    answer = httpx.get(metrics_url(program), timeout=30).raise_for_status()
    return {
        (sample.name, sample.labels.get("group", "")): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if set(sample.labels) <= {"group"}
    }


def holders(pg: Database) -> dict[str, tuple[int, int]]:
    """Process and number of the last claim of each group."""
    with pg.read() as session:
        rows = session.scalars(select(IngestClaim)).all()
        return {row.group: (int(row.holder.rsplit(":", 1)[1]), row.fence) for row in rows}


def receipted(gateway: Gateway) -> int:
    reader = gateway.spool.reader()
    try:
        return sum(stream.receipted for stream in reader.streams())
    finally:
        reader.close()


def reading(position: int, ts_ms: int) -> Commit:
    """One value of one signal."""
    batches = BatchColumns([BatchRow("ab" * 16, position, "east/gw", ts_ms, ts_ms)])
    commit = Commit(tags=["east/gw/d/x"], batches=batches)
    commit.watermarks[StreamKey("east/gw", "ab" * 16)] = position
    points = commit.points
    points.batch.append(0)
    points.ord.append(0)
    points.tag.append(0)
    points.ts_ms.append(ts_ms)
    points.value.append(1.0)
    points.quality.append(GOOD)
    return commit


def test_a_worker_closes_the_hours_of_its_groups_and_drops_what_is_too_old(
    broker: int, pg: Database, tmp_path: Path
) -> None:
    file = points_file(tmp_path, "east")
    file.parent.mkdir(parents=True)
    store = DuckDBStore(file)
    for position, hours_ago in ((1, 24 * 100), (2, 3)):
        store.append(reading(position, real_ms() - hours_ago * 3_600_000))
    store.close()
    settings = Settings(
        data=tmp_path, database_url=pg.url, mqtt_port=broker, worker_groups="east", keep_months=1
    )
    stopping = threading.Event()
    working = threading.Thread(target=Worker(settings, pg).run, args=[stopping])
    working.start()
    try:
        months = file.parent / "points.months"
        wait_for(lambda: any(months.glob("*.duckdb")), "an hour is closed")
    finally:
        stopping.set()
        working.join()
    store = DuckDBStore(file)
    assert store.counts().points == store.holdings().closed_hours == 1
    store.close()


def assert_each_tells_of_its_groups(workers: list[Program], pid_of: dict[str, int], kept: Kept) -> None:
    """Every worker answers at its own address, loopback by default, with the groups that it holds."""
    for program in workers:
        assert metrics_url(program).startswith("http://127.0.0.1:")
        health = httpx.get(metrics_url(program).replace("/metrics", "/api/v1/health"), timeout=30)
        assert health.json() == {"status": "ok"}
        passed_on = httpx.get(metrics_url(program), headers={"x-forwarded-for": "10.0.0.9"}, timeout=30)
        assert passed_on.status_code == 401
        found, mine = scraped(program), {group for group, pid in pid_of.items() if pid == program.pid}
        for group in GROUPS:
            assert found["taktline_group_held", group] == (group in mine)
            assert found.get(("taktline_broker_connected", group)) == (1 if group in mine else None)
        of_store = {group for name, group in found if name == "taktline_points_stored_total"}
        assert of_store == (mine if kept.url is None else {""})
        assert all(found["taktline_points_stored_total", group] > 0 for group in of_store)


def test_killing_a_worker_hands_its_groups_over_without_loss(
    broker: int, pg: Database, tmp_path: Path, kept: Kept
) -> None:
    with ExitStack() as ending:
        workers = [worker(name, tmp_path, kept, broker) for name in ("one", "two")]
        for program in workers:
            ending.callback(program.kill)
            program.start()
        gateways = {group: Gateway(tmp_path, group, broker) for group in GROUPS}
        for gateway in gateways.values():
            ending.callback(gateway.close)
        wait_for(lambda: len(holders(pg)) == len(GROUPS), "every group is claimed", 120)
        before = holders(pg)
        by_pid = Counter(pid for pid, _ in before.values())
        assert len(by_pid) == 2, "one worker took everything"
        wait_for(lambda: all(receipted(gateway) for gateway in gateways.values()), "all are receipted", 60)
        victim = next(program for program in workers if program.pid == by_pid.most_common(1)[0][0])
        lost = {group for group, (pid, _) in before.items() if pid == victim.pid}
        assert_each_tells_of_its_groups(workers, {group: pid for group, (pid, _) in before.items()}, kept)
        victim.kill()
        survivor = next(program for program in workers if program.alive)
        wait_for(lambda: {pid for pid, _ in holders(pg).values()} == {survivor.pid}, "it took them over", 60)
        assert {group: fence for group, (_, fence) in holders(pg).items()} == {
            group: fence + (group in lost) for group, (_, fence) in before.items()
        }
        said = {group: gateway.said for group, gateway in gateways.items()}
        wait_for(lambda: all(g.said > said[group] + 100 for group, g in gateways.items()), "more is said")
        for gateway in gateways.values():
            gateway.end()
            wait_for(lambda at=gateway: at.uplink.drain(1.0), "everything is receipted", 60)
        assert survivor.stop(30), survivor.tail()
    for group, gateway in gateways.items():
        verdict = compare_points(read_all_points(gateway.path), kept.rows(group))
        assert verdict.damage == [], group
        assert verdict.report["stored"] > 300
    with pg.read() as session:
        goods = list(session.scalars(select(SignalFact.value).where(SignalFact.kind == "good")))
    assert sorted(goods) == [float(n) for n in range(1, gateways["suzhou"].said + 1)]
