"""What maintenance does when facts of a machine change or a target is missed: blocks, chart, alarms."""

from collections.abc import Sequence

from sqlalchemy.orm import Session

from cloud.ingest.windows import together
from cloud.maintenance import actions
from cloud.maintenance.events import TARGET_WATCHED, WINDOWS
from cloud.outbox import Event

APART_MS = 2 * 3_600_000


def react(session: Session, events: Sequence[Event]) -> None:
    """Nothing comes back; blocks, chart and alarms follow what the events announce."""
    touched: dict[str, list[tuple[int, int]]] = {}
    for event in events:
        if event.kind == TARGET_WATCHED:
            actions.follow_target(session, event.payload)
        elif event.kind in WINDOWS:
            for machine, (since_ms, until_ms) in event.payload["windows"].items():
                touched.setdefault(machine, []).append((since_ms, until_ms))
    for machine, spans in sorted(touched.items()):
        # Windows far apart stay apart: history beside what is live does not touch all the days between them.
        refreshed = [actions.refresh_blocks(session, machine, *span) for span in together(spans, APART_MS)]
        if any(refreshed):
            actions.follow_chart(session, machine)
