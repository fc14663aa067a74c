"""What the live pages do with announced facts: they keep nothing and tell everybody."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from cloud.kpi.events import HUB
from cloud.outbox import Event


def keep_nothing(_session: Session, _events: Sequence[Event]) -> None:
    """Nothing comes back and nothing is written: an open page asks again when it is told."""


def tell(events: Sequence[Event]) -> None:
    """Nothing comes back; open pages hear which topics changed. Call it after the commit."""
    HUB.hear(events)
