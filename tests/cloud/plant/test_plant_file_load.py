"""The plant file becomes the plant, once, and says what is wrong with it."""

import tomllib
from datetime import time
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from cloud.db import Base, Database
from cloud.plant import queries, tables
from cloud.plant.actions import Meaning, PlantFileWrong, bind, load_plant_file, read_plant_file
from models.oee.shifts import planned_between

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
MONDAY_MIDNIGHT_MS = 1772380800000  # 2026-03-02T00:00:00+08:00


def _rows(db: Database) -> dict[str, int]:
    with db.read() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
        }


def test_loading_twice_changes_nothing(any_db: Database) -> None:
    with any_db.write() as session:
        load_plant_file(session, PLANT_FILE)
    first = _rows(any_db)
    with any_db.write() as session:
        load_plant_file(session, PLANT_FILE)
    assert _rows(any_db) == first
    assert (first["machine"], first["reader"], first["product"], first["shift_break"]) == (9, 2, 6, 3)


def test_every_line_ends_at_its_last_machine_and_has_its_reader(plant_db: Database) -> None:
    with plant_db.read() as session:
        lines = queries.lines(session)
        areas = queries.areas(session)
    assert [line.machines[-1].id for line in lines] == ["L1-OP40", "L2-OP40", "L3-OP10"]
    assert [[reader.id for reader in line.readers] for line in lines] == [["L1-RFID"], ["L2-RFID"], []]
    assert [[line.id for line in area.lines] for area in areas] == [["L1"], ["L2"], ["L3"]]


def test_products_carry_routing_and_exact_bills(plant_db: Database) -> None:
    with plant_db.read() as session:
        products = queries.products(session)
    knuckle = products["SK-L"]
    assert [(step.operation, step.machine) for step in knuckle.routing] == [
        (10, "L2-OP10"),
        (20, "L2-OP20"),
        (30, "L2-OP30"),
        (40, "L2-OP40"),
    ]
    assert {line.item: line.quantity for line in knuckle.bom}["BILLET-42"] == Decimal("2.4")
    assert knuckle.price_minor == 21500


def test_the_calendar_plans_22_and_a_half_hours_of_a_tuesday(plant_db: Database) -> None:
    with plant_db.read() as session:
        calendar = queries.calendar(session)
        shifts = queries.shifts(session)
    assert calendar.zone == ZoneInfo("Asia/Shanghai")
    assert [(shift.id, shift.start, len(shift.breaks)) for shift in shifts] == [
        ("early", time(8), 1),
        ("late", time(16), 1),
        ("night", time(0), 1),
    ]
    tuesday = MONDAY_MIDNIGHT_MS + 86_400_000
    planned = planned_between(calendar, tuesday, tuesday + 86_400_000)
    assert sum(end - start for start, end in planned) == int(22.5 * 3_600_000)


def test_default_bindings_name_every_role_of_machines_and_readers(plant_db: Database) -> None:
    with plant_db.read() as session:
        bindings = queries.bindings(session)
    assert len(bindings) == 8 * 8 + 2 * 2
    state = bindings["suzhou/gw-l1/L1-OP10/state"]
    assert (state.role, state.source, state.kind) == ("state", "L1-OP10", "machine")
    assert state.code_map is not None
    assert state.code_map["6"] == "breakdown"
    tag = bindings["suzhou/gw-l2/L2-RFID/tag"]
    assert (tag.role, tag.source, tag.kind, tag.code_map) == ("tag", "L2-RFID", "reader", None)
    assert "suzhou/gw-l2/L2-RFID/observed_since" in bindings
    assert not any(binding.source == "L3-OP10" for binding in bindings.values()), "it has no PLC"


def test_a_changed_meaning_is_a_new_version_and_the_old_one_stays(plant_db: Database) -> None:
    tag = "suzhou/gw-l1/L1-OP10/state"
    new = Meaning(tag, "state", machine="L1-OP10", code_map={"1": "running", "2": "idle"}, valid_from_ms=5)
    with plant_db.write() as session:
        assert bind(session, [new]) == [tag]
        assert bind(session, [new]) == []
    with plant_db.read() as session:
        held = queries.bindings(session)[tag]
        versions = session.scalars(
            select(tables.SignalBinding.version).where(tables.SignalBinding.tag == tag).order_by("version")
        ).all()
    assert (held.version, held.code_map) == (2, {"1": "running", "2": "idle"})
    assert list(versions) == [1, 2]


def test_a_retired_binding_means_nothing(plant_db: Database) -> None:
    with plant_db.write() as session:
        for row in session.scalars(
            select(tables.SignalBinding).where(tables.SignalBinding.role == "condition")
        ):
            row.retired = True
    with plant_db.read() as session:
        assert all(binding.role != "condition" for binding in queries.bindings(session).values())


def test_the_world_is_not_read() -> None:
    content = PLANT_FILE.read_text()
    assert "[world]" in content
    plant = read_plant_file(PLANT_FILE)
    assert "world" not in plant.model_dump_json()


TAG, WRONG_TAG = 'item = "TAG-UHF", quantity = "1"', 'item = "TAG", quantity = "1"'
ORIGIN = "origin = 2026-03-02T16:00:00"


@pytest.mark.parametrize(
    ("old", "new", "key", "accepted"),
    [
        ('protocol = "modbus"', 'protocol = "telex"', "machine[1].protocol", "'modbus'"),
        ('gateway = "gw-l1"\nprotocol', "protocol", "machine[0]", 'unless its protocol is "manual"'),
        ('protocol = "manual"', 'protocol = "manual"\ngateway = "gw-l1"', "machine[8]", "has a gateway"),
        ("minor_stop_s = 120", "minor_stop = 120", "machine[0].minor_stop", "not permitted"),
        ('line = "L1"\nsequence', 'line = "L9"\nsequence', "machine[0].line", "accepted: L1, L2, L3"),
        ('timezone = "Asia/Shanghai"', 'timezone = "Moon"', "plant.timezone", "Asia/Shanghai"),
        ('start = "08:00"', 'start = "8 am"', "shift[0].start", "pattern"),
        ('5 = "jammed"', '5 = "stuck"', "state_codes.5", "'jammed'"),
        ('id = "L2-OP40"', 'id = "L2-OP30"', "machine[7].id", "used twice"),
        ("sequence = 20", "sequence = 10", "machine[1].sequence", "used twice on line L1"),
        (TAG, WRONG_TAG, "product[0].bom[1].item", "accepted: CAST-280, CAST-320, BILLET-42, TAG-UHF"),
        (f"{ORIGIN}+08:00", ORIGIN, "plant.origin", "timezone"),
        ("[plant]", "[[", "is not TOML", "line"),
    ],
)
def test_what_is_wrong_is_named_with_file_key_and_accepted_values(
    tmp_path: Path, old: str, new: str, key: str, accepted: str
) -> None:
    path = tmp_path / "plant.toml"
    path.write_text(PLANT_FILE.read_text().replace(old, new, 1))
    with pytest.raises(PlantFileWrong) as wrong:
        read_plant_file(path)
    lines = wrong.value.lines
    assert any(line.startswith(f"{path}: {key}") and accepted in line for line in lines), lines


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlantFileWrong, match="cannot be read"):
        read_plant_file(tmp_path / "none.toml")


def test_the_demo_plant_file_is_valid_toml() -> None:
    assert len(tomllib.loads(PLANT_FILE.read_text())["machine"]) == 9
