"""What customers ordered."""

from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from cloud.db import Base


class CustomerOrder(Base):
    """A customer order under the number its sender gave it; times are plant time."""

    __tablename__ = "customer_order"

    number: Mapped[str] = mapped_column(String(40), primary_key=True)
    customer_id: Mapped[str] = mapped_column(ForeignKey("customer.id"))
    entered_ms: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20), default="open")

    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.line", back_populates="order")

    __table_args__ = (Index("ix_customer_order_entered_ms", "entered_ms", "number"),)


class OrderLine(Base):
    """One line of an order with the four dates that stay apart; `price_minor` per piece, agreed at entry."""

    __tablename__ = "order_line"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("customer_order.number"))
    line: Mapped[int]
    product_id: Mapped[str] = mapped_column(ForeignKey("product.id"))
    quantity: Mapped[Decimal]
    price_minor: Mapped[int]
    customer_due_ms: Mapped[int]
    promised_ms: Mapped[int | None]
    forecast_ms: Mapped[int | None]
    actual_ms: Mapped[int | None]
    good_quantity: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(20), default="open")

    order: Mapped[CustomerOrder] = relationship(back_populates="lines")

    __table_args__ = (
        UniqueConstraint("order_number", "line"),
        Index("ix_order_line_product_id", "product_id"),
    )
