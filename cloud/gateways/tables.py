"""Commands to gateways with who asked, why, and what became of them."""

from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from cloud.db import Base

NAME = String(200)


class GatewayCommand(Base):
    """One command; `number` grows in the order of asking. Values are `{"value": v}`, times ms.

    `state` is `pending` (waits for the broker), `sent`, or how it ended: an `Outcome` or `expired`.
    `asked_ms` and `settled_ms` are plant time; `sent_ms` and `expires_ms` real time, like every timeout.
    """

    __tablename__ = "gateway_command"

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    group: Mapped[str] = mapped_column(NAME)
    node: Mapped[str] = mapped_column(NAME)
    device: Mapped[str] = mapped_column(NAME)
    tag: Mapped[str] = mapped_column(NAME)
    value: Mapped[dict[str, Any]]
    value_before: Mapped[dict[str, Any]]
    value_after: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20))
    requester: Mapped[str] = mapped_column(String(60))
    reason: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    asked_ms: Mapped[int]
    settled_ms: Mapped[int | None]
    sent_ms: Mapped[int | None]
    expires_ms: Mapped[int]

    __table_args__ = (
        Index("ix_gateway_command_node", "group", "node", "number"),
        Index("ix_gateway_command_state", "state"),
    )
