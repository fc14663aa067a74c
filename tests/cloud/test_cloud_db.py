"""One way to read, one way to write, on both databases."""

import threading
import time
from decimal import Decimal
from pathlib import Path

import anyio
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from cloud.db import PATIENCE_S, READING_REQUESTS, Database, Read, Tx
from cloud.errors import install_problem_answers
from cloud.plant.queries import has_site
from cloud.plant.tables import Area, BomLine, Item, Line, Product, Site, Supplier
from cloud.writer_turns import NoTurn


def _site(identifier: str = "suzhou") -> Site:
    return Site(id=identifier, name_zh="苏州", name_en="Suzhou", timezone="UTC", currency="CNY", origin_ms=1)


def test_a_write_is_committed_at_exit(any_db: Database) -> None:
    with any_db.write() as session:
        session.add(_site())
    with any_db.read() as session:
        assert has_site(session)


def test_an_error_rolls_the_whole_write_back(any_db: Database) -> None:
    def fail() -> None:
        with any_db.write() as session:
            session.add(_site())
            session.flush()
            raise RuntimeError("after the flush")

    with pytest.raises(RuntimeError):
        fail()
    with any_db.read() as session:
        assert not has_site(session)


def test_the_database_refuses_writes_in_a_read(any_db: Database) -> None:
    with any_db.read() as session, pytest.raises(DBAPIError):
        session.execute(text("DELETE FROM site"))


def test_a_read_keeps_its_snapshot_while_others_write(any_db: Database) -> None:
    with any_db.read() as reading:
        assert not has_site(reading)
        with any_db.write() as session:
            session.add(_site())
        assert not has_site(reading)
    with any_db.read() as session:
        assert has_site(session)


def test_foreign_keys_are_enforced(any_db: Database) -> None:
    def orphan() -> None:
        with any_db.write() as session:
            session.add(Area(id="a", site_id="nowhere", name_zh="甲", name_en="A", place=0))

    with pytest.raises(IntegrityError):
        orphan()


def test_writers_take_turns_so_that_no_increment_is_lost(any_db: Database) -> None:
    with any_db.write() as session:
        session.add(_site())

    def increment() -> None:
        for _ in range(10):
            with any_db.write() as session:
                site = session.scalars(select(Site)).one()
                site.origin_ms += 1

    threads = [threading.Thread(target=increment) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    with any_db.read() as session:
        assert session.scalars(select(Site)).one().origin_ms == 41


def test_decimals_come_back_exact(any_db: Database) -> None:
    quantities = [Decimal("2.4"), Decimal("0.000001"), Decimal(100), Decimal("123456789012.3")]
    with any_db.write() as session:
        session.add(_site())
        session.flush()
        session.add(Area(id="a", site_id="suzhou", name_zh="甲", name_en="A", place=0))
        session.add(Supplier(id="s", name_zh="乙", name_en="B"))
        session.flush()
        session.add(Line(id="L", area_id="a", name_zh="线", name_en="L", place=0))
        session.flush()
        session.add(Product(id="p", name_zh="品", name_en="P", gtin="0", line_id="L", price_minor=1))
        for index, quantity in enumerate(quantities):
            session.add(Item(id=f"i{index}", name_zh="料", name_en="I", unit="kg", supplier_id="s"))
            session.flush()
            session.add(BomLine(product_id="p", item_id=f"i{index}", quantity=quantity))
    with any_db.read() as session:
        found = session.scalars(select(BomLine.quantity).order_by(BomLine.item_id)).all()
    assert list(found) == quantities
    assert [str(quantity) for quantity in found] == [str(quantity) for quantity in quantities]


def test_sqlite_is_durable_and_patient(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'deep' / 'folder' / 'a.db'}")
    with db.write() as session:
        pragmas = {
            name: session.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    db.dispose()
    assert pragmas == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": PATIENCE_S * 1000,
    }


def test_a_failed_commit_is_never_answered_with_success(db: Database) -> None:
    app = FastAPI()
    install_problem_answers(app)
    app.state.db, app.state.reading_turns = db, anyio.Semaphore(READING_REQUESTS)

    @app.post("/orphan", status_code=201)
    def make_orphan(session: Tx) -> str:
        session.add(Area(id="a", site_id="nowhere", name_zh="甲", name_en="A", place=0))
        return "made"  # the insert happens at the commit, after this answer is ready

    @app.get("/has-site")
    def look(session: Read) -> bool:
        return has_site(session)

    client = TestClient(app, raise_server_exceptions=False)
    assert client.post("/orphan").status_code == 500
    assert client.get("/has-site").json() is False
    assert client.post("/orphan").status_code == 500, "the writer's turn was not given back"


def test_who_asked_first_writes_first_however_fast_another_asks_again(any_db: Database) -> None:
    order: list[str] = []
    is_writing, may_end = threading.Event(), threading.Event()

    def write_twice() -> None:
        for name in ("first", "again"):
            with any_db.write() as session:
                session.execute(text("SELECT 1"))
                order.append(name)
                is_writing.set()
                may_end.wait(30)

    def write_once(name: str) -> None:
        with any_db.write() as session:
            session.execute(text("SELECT 1"))
            order.append(name)

    threads = [threading.Thread(target=write_twice)]
    threads[0].start()
    assert is_writing.wait(30)
    for place, name in enumerate(("second", "third"), start=1):
        threads.append(threading.Thread(target=write_once, args=(name,)))
        threads[-1].start()
        deadline = time.monotonic() + 30
        while any_db.turns.waiting < place and time.monotonic() < deadline:
            threading.Event().wait(0.01)
    may_end.set()
    for thread in threads:
        thread.join(30)
    assert order == ["first", "second", "third", "again"]
    assert any_db.turns.waiting == 0


def test_a_turn_ends_with_an_error(any_db: Database) -> None:
    def fail() -> None:
        with any_db.write() as session:
            session.add_all([_site(), _site()])
            session.flush()

    with pytest.raises(IntegrityError):
        fail()
    with any_db.turns.background(0.0), pytest.raises(NoTurn), any_db.turns.background(0.0):
        pytest.fail("two turns at a time")
    with any_db.write() as session:
        session.add(_site())
    with any_db.read() as session:
        assert has_site(session)
