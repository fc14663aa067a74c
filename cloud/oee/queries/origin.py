"""Where a figure comes from, summed like the figure itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.oee.tables import ShiftFigure
from cloud.plant import queries as plant
from models.oee.timeline import Interval


@dataclass(slots=True)
class Origin:
    """Where tallies came from and when they last changed; times are plant time."""

    from_totals: int = 0
    reckoned: int = 0
    computed_ms: int | None = None
    changed_ms: int | None = None
    why: str | None = None

    def note(self, other: "Origin") -> None:
        """Nothing comes back; this one speaks of both."""
        self.from_totals += other.from_totals
        self.reckoned += other.reckoned
        if other.computed_ms is not None and (
            self.computed_ms is None or other.computed_ms > self.computed_ms
        ):
            self.computed_ms = other.computed_ms
        if other.changed_ms is not None and (self.changed_ms is None or other.changed_ms > self.changed_ms):
            self.changed_ms, self.why = other.changed_ms, other.why


def origin_of(session: Session, machines: Sequence[plant.Machine], window: Interval) -> Origin:
    """What is known of changes to figures that were reckoned from facts for this answer."""
    newest = session.execute(
        select(ShiftFigure.computed_ms, ShiftFigure.changed_ms, ShiftFigure.why)
        .where(
            ShiftFigure.machine.in_([machine.id for machine in machines]),
            ShiftFigure.start_ms < window[1],
            ShiftFigure.end_ms > window[0],
            ShiftFigure.changed_ms.is_not(None),
        )
        .order_by(ShiftFigure.changed_ms.desc())
        .limit(1)
    ).first()
    found = Origin(reckoned=len(machines))
    if newest is not None:
        found.computed_ms, found.changed_ms, found.why = newest
    return found
