"""What production hears and says through the outbox."""

from collections.abc import Iterable

from cloud.outbox import Event
from cloud.plant.events import COUNTER_DECLARED

PARTS_COUNTED = "PartsCounted"
JOB_CHANGED = "JobChanged"
TAG_SEEN = "TagSeen"
WORK_ORDER_RELEASED = "WorkOrderReleased"
# {"work_orders": [number]}: jobs of these ran and are measured against another ideal cycle now.
IDEAL_CYCLE_CORRECTED = "IdealCycleCorrected"
HEARD = frozenset({PARTS_COUNTED, JOB_CHANGED, TAG_SEEN, WORK_ORDER_RELEASED, COUNTER_DECLARED})

Windows = dict[str, list[tuple[int, int]]]


def windows(events: Iterable[Event], kind: str) -> Windows:
    """Windows that events of a kind announce, by source: merged, in time order, both ends included (ms)."""
    announced: Windows = {}
    for event in events:
        if event.kind == kind:
            for source, (since_ms, until_ms) in event.payload["windows"].items():
                announced.setdefault(source, []).append((since_ms, until_ms))
    return {source: joined(spans) for source, spans in announced.items()}


def superseded(events: Iterable[Event], kind: str) -> set[str]:
    """Sources of which readings of a kind went or say something else now: nothing of before may be kept."""
    return {
        source
        for event in events
        if event.kind == kind and event.payload.get("superseded")
        for source in event.payload["windows"]
    }


def joined(spans: Iterable[tuple[int, int]], *, apart_ms: int = 1) -> list[tuple[int, int]]:
    """Spans with those joined that overlap or lie at most `apart_ms` apart; both ends are included."""
    result: list[tuple[int, int]] = []
    for since_ms, until_ms in sorted(spans):
        if result and since_ms <= result[-1][1] + apart_ms:
            result[-1] = (result[-1][0], max(result[-1][1], until_ms))
        else:
            result.append((since_ms, until_ms))
    return result


def released(events: Iterable[Event]) -> list[int]:
    """Numbers of the work orders that the events release."""
    return [int(event.payload["work_order"]) for event in events if event.kind == WORK_ORDER_RELEASED]
