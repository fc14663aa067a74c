"""Who orders."""

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base
from cloud.plant.tables import ID, Named


class Customer(Named, Base):
    """A customer and its city."""

    __tablename__ = "customer"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    city_zh: Mapped[str] = mapped_column(String(200))
    city_en: Mapped[str] = mapped_column(String(200))
