"""What other slices ask about customers."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.customers import tables
from cloud.plant.queries import Names, names


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer and its city."""

    id: str
    name: Names
    city: Names


def customers(session: Session, ids: Iterable[str] | None = None) -> dict[str, Customer]:
    """Customers by id, all or those of `ids` that exist."""
    query = select(tables.Customer).order_by(tables.Customer.id)
    if ids is not None:
        query = query.where(tables.Customer.id.in_(set(ids)))
    return {
        row.id: Customer(row.id, names(row), Names(row.city_zh, row.city_en))
        for row in session.scalars(query)
    }
