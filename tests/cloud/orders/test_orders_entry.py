"""Orders are entered once, found again, and follow their production."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from cloud.customers.actions import load_customers
from cloud.db import Database
from cloud.errors import Conflict, Invalid, NotFound
from cloud.identity.tables import AuditEntry
from cloud.orders import queries
from cloud.orders.actions import enter_order, enter_orders, record_progress
from cloud.orders.schemas import OrderIn
from cloud.orders.tables import CustomerOrder
from cloud.outbox import OutboxEvent
from cloud.plant.actions import load_plant_file
from cloud.plant.schemas import iso, ms_from_iso

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
NOW_MS = 1772438400000
DUE = "2026-03-04T08:00:00.000Z"


def _line(**changes: object) -> dict[str, object]:
    return {"line": 1, "product": "BD-280", "quantity": "100", "due": DUE} | changes


SECOND = _line(line=2, product="SK-L", quantity="60")


def _order(number: str = "SO-1", **changes: object) -> OrderIn:
    content = {
        "number": number,
        "customer": "yangtze-motor",
        "lines": [
            _line(),
            SECOND,
        ],
    }
    return OrderIn.model_validate(content | changes)


def _enter(db: Database, order: OrderIn, now_ms: int = NOW_MS) -> None:
    with db.write() as session:
        enter_order(session, order, "paula", now_ms)


def _progress(db: Database, line: int, good: int, at_ms: int) -> None:
    with db.write() as session:
        record_progress(session, "SO-1", line, good, at_ms)


def test_an_order_is_entered_announced_and_audited_once(any_db: Database) -> None:
    with any_db.write() as session:
        load_customers(session, load_plant_file(session, PLANT_FILE).customer)
    _enter(any_db, _order())
    _enter(any_db, _order(), now_ms=NOW_MS + 5)
    with any_db.read() as session:
        shown = queries.order_out(session, "SO-1")
        announced = [(event.kind, event.payload) for event in session.scalars(select(OutboxEvent))]
        audited = session.scalar(select(func.count()).select_from(AuditEntry))
    assert announced == [("OrderEntered", {"order": "SO-1"})]
    assert audited == 1
    assert shown.entered == iso(NOW_MS)
    assert shown.value_minor == 100 * 9800 + 60 * 21500
    assert (shown.currency, shown.status) == ("CNY", "open")
    assert shown.customer.name.zh == "长江汽车"
    assert [(line.product, line.quantity, line.promised, line.actual) for line in shown.lines] == [
        ("BD-280", Decimal(100), None, None),
        ("SK-L", Decimal(60), None, None),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"customer": "hangzhou-ev"},
        {"entered": "2026-03-02T07:00:00Z"},
        {"lines": [_line()]},
        {"lines": [_line(quantity="101"), SECOND]},
    ],
)
def test_another_content_under_the_same_number_is_a_conflict(
    plant_db: Database, changes: dict[str, object]
) -> None:
    _enter(plant_db, _order())
    with pytest.raises(Conflict, match="SO-1"):
        _enter(plant_db, _order(**changes))


def test_the_same_quantity_written_otherwise_is_the_same_order(plant_db: Database) -> None:
    _enter(plant_db, _order())
    lines = [
        {"line": 2, "product": "SK-L", "quantity": "60.00", "due": "2026-03-04T16:00:00+08:00"},
        {"line": 1, "product": "BD-280", "quantity": 100, "due": DUE},
    ]
    _enter(plant_db, _order(lines=lines))
    with plant_db.read() as session:
        assert session.scalar(select(func.count()).select_from(CustomerOrder)) == 1


@pytest.mark.parametrize(
    ("changes", "where", "said"),
    [
        ({"customer": "nobody"}, "customer", "yangtze-motor"),
        ({"lines": [_line(product="X")]}, "lines.0.product", "BD-280"),
        ({"lines": [_line(due="soon")]}, "lines.0.due", "ISO 8601"),
        ({"lines": [_line(due="2026-03-04T08:00:00")]}, "lines.0.due", "zone"),
        ({"lines": [_line(), _line()]}, "lines.1.line", "twice"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(
    plant_db: Database, changes: dict[str, object], where: str, said: str
) -> None:
    with pytest.raises(Invalid) as wrong:
        _enter(plant_db, _order(**changes))
    assert any(error["where"] == where and said in error["message"] for error in wrong.value.errors)
    with plant_db.read() as session:
        assert session.scalar(select(func.count()).select_from(CustomerOrder)) == 0


def test_progress_moves_line_and_order_and_sets_the_actual_date_once(plant_db: Database) -> None:
    _enter(plant_db, _order())
    seen = []
    for line, good, at_ms in [(1, 0, 1), (1, 99, 2), (1, 100, 3), (1, 102, 4), (2, 60, 5)]:
        _progress(plant_db, line, good, at_ms)
        with plant_db.read() as session:
            shown = queries.order_out(session, "SO-1")
        entry = shown.lines[line - 1]
        seen.append((entry.good, entry.status, entry.actual, shown.status))
    assert seen == [
        (0, "in_production", None, "in_production"),
        (99, "in_production", None, "in_production"),
        (100, "completed", iso(3), "in_production"),
        (102, "completed", iso(3), "in_production"),
        (60, "completed", iso(5), "completed"),
    ]


def test_a_correction_takes_the_actual_date_back_and_sets_it_anew(plant_db: Database) -> None:
    _enter(plant_db, _order())
    for good, at_ms in [(100, 3), (98, 2), (100, 7)]:
        _progress(plant_db, 1, good, at_ms)
    with plant_db.read() as session:
        assert queries.order_out(session, "SO-1").lines[0].actual == iso(7)


def test_progress_of_an_unknown_line_is_named(plant_db: Database) -> None:
    with pytest.raises(NotFound, match="line 9"):
        _progress(plant_db, 9, 1, 1)


def test_pages_walk_through_all_orders_newest_first_without_a_gap(plant_db: Database) -> None:
    entered = [NOW_MS + 1000 * (number // 3) for number in range(11)]  # several share one instant
    for number, at_ms in enumerate(entered):
        _enter(plant_db, _order(f"SO-{number:02d}"), now_ms=at_ms)
    found: list[str] = []
    after = None
    with plant_db.read() as session:
        while True:
            page = queries.orders_page(session, limit=4, after=after)
            assert page.total == 11
            found += [order.number for order in page.items]
            after = page.next
            if after is None:
                break
    assert found == [f"SO-{number:02d}" for number in reversed(range(11))]


def test_orders_are_found_by_number_customer_product_and_status(plant_db: Database) -> None:
    _enter(plant_db, _order())
    _enter(
        plant_db,
        _order(
            "PO-77%",
            customer="hangzhou-ev",
            lines=[{"line": 1, "product": "SK-R", "quantity": 5, "due": DUE}],
        ),
    )
    _progress(plant_db, 1, 5, NOW_MS)

    def numbers(**wanted: str) -> list[str]:
        with plant_db.read() as session:
            return [order.number for order in queries.orders_page(session, limit=50, **wanted).items]

    assert numbers(q="so-") == ["SO-1"]
    assert numbers(q="hangzhou") == numbers(q="杭州") == numbers(q="sk-r") == numbers(q="7%") == ["PO-77%"]
    assert numbers(q="%") == ["PO-77%"], "a percent sign is text, not a pattern"
    assert numbers(status="in_production") == ["SO-1"]
    assert numbers(status="open", q="SO") == []


def test_a_cursor_that_is_none_is_refused(plant_db: Database) -> None:
    with plant_db.read() as session, pytest.raises(Invalid, match="next"):
        queries.orders_page(session, limit=4, after="rubbish")


@given(st.integers(min_value=-(10**12), max_value=4 * 10**12))
def test_a_time_written_by_the_api_reads_back_the_same(ms: int) -> None:
    assert ms_from_iso(iso(ms), "t") == ms
    assert len(iso(ms)) == 24


def test_of_many_orders_each_is_entered_known_or_refused_by_itself(any_db: Database) -> None:
    with any_db.write() as session:
        load_customers(session, load_plant_file(session, PLANT_FILE).customer)
    _enter(any_db, _order("SO-1"))
    many = [
        _order("SO-1"),
        _order("SO-2"),
        _order("SO-1", customer="hangzhou-ev"),
        _order("SO-3", lines=[_line(), _line(line=2, product="X"), _line(line=3, product="Y")]),
        _order("SO-2"),
        _order("SO-4", lines=[_line(due="soon")]),
        _order("SO-5", entered="2026-03-01T08:00:00Z"),
    ]
    for again in range(2):
        with any_db.write() as session:
            found = enter_orders(session, many, "paula", NOW_MS)
        assert found.entered == ([] if again else ["SO-2", "SO-5"])
        assert found.unchanged == (["SO-1", "SO-2", "SO-2", "SO-5"] if again else ["SO-1", "SO-2"])
        refused = [(index, error.code, [e["where"] for e in error.errors]) for index, error in found.refused]
        assert refused == [
            (2, "order_differs", []),
            (3, "order_invalid", ["lines.1.product", "lines.2.product"]),
            (5, "bad_time", ["lines.0.due"]),
        ]
    with any_db.read() as session:
        announced = [event.payload["order"] for event in session.scalars(select(OutboxEvent))]
        audited = session.scalars(select(AuditEntry.object).order_by(AuditEntry.id)).all()
        page = queries.orders_page(session, limit=50)
    assert announced == ["SO-1", "SO-2", "SO-5"]
    assert audited == ["order/SO-1", "order/SO-2", "order/SO-5"]
    assert {order.number: len(order.lines) for order in page.items} == {"SO-1": 2, "SO-2": 2, "SO-5": 2}
    assert page.items[-1].entered == "2026-03-01T08:00:00.000Z"
