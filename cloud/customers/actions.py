"""What changes customers."""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from cloud.customers import tables
from cloud.plant.schemas import CustomerEntry


def load_customers(session: Session, entries: Iterable[CustomerEntry]) -> None:
    """Nothing comes back; a plant file's customers are in the session; loading again changes nothing."""
    for entry in entries:
        session.merge(
            tables.Customer(
                id=entry.id,
                name_zh=entry.name.zh,
                name_en=entry.name.en,
                city_zh=entry.city.zh,
                city_en=entry.city.en,
            )
        )
    session.flush()
