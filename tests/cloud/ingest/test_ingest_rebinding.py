"""A tag that means something else: facts follow, and with them all that was concluded from them."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from cloud.app import REACTIONS, create_app
from cloud.customers.actions import load_customers
from cloud.db import Database, migrate
from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.access import User
from cloud.identity.actions import DEMO_PASSWORD
from cloud.identity.tables import AuditEntry
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.derive import Deriver
from cloud.ingest.rows import CommitRows, TagBook, meanings_of
from cloud.ingest.tables import SignalFact
from cloud.maintenance.tables import ConditionBlock
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.orders.tables import OrderLine
from cloud.outbox import OutboxEvent, dispatch
from cloud.plant.actions import change_binding, end_binding, load_plant_file
from cloud.plant.queries import binding_versions, versions_of
from cloud.plant.schemas import BindingEnd, BindingIn, iso
from cloud.plant.tables import SignalBinding
from cloud.production.actions import release_work_order
from cloud.production.schemas import WorkOrderIn
from cloud.production.tables import JobSeen, Operation, PartCount, TagRead, Unit
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import BatchRow, StreamKey
from models.reliability.features import BLOCK_MS
from wire.session_events import Point
from wire.sparkplug import Value

pytestmark = pytest.mark.slow

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
T0 = 1_772_438_400_000 // BLOCK_MS * BLOCK_MS
NODE, LAST, OTHER, READER = "suzhou/gw-l1", "L1-OP40", "L1-OP10", "L1-RFID"
STREAM = "a" * 32
CODES = {"1": "running", "2": "setup", "5": "jammed", "6": "breakdown"}
ADMIN = User(1, "admin", "Admin", "admin", frozenset({"plant.write"}))
CONCLUDED = (PartCount, JobSeen, TagRead, Unit, Operation, OrderLine, ConditionBlock)
SAID = ("kind", "source", "stream", "position", "ord", "ts_ms", "value", "text", "quality")


def tag(role: str, device: str = LAST) -> str:
    return f"{NODE}/{device}/{role}"


class Floor:
    """A plant whose points stand in a store; its tags may be given other meanings at any time."""

    def __init__(self, db: Database, folder: Path) -> None:
        self.db = db
        self.store = DuckDBStore(folder / "points.duckdb")
        self.bad_input = BadInputLog()
        self.book = TagBook()
        self.position = 0
        self.deriver = Deriver(db, self.store, self.versions, self.bad_input)
        with db.write() as session:
            load_customers(session, load_plant_file(session, PLANT_FILE).customer)
            line = OrderLineIn(line=1, product="BD-280", quantity=Decimal(5), due="2026-03-04T08:00:00Z")
            enter_order(session, OrderIn(number="SO-1", customer="ningbo-axle", lines=[line]), "test", T0)
            wanted = WorkOrderIn(number=5001, order="SO-1", line=1, quantity=Decimal(5))
            release_work_order(session, wanted, "test", T0)
        self.settle()

    def versions(self) -> Any:
        with self.db.read() as session:
            return binding_versions(session)

    def settle(self) -> None:
        """What ingestion does when bindings changed, then facts, then what is concluded from them."""
        meanings = meanings_of(self.versions())
        self.store.rebind(meanings)
        self.book.bind(meanings)
        while self.deriver.step():
            pass
        while dispatch(self.db, REACTIONS):
            pass

    def write(self, device: str, *points: tuple[str, float, Value]) -> None:
        """One batch of a device: role, seconds after T0, value."""
        rows = CommitRows(self.book, self.bad_input)
        self.position += 1
        batch = BatchRow(STREAM, self.position, NODE, 1, 1)
        read = [Point(role, T0 + round(at * 1000), value, 192, None, None) for role, at, value in points]
        rows.add(batch, f"{NODE}/{device}/", read, T0 + 3_600_000)
        commit = rows.renew()
        commit.watermarks[StreamKey(NODE, STREAM)] = self.position
        self.store.append(commit)

    def version(self, name: str) -> int:
        with self.db.read() as session:
            found = versions_of(session, name)
            return found[0].version if found else 0

    def bind(self, name: str, role: str, machine: str | None = LAST, **more: Any) -> None:
        wanted = BindingIn(tag=name, role=role, machine=machine, replaces=self.version(name), **more)
        with self.db.write() as session:
            change_binding(session, wanted, ADMIN)
        self.settle()

    def end(self, name: str, since_ms: int | None = None) -> None:
        since = None if since_ms is None else iso(since_ms)
        with self.db.write() as session:
            wanted = BindingEnd(tag=name, valid_from=since, replaces=self.version(name))
            end_binding(session, wanted, ADMIN)
        self.settle()

    def facts(self, kind: str, source: str = LAST) -> list[tuple[int, float | str | None]]:
        columns = (SignalFact.ts_ms, SignalFact.value, SignalFact.text)
        query = select(*columns).where(SignalFact.kind == kind, SignalFact.source == source)
        with self.db.read() as session:
            rows = session.execute(query.order_by(SignalFact.ts_ms, SignalFact.id)).all()
        return [((row.ts_ms - T0) // 1000, row.text or row.value) for row in rows]

    def concluded(self) -> dict[str, list[Any]]:
        """All facts and all that production and maintenance keep, to be compared with another floor."""
        with self.db.read() as session:
            found = {
                table.__tablename__: sorted(
                    (tuple(row) for row in session.execute(select(*table.__table__.columns))), key=repr
                )
                for table in CONCLUDED
            }
            columns = [getattr(SignalFact, name) for name in SAID]
            found["facts"] = sorted((tuple(row) for row in session.execute(select(*columns))), key=repr)
        return found


def produce(floor: Floor) -> None:
    """Half an hour of the last machine of line 1: states, a job, counts, tags, condition."""
    floor.write(LAST, ("state", 0, 2), ("job", 0, 500140), ("good", 0, 10), ("reject", 0, 3))
    for n in range(1, 7):
        at = n * 60.0
        floor.write(LAST, ("state", at, (1, 5, 1, 6, 1, 1)[n - 1]), ("good", at + 20, 10 + n))
        floor.write(READER, ("tag", at + 30, f"E{n}"))
    for n in range(120):
        floor.write(LAST, ("condition", 400 + n * 10.0, 2.0 + n / 1000))
    floor.write(LAST, ("reject", 900, 4), ("job", 1000, 0), ("good", 1000, 16))
    floor.settle()


@pytest.fixture
def floor(any_db: Database, tmp_path: Path) -> Iterator[Floor]:
    made = Floor(any_db, tmp_path)
    produce(made)
    yield made
    made.store.close()


@pytest.fixture
def afresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Floor], Floor]]:
    """Make a floor that derives the same points for the first time, under the bindings of another one."""
    made: list[Floor] = []

    def make(like: Floor) -> Floor:
        folder = tmp_path_factory.mktemp("afresh")
        db = Database(f"sqlite:///{folder / 'taktline.db'}")
        migrate(db)
        fresh = Floor(db, folder)
        made.append(fresh)
        with like.db.read() as session, db.write() as written:
            for row in session.execute(select(*SignalBinding.__table__.columns[1:])).mappings():
                if row["version"] > 1 or not versions_of(written, row["tag"]):
                    written.add(SignalBinding(**row))
        produce(fresh)
        return fresh

    yield make
    for one in made:
        one.store.close()
        one.db.dispose()


def test_a_changed_code_map_changes_the_states_it_touches_alone(floor: Floor) -> None:
    assert [text for _, text in floor.facts("state")] == [
        "setup",
        "running",
        "jammed",
        "running",
        "breakdown",
        "running",
        "running",
    ]
    floor.bind(tag("state"), "state", code_map=CODES | {"6": "jammed"})
    assert [text for _, text in floor.facts("state")][4] == "jammed"


def test_only_what_changed_is_announced(floor: Floor) -> None:
    wanted = BindingIn(
        tag=tag("state"), role="state", machine=LAST, code_map=CODES | {"6": "jammed"}, replaces=1
    )
    with floor.db.write() as session:
        change_binding(session, wanted, ADMIN)
    floor.store.rebind(meanings_of(floor.versions()))
    while floor.deriver.step():
        pass
    with floor.db.read() as session:
        events = [(e.kind, e.payload) for e in session.scalars(select(OutboxEvent).order_by(OutboxEvent.id))]
    window = {"windows": {LAST: [T0 + 240_000, T0 + 240_001]}}
    assert events == [("StateChanged", window), ("StateChanged", window | {"superseded": True})]


def test_a_state_that_becomes_a_counter_is_counted(floor: Floor) -> None:
    floor.end(tag("reject"))
    floor.bind(tag("state"), "reject")
    assert floor.facts("state") == []
    assert [value for _, value in floor.facts("reject")] == [2, 1, 5, 1, 6, 1, 1]


def test_an_ended_counter_takes_its_parts_and_units_along(floor: Floor) -> None:
    with floor.db.read() as session:
        assert session.get_one(Operation, 500140).good == 6
        assert session.scalar(select(func.count()).select_from(Unit)) == 6
    floor.end(tag("good"))
    with floor.db.read() as session:
        assert session.get_one(Operation, 500140).good == 0
        assert session.scalar(select(func.count()).select_from(Unit)) == 0
        assert session.scalars(select(OrderLine.good_quantity)).one() == 0
    floor.bind(tag("good"), "good")
    with floor.db.read() as session:
        assert session.get_one(Operation, 500140).good == 6


def test_a_meaning_holds_from_its_time_on(floor: Floor) -> None:
    codes = CODES | {"1": "idle"}
    floor.bind(tag("state"), "state", code_map=codes, valid_from=iso(T0 + 200_000))
    assert [text for _, text in floor.facts("state")] == [
        "setup",
        "running",
        "jammed",
        "running",
        "breakdown",
        "idle",
        "idle",
    ]
    floor.write(LAST, ("state", 150, 1), ("state", 2000, 1))  # one comes late, one is new
    floor.settle()
    assert dict(floor.facts("state"))[150] == "running"
    assert dict(floor.facts("state"))[2000] == "idle"
    floor.end(tag("state"), since_ms=T0 + 300_000)
    assert [at for at, _ in floor.facts("state")] == [0, 60, 120, 150, 180, 240]


def test_a_machine_moved_to_other_tags_keeps_its_past(floor: Floor) -> None:
    floor.end(tag("good"), since_ms=T0 + 1_100_000)
    floor.bind("suzhou/gw-new/press/strokes", "good", valid_from=iso(T0 + 1_100_000))
    assert len(floor.facts("good")) == 8
    with pytest.raises(Conflict, match="end that binding first"):
        floor.bind("suzhou/gw-new/press/strokes2", "good", valid_from=iso(T0 + 1_000_000))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_series_of_changes_ends_where_the_last_meaning_alone_would(
    floor: Floor, afresh: Callable[[Floor], Floor], seed: int
) -> None:
    dice = Random(seed)
    names = [tag(role) for role in ("state", "job", "good", "reject", "condition")] + [tag("tag", READER)]
    for _ in range(8):
        name = dice.choice(names)
        role = name.rsplit("/", 1)[1]
        try:
            if dice.random() < 0.4:
                since = dice.choice([None, T0 + 130_000, T0 + 700_000])
                floor.end(name, since_ms=since)
            elif role == "tag":
                floor.bind(name, "tag", machine=None, reader=dice.choice([READER, "L2-RFID"]))
            else:
                meant = dice.choice([role, dice.choice(["good", "reject", "condition", "job"])])
                codes = dice.choice([CODES, CODES | {"5": "setup"}]) if meant == "state" else None
                floor.bind(name, meant, dice.choice([LAST, LAST, OTHER]), code_map=codes)
        except (Conflict, NotFound):  # the role is taken, or nothing is bound: that is tested elsewhere
            continue
    assert floor.concluded() == afresh(floor).concluded()


def test_nonsense_is_refused_naming_what_is_accepted(floor: Floor) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"tag": "good", "role": "good", "machine": LAST}, "group/node/device/metric"),
        ({"tag": "a/b/c/d", "role": "speed", "machine": LAST}, "one of state, reason, job"),
        ({"tag": "a/b/c/d", "role": "good"}, "either a machine or a reader"),
        ({"tag": "a/b/c/d", "role": "state", "machine": LAST}, "1 to 200 codes"),
        ({"tag": "a/b/c/d", "role": "state", "machine": LAST, "code_map": {"x": "running"}}, "whole number"),
        ({"tag": "a/b/c/d", "role": "state", "machine": LAST, "code_map": {"1": "melts"}}, "one of running"),
        ({"tag": "a/b/c/d", "role": "reason", "machine": LAST, "code_map": {"1": "melts"}}, "loss category"),
        ({"tag": "a/b/c/d", "role": "run_s", "machine": LAST, "code_map": {"1": "idle"}}, "only a state"),
        ({"tag": tag("observed_since"), "role": "run_s", "machine": LAST, "replaces": 1}, "stays watched"),
    ]
    with floor.db.write() as session:
        for asked, message in wrong:
            with pytest.raises(Invalid, match=message):
                change_binding(session, BindingIn(**asked), ADMIN)
        with pytest.raises(NotFound):
            change_binding(session, BindingIn(tag="a/b/c/d", role="run_s", machine="nobody"), ADMIN)
        with pytest.raises(Conflict):
            change_binding(session, BindingIn(tag=tag("good"), role="good", machine=LAST), ADMIN)


def test_bindings_are_changed_over_http_by_those_who_may(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, plant_file=PLANT_FILE, demo_users=True)
    app = create_app(settings, takes_in=False)
    with TestClient(app, base_url="https://test/api/v1") as client:
        login = {"username": "operator", "password": DEMO_PASSWORD}
        client.post("/session", json=login)
        asked = {"tag": tag("state"), "role": "state", "machine": LAST, "code_map": CODES, "replaces": 1}
        assert client.put("/bindings", json=asked).status_code == 403
        client.post("/session", json=login | {"username": "admin"})
        changed = client.put("/bindings", json=asked | {"valid_from": "2026-03-02T08:00:00Z"})
        assert (changed.status_code, changed.json()["version"]) == (200, 2)
        assert client.put("/bindings", json=asked).json()["code"] == "binding_changed"
        listed = {row["tag"]: row for row in client.get("/bindings").json()}
        assert listed[tag("state")]["code_map"] == CODES
        assert listed[tag("state")]["valid_from"] == "2026-03-02T08:00:00.000Z"
        ended = client.post("/bindings/end", json={"tag": tag("state"), "replaces": 2})
        assert (ended.status_code, ended.json()["retired"]) == (200, True)
        assert tag("state") not in {row["tag"] for row in client.get("/bindings").json()}
        versions = client.get("/bindings/versions", params={"tag": tag("state")}).json()
        assert [row["version"] for row in versions] == [3, 2, 1]
        with app.state.db.read() as session:
            actions = session.scalars(select(AuditEntry.action).where(AuditEntry.username == "admin")).all()
        assert [action for action in actions if action.startswith("bindings")] == [
            "bindings.change",
            "bindings.end",
        ]
