"""Facts of several machines over one window, read in two questions however many machines there are."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, ScalarSelect, bindparam, func, select, union_all
from sqlalchemy.orm import Session, aliased

from cloud.ingest.queries import FACT_COLUMNS, FactPoint
from cloud.ingest.tables import SignalFact
from cloud.plant.queries import EVER_MS
from cloud.plant.tables import Machine

Of = tuple[str, str]  # kind, machine

_MACHINES: BindParameter[Any] = bindparam("machines", expanding=True)
_WITHIN = (
    select(SignalFact.kind, SignalFact.source, *FACT_COLUMNS)
    .where(
        SignalFact.source.in_(_MACHINES),
        SignalFact.kind.in_(bindparam("kinds", expanding=True)),
        SignalFact.ts_ms >= bindparam("since"),
        SignalFact.ts_ms < bindparam("until"),
    )
    .order_by(SignalFact.source, SignalFact.kind, SignalFact.ts_ms, SignalFact.id)
)


class FactWindow:
    """What machines read in [since, until), with the last reading of each kind before.

    Parameters
    ----------
    session
        A session; it is read at once.
    kinds, machines
        Of what and of whom.
    since_ms, until_ms
        Plant time, ms.
    """

    def __init__(
        self, session: Session, kinds: Sequence[str], machines: Sequence[str], since_ms: int, until_ms: int
    ) -> None:
        self._since_ms, self._until_ms = since_ms, until_ms
        self._before = last_readings(session, kinds, machines, since_ms)
        self._points: dict[Of, list[FactPoint]] = {
            (kind, machine): [] for kind in kinds for machine in machines
        }
        asked = {"machines": list(machines), "kinds": list(kinds), "since": since_ms, "until": until_ms}
        for kind, machine, *point in session.execute(_WITHIN, asked):
            self._points[kind, machine].append(FactPoint._make(point))

    def points(self, kind: str, machine: str, since_ms: int, until_ms: int) -> list[FactPoint] | None:
        """Readings in [since, until) as `queries.points` gives them, the last before them first.

        None when not all of them are held here.
        """
        within, before = self._points.get((kind, machine)), self._before.get((kind, machine))
        if within is None or until_ms > self._until_ms:
            return None
        if since_ms < self._since_ms and before is not None and before.ts_ms >= since_ms:
            return None
        first = bisect_left(within, since_ms, key=_ts)
        last = bisect_left(within, until_ms, key=_ts)
        previous = within[first - 1] if first else before
        return within[first:last] if previous is None else [previous, *within[first:last]]


def last_readings(
    session: Session, kinds: Collection[str], machines: Collection[str], before_ms: int = EVER_MS
) -> dict[Of, FactPoint]:
    """The last reading of each kind and machine before a plant time (ms), by default the newest there is."""
    if not kinds or not machines:
        return {}
    rows = session.execute(_last_of(tuple(kinds)), {"machines": list(machines), "before": before_ms})
    return {(kind, machine): FactPoint._make(point) for kind, machine, *point in rows}


def unchanged_since(session: Session, kind: str, machines: Collection[str], most_ms: int) -> dict[str, int]:
    """Since when (plant ms) the newest text of each machine has stood, looked for over `most_ms` before it.

    A repeated reading of the same text does not begin it anew.
    """
    other, same = aliased(SignalFact), aliased(SignalFact)
    oldest_ms = SignalFact.ts_ms - most_ms
    another_ms = (
        select(other.ts_ms)
        .where(other.source == SignalFact.source, other.kind == kind)
        .where(other.ts_ms >= oldest_ms, other.ts_ms <= SignalFact.ts_ms)
        .where(other.text.is_distinct_from(SignalFact.text))
        .order_by(other.ts_ms.desc())
        .limit(1)
        .correlate(SignalFact)
        .scalar_subquery()
    )
    first_ms = (
        select(same.ts_ms)
        .where(same.source == SignalFact.source, same.kind == kind)
        .where(same.ts_ms >= oldest_ms, same.ts_ms > func.coalesce(another_ms, -1))
        .order_by(same.ts_ms)
        .limit(1)
        .correlate(SignalFact)
        .scalar_subquery()
    )
    rows = session.execute(
        select(SignalFact.source, func.coalesce(first_ms, SignalFact.ts_ms))
        .select_from(Machine)
        .join(SignalFact, SignalFact.id == _newest(kind, EVER_MS))
        .where(Machine.id.in_(machines))
    )
    return {row[0]: row[1] for row in rows}


@lru_cache(maxsize=64)
def _last_of(kinds: tuple[str, ...]) -> CompoundSelect[Any]:
    """The question for the last facts of some kinds, of the parameters `machines` before `before`."""
    return union_all(
        *(
            select(SignalFact.kind, SignalFact.source, *FACT_COLUMNS)
            .select_from(Machine)
            .join(SignalFact, SignalFact.id == _newest(kind, bindparam("before")))
            .where(Machine.id.in_(_MACHINES))
            for kind in kinds
        )
    )


def _newest(kind: str, before_ms: Any) -> ScalarSelect[int]:
    """The fact that a machine read last before a plant time."""
    read = aliased(SignalFact)
    return (
        select(read.id)
        .where(read.source == Machine.id, read.kind == kind, read.ts_ms < before_ms)
        .order_by(read.ts_ms.desc(), read.id.desc())
        .limit(1)
        .correlate(Machine)
        .scalar_subquery()
    )


def _ts(point: FactPoint) -> int:
    return point.ts_ms
