"""What production does when facts about machines and readers arrive or work orders are released."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from cloud.outbox import Event
from cloud.plant import queries as plant
from cloud.plant.events import COUNTER_DECLARED
from cloud.production import actions
from cloud.production.events import (
    JOB_CHANGED,
    PARTS_COUNTED,
    TAG_SEEN,
    Windows,
    joined,
    released,
    superseded,
    windows,
)


@dataclass(slots=True)
class _Work:
    """What one batch of events has touched so far."""

    operations: set[int] = field(default_factory=set)  # whose counts changed
    moved: set[int] = field(default_factory=set)  # that may have entered or left a job register
    bindings: Windows = field(default_factory=dict)


def react(session: Session, events: Sequence[Event]) -> None:
    """Nothing comes back; counts, operations, order lines, units and tags follow the new facts.

    Every event is a window that changed: hearing it twice, late or out of order ends in the same rows.
    """
    lines = {line.machines[-1].id: line for line in plant.lines(session) if line.machines}
    work = _Work()
    spans = windows(events, PARTS_COUNTED)
    for machine, declared in windows(events, COUNTER_DECLARED).items():
        spans[machine] = joined([*spans.get(machine, ()), *declared])
    reset = windows(events, JOB_CHANGED)
    recounted = {*reset, *superseded(events, PARTS_COUNTED)}
    for machine in superseded(events, JOB_CHANGED):
        work.moved |= actions.forget_jobs(session, machine)
    for machine, changes in reset.items():
        work.moved |= actions.running_on(session, [machine])
        for since_ms, until_ms in changes:
            jobs, decides_until_ms = actions.note_jobs(session, machine, since_ms, until_ms)
            work.moved |= jobs
            spans.setdefault(machine, []).append((since_ms, decides_until_ms))
    for machine, changes in sorted(spans.items()):
        for since_ms, until_ms in joined(changes):
            changed = actions.recount(
                session,
                machine,
                since_ms,
                until_ms,
                opens_units=machine in lines,
                only_new=machine not in recounted,
            )
            work.operations |= changed.operations
            if changed.units is not None:
                span = (changed.units.since_ms, changed.units.until_ms)
                work.bindings.setdefault(machine, []).append(span)
    for number in released(events):
        work.moved |= actions.link_work_order(session, number)
    _forget_reads(session, work, lines, superseded(events, TAG_SEEN))
    _bind(session, work, lines, windows(events, TAG_SEEN))
    actions.refresh_operations(session, work.operations, work.moved)


def _forget_reads(
    session: Session, work: _Work, lines: Mapping[str, plant.Line], readers: Collection[str]
) -> None:
    """Nothing comes back; where reads went, all of the line are noted and bound anew."""
    for machine, line in lines.items():
        if any(reader.id in readers for reader in line.readers):
            actions.forget_reads(session, machine)
            for reader in line.readers:
                span = actions.note_reads(session, machine, reader.id, 0, plant.EVER_MS)
                work.bindings.setdefault(machine, []).append(span)


def _bind(session: Session, work: _Work, lines: Mapping[str, plant.Line], reads: Windows) -> None:
    for machine, line in lines.items():
        for reader in line.readers:
            for since_ms, until_ms in reads.get(reader.id, ()):
                noted = actions.note_reads(session, machine, reader.id, since_ms, until_ms)
                work.bindings.setdefault(machine, []).append(noted)
        max_transit_ms = max((reader.max_transit_s for reader in line.readers), default=0) * 1000
        # A unit and the read of its tag lie a transit apart: one pass does for both.
        for since_ms, until_ms in joined(work.bindings.get(machine, ()), apart_ms=max_transit_ms):
            actions.bind_tags(session, machine, since_ms, until_ms, max_transit_ms=max_transit_ms)
