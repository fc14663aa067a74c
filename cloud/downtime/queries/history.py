"""How the stops of a machine came to say what they say."""

from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.downtime import schemas
from cloud.downtime.queries.stops import correction, stops_in
from cloud.downtime.tables import DowntimeCorrection
from cloud.plant import queries as plant
from cloud.plant.schemas import iso
from models.oee.downtime import Stop
from models.oee.timeline import Interval

# Plant time, 0 = said and 1 = withdrawn, the correction.
_Event = tuple[int, int, DowntimeCorrection]


def changes_out(session: Session, machine: str, window: Interval, now_ms: int) -> list[schemas.ChangeOut]:
    """What people changed about the stops of a window, the newest first.

    Each change is shown on the readings that are known today: what the corrections before it made of them,
    and what it made of that.
    """
    [found] = stops_in(session, [plant.machine(session, machine)], window, now_ms)
    since = min([window[0], *(run.start_ms for run in found.runs[:1])])
    until = max([window[1], *(run.end_ms for run in found.runs[-1:])])
    standing: dict[int, DowntimeCorrection] = {}
    shown: list[schemas.ChangeOut] = []

    def stops() -> list[Stop]:
        return found.refold([correction(each) for each in standing.values()])

    for at_ms, is_withdrawal, row in _events(_rows(session, machine, since, until)):
        is_shown = row.start_ms <= window[1] and window[0] <= row.end_ms
        before = stops() if is_shown else []
        if is_withdrawal:
            standing.pop(row.id, None)
        else:
            standing[row.id] = row
        if not is_shown:
            continue
        after = stops()
        shown.append(
            schemas.ChangeOut(
                number=row.id,
                kind="withdraw" if is_withdrawal else row.kind,  # type: ignore[arg-type]  # written checked
                by=(row.withdrawn_by or "") if is_withdrawal else row.username,
                at=iso(at_ms),
                text=row.text,
                before=_shapes(before, row),
                after=_shapes(after, row),
                may_withdraw=not is_withdrawal and row.withdrawn_ms is None,
            )
        )
    return shown[::-1]


def recent_reasons(session: Session, machine: str, limit: int) -> list[str]:
    """The reasons that people gave on a machine, the one given last first."""
    row = DowntimeCorrection
    said = select(row.reason_id).where(
        row.machine == machine, row.kind == "assign", row.reason_id.is_not(None), row.withdrawn_ms.is_(None)
    )
    found = session.scalars(said.order_by(row.id.desc()).limit(_LOOKED_AT))
    return list(dict.fromkeys(reason for reason in found if reason is not None))[:limit]


_LOOKED_AT = 300


def _rows(session: Session, machine: str, since: int, until: int) -> Sequence[DowntimeCorrection]:
    row = DowntimeCorrection
    query = select(row).where(row.machine == machine, row.end_ms >= since, row.start_ms <= until)
    return session.scalars(query).all()


def _events(rows: Iterable[DowntimeCorrection]) -> list[_Event]:
    events: list[_Event] = []
    for row in rows:
        events.append((row.said_ms, 0, row))
        if row.withdrawn_ms is not None:
            events.append((row.withdrawn_ms, 1, row))
    # Of one instant what was said stands before what was taken back.
    return sorted(events, key=lambda event: (event[0], event[1], event[2].id))


def _shapes(stops: Iterable[Stop], row: DowntimeCorrection) -> list[schemas.StopShape]:
    if row.kind == "note":
        return []
    since, until = (row.start_ms, row.end_ms) if row.kind != "split" else (row.start_ms - 1, row.end_ms + 1)
    return [
        schemas.StopShape(
            start=iso(stop.start_ms),
            end=iso(stop.end_ms),
            state=stop.state,
            reason=stop.reason,
            source=stop.source,
        )
        for stop in stops
        if not stop.is_minor and stop.start_ms < until and since < stop.end_ms
    ]
