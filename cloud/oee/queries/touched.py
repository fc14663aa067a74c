"""How far a change of facts reaches in a machine's figures."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from cloud.ingest import queries as facts
from cloud.oee.queries.record import SETUP_HISTORY_MS
from cloud.plant import queries as plant
from cloud.production.queries import Rules, next_parts_ms, settled_ms
from models.oee.timeline import Interval, merge

COUNTERS = ("good", "reject", "rework")
UNWATCHED_MS = 3_600_000  # a reach so short is taken as it is


def touched(
    session: Session, machine: plant.Machine, kinds: Collection[str], window: Interval, *, rules: Rules
) -> Interval:
    """The window in which a machine's figures may differ after readings of `kinds` changed in `window`.

    A state, a job or a reason holds until the next reading of its kind; what a counter has counted, until it
    certainly stands at its mark; a stop is minor by its whole length, so up to the threshold before the
    change and after that next reading; a job goes to the parts of the next count; and whether a reject is of
    the start-up is decided by setups and good parts of the day before it, until the next good part.

    Parameters
    ----------
    session
        Any session.
    machine
        Whose readings.
    kinds
        Kinds of facts that changed; none when coverage, reasons or other intervals did.
    window
        Times of the readings that came, changed or went, plant ms.
    rules
        What is declared of the machine's counters.
    """
    since, until = window
    name, threshold_ms = machine.id, machine.minor_stop_s * 1000
    reach = until
    for kind in kinds:
        if kind in COUNTERS:
            counts = settled_ms(session, kind, name, until - 1, rules.get(kind, ()))
            reach = max(reach, until if counts is None else counts)
        else:
            following = facts.next_point(session, kind, name, until - 1)
            # Without a later reading the last one holds to the end of what is known.
            reach = max(reach, following.ts_ms if following else _newest_ms(session, name, until))
    if "job" in kinds:
        for kind in COUNTERS:
            counted = facts.next_point(session, kind, name, reach - 1)
            reach = max(reach, counted.ts_ms if counted else reach)
    if "state" in kinds or "good" in kinds:
        reach = max(reach, _next_good_ms(session, name, reach, rules))
    # A count at the first instant of a shift was made in the one before.
    return since - threshold_ms - 1, reach + threshold_ms + 1


def watched_parts(session: Session, machine: str, changed: Interval, reached: Interval) -> list[Interval]:
    """The parts of `reached` in which figures may differ: none that was not watched enters one.

    While the past of a machine comes in, what follows it is a reading of days later, and nothing between.

    Parameters
    ----------
    session
        Any session.
    machine
        Its id.
    changed
        Times of the readings that came, changed or went, plant ms.
    reached
        How far that reaches, as `touched` gives it.
    """
    since, until = reached
    if until - changed[1] <= UNWATCHED_MS:
        return [reached]
    watched = facts.coverage(session, machine, since, until)
    parts = [(a - UNWATCHED_MS, b + UNWATCHED_MS) for a, b in (changed, *watched)]
    return merge([(max(a, since), min(b, until)) for a, b in parts])


def _newest_ms(session: Session, machine: str, until_ms: int) -> int:
    newest = [
        point.ts_ms
        for kind in ("state", *COUNTERS)
        for point in facts.latest(session, kind, [machine]).values()
    ]
    watched = facts.last_watched_ms(session, machine)
    return max([until_ms, *newest, *([] if watched is None else [watched])])


def _next_good_ms(session: Session, machine: str, after_ms: int, rules: Rules) -> int:
    """When a good part is counted next, looked for over a day: rejects after it follow other setups."""
    limit = after_ms + SETUP_HISTORY_MS
    found = next_parts_ms(session, "good", machine, (after_ms, limit), rules.get("good", ()))
    if found is not None:
        return found
    rejected = next_parts_ms(session, "reject", machine, (after_ms, limit), rules.get("reject", ()))
    return min(limit, _newest_ms(session, machine, after_ms)) if rejected else after_ms
