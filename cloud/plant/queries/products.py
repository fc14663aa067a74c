"""What is made, by which routing and of what."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloud.errors import NotFound
from cloud.plant import tables
from cloud.plant.queries.places import Names, names


@dataclass(frozen=True, slots=True)
class RoutingStep:
    """One operation of a routing; `ideal_cycle_s` seconds per part."""

    operation: int
    machine: str
    ideal_cycle_s: float


@dataclass(frozen=True, slots=True)
class BomLine:
    """How much of an item one piece takes."""

    item: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Product:
    """A product; `price_minor` per piece in minor units of the site's currency; routing by operation."""

    id: str
    name: Names
    gtin: str
    line: str
    price_minor: int
    routing: tuple[RoutingStep, ...]
    bom: tuple[BomLine, ...]


def products(session: Session, ids: Iterable[str] | None = None) -> dict[str, Product]:
    """Products by id, all or those of `ids` that exist, each with routing and bill of material."""
    wanted = None if ids is None else set(ids)

    def among(column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
        return true() if wanted is None else column.in_(wanted)

    products = select(tables.Product).where(among(tables.Product.id)).order_by(tables.Product.id)
    steps: dict[str, list[RoutingStep]] = {}
    routings = select(tables.RoutingStep).where(among(tables.RoutingStep.product_id))
    for step in session.scalars(routings.order_by(tables.RoutingStep.operation)):
        routing_step = RoutingStep(step.operation, step.machine_id, step.ideal_cycle_s)
        steps.setdefault(step.product_id, []).append(routing_step)
    boms: dict[str, list[BomLine]] = {}
    bills = select(tables.BomLine).where(among(tables.BomLine.product_id))
    for line in session.scalars(bills.order_by(tables.BomLine.item_id)):
        boms.setdefault(line.product_id, []).append(BomLine(line.item_id, line.quantity))
    return {
        row.id: Product(
            id=row.id,
            name=names(row),
            gtin=row.gtin,
            line=row.line_id,
            price_minor=row.price_minor,
            routing=tuple(steps.get(row.id, ())),
            bom=tuple(boms.get(row.id, ())),
        )
        for row in session.scalars(products)
    }


def product(session: Session, product_id: str) -> Product:
    """One product; `NotFound` names it when it does not exist."""
    found = products(session, [product_id])
    if not found:
        raise NotFound(f"There is no product {product_id!r}.", code="no_such_product")
    return found[product_id]
