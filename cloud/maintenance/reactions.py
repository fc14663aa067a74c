"""What maintenance does when the facts of a machine change: blocks, chart, alarms."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from cloud.maintenance import actions
from cloud.maintenance.events import HEARD
from cloud.outbox import Event


def react(session: Session, events: Sequence[Event]) -> None:
    """Nothing comes back; blocks, chart and alarms follow the windows that the events announce."""
    touched: dict[str, tuple[int, int]] = {}
    for event in events:
        if event.kind in HEARD:
            for machine, (since_ms, until_ms) in event.payload["windows"].items():
                before = touched.get(machine, (since_ms, until_ms))
                touched[machine] = (min(before[0], since_ms), max(before[1], until_ms))
    for machine, (since_ms, until_ms) in sorted(touched.items()):
        if actions.refresh_blocks(session, machine, since_ms, until_ms):
            actions.follow_chart(session, machine)
