"""Loads a plant file into the tables."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete
from sqlalchemy.orm import Session

from cloud.db import Base
from cloud.plant import schemas, tables
from cloud.plant.actions.bind import MACHINE_ROLES, NO_REASON, READER_ROLES, Meaning, bind


class PlantFileWrong(Exception):
    """The plant file cannot be used; `lines` name file, key and what is accepted."""

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        self.lines = [f"{path}: {line}" for line in lines]
        super().__init__("\n".join(self.lines))


def read_plant_file(path: Path) -> schemas.PlantFile:
    """The plant file, checked, without what only the simulated world reads (`[world]` and every `world` key).

    Raises
    ------
    PlantFileWrong
        When it cannot be read, is not TOML, or a key is missing, unknown, out of range or names something
        that the file does not define.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise PlantFileWrong(path, [f"cannot be read: {wrong.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as wrong:
        raise PlantFileWrong(path, [f"is not TOML: {wrong}"]) from None
    try:
        plant = schemas.PlantFile.model_validate(_without_world(content))
    except ValidationError as wrong:
        lines = [
            f"{_key(error['loc'])}: {error['msg']}, found {_shown(error['input'])}"
            for error in wrong.errors()
        ]
        raise PlantFileWrong(path, lines) from None
    dangling = [*_doubled(plant), *_dangling(plant)]
    if dangling:
        raise PlantFileWrong(path, dangling)
    return plant


def load_plant_file(session: Session, path: Path) -> schemas.PlantFile:
    """The plant file at `path`, after its content is in the session; loading it again changes nothing.

    Entries that the file no longer has stay, since orders and facts may refer to them; the default bindings
    of its machines and readers get a new version only where they differ. Customers belong to a higher slice:
    the caller hands them on.
    """
    plant = read_plant_file(path)
    site = plant.plant
    origin_ms = round(site.origin.timestamp() * 1000)
    _merge(
        session,
        [
            tables.Site(
                id=site.id, timezone=site.timezone, currency=site.currency, origin_ms=origin_ms, **_name(site)
            )
        ],
        [
            tables.Area(id=area.id, site_id=site.id, place=place, **_name(area))
            for place, area in enumerate(plant.area)
        ],
        [
            tables.Line(id=line.id, area_id=line.area, place=place, **_name(line))
            for place, line in enumerate(plant.line)
        ],
        [
            tables.Machine(
                **_plain(machine, "gateway", "protocol", "sequence", "minor_stop_s", line_id="line")
            )
            for machine in plant.machine
        ],
        [
            tables.Reader(**_plain(reader, "gateway", "protocol", "max_transit_s", line_id="line"))
            for reader in plant.reader
        ],
        [tables.Supplier(**_plain(supplier)) for supplier in plant.supplier],
        [tables.Item(**_plain(item, "unit", supplier_id="supplier")) for item in plant.item],
        [
            tables.Product(**_plain(product, "gtin", line_id="line", price_minor="price"))
            for product in plant.product
        ],
    )
    _load_reasons(session, plant)
    _load_shifts(session, plant)
    _load_recipes(session, plant)
    bind(session, default_bindings(plant))
    return plant


def default_bindings(plant: schemas.PlantFile) -> list[Meaning]:
    """What the tags of a plant mean when nothing else is said: `plant/gateway/machine/role`."""
    group = plant.plant.id
    codes: dict[str, dict[str, str]] = {
        "state": dict(plant.state_codes),
        "reason": dict(plant.reason_codes),
    }
    meanings = [
        Meaning(
            tag=f"{group}/{machine.gateway}/{machine.id}/{role}",
            role=role,
            machine=machine.id,
            code_map=codes.get(role),
        )
        for machine in plant.machine
        if machine.gateway
        for role in MACHINE_ROLES
        if codes.get(role) != {}  # without codes a number has no meaning
    ]
    meanings += [
        Meaning(tag=f"{group}/{reader.gateway}/{reader.id}/{role}", role=role, reader=reader.id)
        for reader in plant.reader
        for role in READER_ROLES
    ]
    return meanings


# ---- rows from entries


def _name(entry: Any) -> dict[str, str]:
    return {"name_zh": entry.name.zh, "name_en": entry.name.en}


def _plain(entry: Any, *same: str, **renamed: str) -> dict[str, Any]:
    values = {key: getattr(entry, key) for key in ("id", *same)}
    return values | {column: getattr(entry, key) for column, key in renamed.items()} | _name(entry)


def _merge(session: Session, *groups: Sequence[Base]) -> None:
    for rows in groups:
        for row in rows:
            session.merge(row)
        session.flush()  # parents before their children


def _load_reasons(session: Session, plant: schemas.PlantFile) -> None:
    """Nothing comes back; reasons of the file that are not there yet are, in the file's order.

    What people have edited meanwhile stays: a reason that exists is left alone.
    """
    for place, reason in enumerate(plant.reason):
        if session.get(tables.DowntimeReason, reason.id) is None:
            session.add(
                tables.DowntimeReason(
                    **_plain(reason, "category", "scopes", parent_id="parent"), place=place, active=True
                )
            )
            session.flush()


def _load_shifts(session: Session, plant: schemas.PlantFile) -> None:
    session.execute(delete(tables.ShiftBreak))
    _merge(
        session,
        [
            tables.Shift(
                id=shift.id,
                place=place,
                start=shift.start,
                end=shift.end,
                days=list(shift.days),
                **_name(shift),
            )
            for place, shift in enumerate(plant.shift)
        ],
        [
            tables.ShiftBreak(
                shift_id=shift.id, place=place, start=pause.start, end=pause.end, **_name(pause)
            )
            for shift in plant.shift
            for place, pause in enumerate(shift.breaks)
        ],
    )


def _load_recipes(session: Session, plant: schemas.PlantFile) -> None:
    ours = [product.id for product in plant.product]
    session.execute(delete(tables.RoutingStep).where(tables.RoutingStep.product_id.in_(ours)))
    session.execute(delete(tables.BomLine).where(tables.BomLine.product_id.in_(ours)))
    for product in plant.product:
        session.add_all(
            tables.RoutingStep(
                product_id=product.id,
                operation=step.operation,
                machine_id=step.machine,
                ideal_cycle_s=step.ideal_cycle_s,
            )
            for step in product.routing
        )
        session.add_all(
            tables.BomLine(product_id=product.id, item_id=line.item, quantity=line.quantity)
            for line in product.bom
        )
    session.flush()


# ---- checks that one entry cannot make alone


def _without_world(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_world(inner) for key, inner in value.items() if key != "world"}
    return [_without_world(inner) for inner in value] if isinstance(value, list) else value


def _key(steps: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"  # noqa: PLR2004  a line of a terminal


def _doubled(plant: schemas.PlantFile) -> list[str]:
    lines = []
    for table in (
        "shift",
        "area",
        "line",
        "machine",
        "reader",
        "supplier",
        "item",
        "product",
        "customer",
        "reason",
    ):
        seen: set[str] = set()
        for index, entry in enumerate(getattr(plant, table)):
            if entry.id in seen:
                lines.append(
                    f"{table}[{index}].id: {entry.id!r} is used twice; each {table} needs its own id"
                )
            seen.add(entry.id)
    places: set[tuple[str, int]] = set()
    for index, machine in enumerate(plant.machine):
        if (machine.line, machine.sequence) in places:
            lines.append(
                f"machine[{index}].sequence: {machine.sequence} is used twice on line {machine.line}"
            )
        places.add((machine.line, machine.sequence))
    return lines


def _dangling(plant: schemas.PlantFile) -> list[str]:
    references: list[tuple[str, str, str]] = []  # (key, what it names, kind)
    references += [(f"line[{i}].area", line.area, "area") for i, line in enumerate(plant.line)]
    references += [(f"machine[{i}].line", machine.line, "line") for i, machine in enumerate(plant.machine)]
    references += [(f"reader[{i}].line", reader.line, "line") for i, reader in enumerate(plant.reader)]
    references += [(f"item[{i}].supplier", item.supplier, "supplier") for i, item in enumerate(plant.item)]
    for i, product in enumerate(plant.product):
        references.append((f"product[{i}].line", product.line, "line"))
        references += [
            (f"product[{i}].bom[{j}].item", line.item, "item") for j, line in enumerate(product.bom)
        ]
        references += [
            (f"product[{i}].routing[{j}].machine", step.machine, "machine")
            for j, step in enumerate(product.routing)
        ]
    known = {
        kind: [entry.id for entry in getattr(plant, kind)]
        for kind in ("area", "line", "machine", "supplier", "item")
    }
    return _wrong_reasons(plant) + [
        f"{key}: there is no {kind} {name!r}; accepted: {', '.join(known[kind]) or 'none is defined'}"
        for key, name, kind in references
        if name not in known[kind]
    ]


def _wrong_reasons(plant: schemas.PlantFile) -> list[str]:
    """A reason's parent stands before it and has no category; scopes name what exists; codes mean leaves."""
    lines = []
    groups: list[str] = []
    places = {f"machine:{machine.id}" for machine in plant.machine} | {
        f"line:{line.id}" for line in plant.line
    }
    for i, reason in enumerate(plant.reason):
        if reason.parent is not None and reason.parent not in groups:
            lines.append(
                f"reason[{i}].parent: {reason.parent!r} is no group before it;"
                f" accepted: {', '.join(groups) or 'none'}"
            )
        if reason.category is None:
            groups.append(reason.id)
        lines += [
            f"reason[{i}].scopes: there is no {scope!r}" for scope in reason.scopes if scope not in places
        ]
    leaves = {reason.id for reason in plant.reason if reason.category is not None} | {NO_REASON}
    lines += [
        f"reason_codes.{code}: {reason!r} is neither {NO_REASON!r} nor a reason with a category"
        for code, reason in plant.reason_codes.items()
        if reason not in leaves
    ]
    return lines
