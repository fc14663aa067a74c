"""Signals that were renamed, moved or retyped, and replaced gateways, keep history, bindings and facts."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from cloud.app import API, create_app
from cloud.customers.actions import load_customers
from cloud.db import Database
from cloud.errors import Conflict
from cloud.history import actions
from cloud.history.queries import joins
from cloud.history.schemas import TagMappingIn
from cloud.identity.access import User
from cloud.identity.actions import DEMO_PASSWORD
from cloud.identity.tables import AuditEntry
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.derive import Deriver
from cloud.ingest.rows import CommitRows, TagBook, meanings_of
from cloud.ingest.tables import SignalFact
from cloud.plant.actions import load_plant_file
from cloud.plant.queries import binding_versions, bindings
from cloud.plant.schemas import iso
from cloud.settings import Settings
from cloud.timeseries.continued import Continued
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import GOOD, BatchRow, Store, StreamKey
from wire.session_events import Point
from wire.sparkplug import Value

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
T0 = 1_772_409_600_000  # 2026-03-02T00:00:00Z
JOIN = T0 + 100_000
OLD, NEW, MACHINE = "suzhou/gw-l1", "suzhou/gw-9", "L1-OP10"
MANAGER = User(2, "manager", "Manager", "manager", frozenset({"tags.map"}))
Said = tuple[str, int, Value]


class Writer:
    """Writes what gateways tell as ingestion does, and derives facts from it."""

    def __init__(self, db: Database, store: Store) -> None:
        self.db, self.store = db, store
        self._book, self._bad = TagBook(), BadInputLog()
        self._positions: dict[str, int] = {}
        self._deriver = Deriver(db, store, self._versions, self._bad)

    def _versions(self) -> Any:
        with self.db.read() as session:
            return binding_versions(session)

    def say(self, node: str, device: str, *said: Said) -> None:
        """One batch of a device: metric, seconds after T0, value."""
        rows = CommitRows(self._book, self._bad)
        stream = node.encode().hex().ljust(32, "0")[:32]
        position = self._positions[node] = self._positions.get(node, 0) + 1
        points = [Point(metric, T0 + 1000 * at, value, GOOD, None, None) for metric, at, value in said]
        rows.add(BatchRow(stream, position, node, 1, 1), f"{node}/{device}/", points, T0 + 10_000_000)
        commit = rows.renew()
        commit.watermarks[StreamKey(node, stream)] = position
        self.store.append(commit)

    def facts(self, kind: str) -> list[tuple[int, float | str | None]]:
        """What is known of the machine after ingestion has read the bindings: seconds after T0, value."""
        meanings = meanings_of(self._versions())
        self.store.rebind(meanings)
        self._book.bind(meanings)
        while self._deriver.step():
            pass
        columns = (SignalFact.ts_ms, SignalFact.value, SignalFact.text)
        query = select(*columns).where(SignalFact.kind == kind, SignalFact.source == MACHINE)
        with self.db.read() as session:
            rows = session.execute(query.order_by(SignalFact.ts_ms)).all()
        return [((row.ts_ms - T0) // 1000, row.text or row.value) for row in rows]


def replaced(writer: Writer) -> None:
    """A gateway is tried in its box, replaces another one at 100 s; the old one says a last word after."""
    told = [("state", 10, 1), ("good", 20, 5), ("good", 90, 9), ("x", 50, 1.0)]
    writer.say(OLD, MACHINE, *told, ("observed_since", 90, T0))
    writer.say(NEW, MACHINE, ("good", 60, 777), ("good", 110, 11), ("state", 150, 6), ("x", 150, 3.0))
    writer.say(OLD, MACHINE, ("good", 120, 888))


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(Settings(data=tmp_path, plant_file=PLANT_FILE, demo_users=True), takes_in=False)
    with TestClient(app, base_url=f"https://test{API}") as opened:
        app.state.store = DuckDBStore(tmp_path / "points.duckdb")
        log_in(opened, "manager")
        yield opened
        app.state.store.close()


def log_in(client: TestClient, name: str) -> None:
    assert client.post("/session", json={"username": name, "password": DEMO_PASSWORD}).is_success


def writer_of(client: TestClient) -> Writer:
    app: Any = client.app
    return Writer(app.state.db, app.state.store)


def wanted(old: str = OLD, new: str = NEW, at_ms: int = JOIN, **more: Any) -> dict[str, Any]:
    return {"old": old, "new": new, "valid_from": iso(at_ms), **more}


def values(client: TestClient, tag: str) -> list[Any]:
    window = {"tag": tag, "start": iso(T0), "end": iso(T0 + 1_000_000)}
    answer = client.get("/history/rows", params=window)
    assert answer.status_code == 200, answer.text
    return [row["value"] for row in answer.json()]


def test_a_replaced_gateway_keeps_history_bindings_and_facts_and_all_can_be_undone(
    client: TestClient,
) -> None:
    writer = writer_of(client)
    replaced(writer)
    assert writer.facts("good") == [(20, 5), (90, 9), (120, 888)]
    plan = client.post("/history/mappings/plan", json=wanted()).json()
    assert {s["old"]: s["role"] for s in plan["signals"]}[f"{OLD}/{MACHINE}/good"] == "good"
    made = client.post("/history/mappings", json=wanted(note="replaced after a lightning strike"))
    assert made.status_code == 201, made.text
    assert (made.json()["signals"], MACHINE in made.json()["machines"]) == (len(plan["signals"]), True)
    tag = f"{NEW}/{MACHINE}/good"
    assert values(client, tag) == [5.0, 9.0, 11.0]
    assert values(client, f"{NEW}/{MACHINE}/x") == [1.0, 3.0]
    assert writer.facts("good") == [(20, 5), (90, 9), (110, 11)]
    assert writer.facts("state") == [(10, "running"), (150, "breakdown")]
    bound = {row["tag"]: row for row in client.get("/bindings").json()}
    assert f"{OLD}/{MACHINE}/good" not in bound
    assert bound[tag]["valid_from"] == iso(JOIN)
    assert f"{OLD}/{MACHINE}/observed_since" in bound, "what was watched stays watched"
    found = client.get("/history/tags", params={"q": tag}).json()["items"]
    assert (found[0]["earlier"], found[0]["role"]) == ([f"{OLD}/{MACHINE}/good"], "good")
    series = client.get(
        "/history/series", params={"tag": tag, "start": iso(T0), "end": iso(T0 + 200_000)}
    ).json()["series"][0]
    assert [point["value"] for point in series["points"]] == [5.0, 9.0, 11.0]

    undone = client.post(f"/history/mappings/{made.json()['id']}/undo")
    assert (undone.status_code, undone.json()["undone_by"]) == (200, "manager")
    assert values(client, tag) == [777.0, 11.0]
    assert writer.facts("good") == [(20, 5), (90, 9), (120, 888)]
    assert writer.facts("state") == [(10, "running")]
    machine = client.get("/plant").json()["areas"][0]["lines"][0]["machines"][0]
    assert (machine["id"], machine["gateway"]) == (MACHINE, "gw-l1")
    assert client.post(f"/history/mappings/{made.json()['id']}/undo").json()["code"] == "undone_before"
    (listed,) = client.get("/history/mappings").json()
    assert (listed["old"], listed["new"], listed["undone_at"] is not None) == (OLD, NEW, True)
    with writer.db.read() as session:
        said = session.execute(select(AuditEntry.username, AuditEntry.action, AuditEntry.object)).all()
    assert [tuple(row) for row in said if row.action.startswith("tags.")] == [
        ("manager", "tags.map", "tag-mapping/1"),
        ("manager", "tags.unmap", "tag-mapping/1"),
    ]


def test_what_is_declared_of_a_counter_goes_with_it_and_comes_back(client: TestClient) -> None:
    writer_of(client).say(OLD, MACHINE, ("good", 10, 65_530), ("count", 110, 4))
    old, new = f"{OLD}/{MACHINE}/good", f"{OLD}/{MACHINE}/count"
    log_in(client, "admin")
    said = {"tag": old, "role": "good", "machine": MACHINE, "replaces": 1, "modulus": 65_536, "jitter": 2}
    assert client.put("/bindings", json=said).status_code == 200

    def declared(tag: str) -> list[tuple[int | None, int | None]]:
        rows = client.get("/bindings").json()
        return [(row["modulus"], row["jitter"]) for row in rows if row["tag"] == tag]

    made = client.post("/history/mappings", json=wanted(old, new))
    assert made.status_code == 201, made.text
    assert (declared(old), declared(new)) == ([], [(65_536, 2)])
    assert client.post(f"/history/mappings/{made.json()['id']}/undo").status_code == 200
    assert (declared(old), declared(new)) == ([(65_536, 2)], [])


def test_a_retyped_state_keeps_its_meaning_by_a_table_of_values(client: TestClient) -> None:
    writer = writer_of(client)
    old, new = f"{OLD}/{MACHINE}/state", f"{OLD}/{MACHINE}/mode"
    writer.say(OLD, MACHINE, ("state", 10, 1), ("state", 20, 6), ("mode", 110, 100), ("mode", 120, 600))
    table = {str(code): code * 100 for code in range(1, 9)}
    assert client.post("/history/mappings", json=wanted(old, new, values=table)).status_code == 201
    assert values(client, new) == [100.0, 600.0, 100.0, 600.0]
    running, broken = "running", "breakdown"
    assert writer.facts("state") == [(10, running), (20, broken), (110, running), (120, broken)]


def test_a_signal_in_another_unit_reads_in_the_new_one(client: TestClient) -> None:
    writer_of(client).say(OLD, "oven", ("temp", 10, 2120), ("temp_c", 110, 100.5))
    old, new = f"{OLD}/oven/temp", f"{OLD}/oven/temp_c"
    mapping = wanted(old, new, scale=0.05, offset=-6.0)
    assert client.post("/history/mappings", json=mapping).status_code == 201
    assert values(client, new) == [100.0, 100.5]


def test_nonsense_is_refused_with_what_is_wrong(client: TestClient) -> None:
    writer = writer_of(client)
    replaced(writer)
    writer.say(OLD, "reader", ("epc", 10, "E1"), ("n", 10, 1), ("code", 110, 7), ("m", 110, 2))
    said = f"{OLD}/reader"
    cases: list[tuple[dict[str, Any], str, str]] = [
        (wanted("suzhou", NEW), "bad_mapping", "group/gateway"),
        (wanted(OLD, f"{NEW}/{MACHINE}"), "bad_mapping", "is a gateway"),
        (wanted(f"{said}/n", f"{said}/n"), "bad_mapping", "conversion"),
        (wanted(scale=2), "bad_mapping", "signal by signal"),
        (wanted(f"{said}/n", f"{said}/m", scale=0), "bad_mapping", "all old values the same"),
        (wanted(f"{said}/epc", f"{said}/code"), "type_unreadable", "table of values"),
        (wanted(f"{said}/epc", f"{said}/code", scale=2), "bad_mapping", "tells texts"),
        (wanted(f"{said}/epc", f"{said}/code", values={"E1": 1.0, "E2": "x"}), "bad_mapping", "all texts"),
        (wanted(f"{said}/epc", f"{said}/code", values={"E1": "x"}), "type_unreadable", "code a number"),
        (wanted("suzhou/nobody", NEW), "nothing_to_map", "nobody"),
        (wanted(at_ms=T0 + 400 * 86_400_000 * 10), "bad_mapping", "not in the past"),
        (wanted() | {"valid_from": "yesterday"}, "bad_time", "ISO 8601"),
        (wanted(f"{OLD}/{MACHINE}/good", f"{said}/n", scale=2), "converted_fact", "gateway scale"),
        (wanted(f"{OLD}/{MACHINE}/good", f"{OLD}/{MACHINE}/reject"), "binding_differs", "is the good of"),
    ]
    for body, code, word in cases:
        answer = client.post("/history/mappings", json=body)
        assert (answer.json()["code"], word in answer.json()["detail"]) == (code, True), answer.text
        assert answer.status_code in {404, 409, 422}
    assert client.get("/history/mappings").json() == []
    with writer.db.read() as session:
        assert f"{OLD}/{MACHINE}/good" in bindings(session), "a refused mapping changes no binding"


def test_mappings_that_contradict_each_other_are_refused(client: TestClient) -> None:
    writer_of(client).say(OLD, "m", *((name, 10, 1.0) for name in "abcd"))
    a, b, c, d = (f"{OLD}/m/{name}" for name in "abcd")
    assert client.post("/history/mappings", json=wanted(a, b)).status_code == 201

    def code(old: str, new: str, at_ms: int) -> str | None:
        answer = client.post("/history/mappings", json=wanted(old, new, at_ms))
        return None if answer.is_success else str(answer.json()["code"])

    assert code(b, a, JOIN) == "mapping_clash", "a ring at one instant"
    assert code(a, c, JOIN + 5) == "mapping_clash", "one history goes on in two places"
    assert code(c, b, JOIN + 5) == "mapping_clash", "one signal has two histories"
    assert code(b, c, JOIN) == "mapping_clash", "it goes at the instant it came"
    assert code(b, a, JOIN + 60_000) is None, "the repaired one comes back"
    assert code(a, d, JOIN + 90_000) is None
    back = next(row["id"] for row in client.get("/history/mappings").json() if row["new"] == a)
    assert client.post(f"/history/mappings/{back}/undo").json()["code"] == "built_upon"
    assert values(client, d) == [1.0]


def test_only_admins_and_managers_map(client: TestClient) -> None:
    log_in(client, "planner")
    assert client.post("/history/mappings", json=wanted()).status_code == 403
    assert client.post("/history/mappings/1/undo").status_code == 403
    assert client.get("/history/mappings").json() == []
    log_in(client, "admin")
    assert client.post("/history/mappings/1/undo").json()["code"] == "no_such_mapping"


def test_a_mapping_holds_on_both_databases(any_db: Database, tmp_path: Path) -> None:
    store = DuckDBStore(tmp_path / "points.duckdb")
    writer = Writer(any_db, store)
    with any_db.write() as session:
        load_customers(session, load_plant_file(session, PLANT_FILE).customer)
    replaced(writer)
    asked = TagMappingIn.model_validate(wanted())
    with any_db.write() as session:
        made = actions.map_tags(session, store, asked, MANAGER, T0 + 10_000_000)
    tag = f"{NEW}/{MACHINE}/good"
    with any_db.read() as session:
        read = Continued(store, joins(session))
    assert [p.value for p in read.raw(tag, T0, T0 + 1_000_000)] == [5.0, 9.0, 11.0]
    with any_db.write() as session, pytest.raises(Conflict):
        actions.map_tags(session, store, asked, MANAGER, T0 + 10_000_000)
    with any_db.write() as session:
        actions.undo(session, made.id, MANAGER)
    with any_db.read() as session:
        assert joins(session) == []
        assert bindings(session)[f"{OLD}/{MACHINE}/good"].role == "good"
    store.close()
