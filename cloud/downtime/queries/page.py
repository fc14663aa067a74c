"""Stops and corrections as the API lists them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.downtime import schemas
from cloud.downtime.queries.reasons import ReasonTree, tree
from cloud.downtime.queries.stops import POLICY, MachineStops, correction, stops_in
from cloud.downtime.tables import DowntimeCorrection
from cloud.errors import Invalid
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso
from cloud.production.queries import OperationInfo, operations_by_job
from models.oee.downtime import Stop, fates
from models.oee.downtime import category_of as counts_as
from models.oee.timeline import Interval

UNASSIGNED = "unassigned"
ASSIGNED = "assigned"


@dataclass(frozen=True, slots=True)
class StopFilter:
    """Which stops are listed.

    A reason that is a group means all below it, `unassigned` those that lost time
    without a reason, `assigned` those with one.
    """

    min_s: float | None = None
    state: str | None = None
    reason: str | None = None
    category: str | None = None


def downtime_page(
    session: Session,
    scope: str,
    window: Interval,
    now_ms: int,
    *,
    wanted: StopFilter,
    limit: int,
    after: str | None,
) -> schemas.DowntimePage:
    """The stops of a scope that overlap the window, newest first; `after` is `next` of the page before."""
    reasons = tree(session)
    found = stops_in(session, plant.machines_of(session, scope), window, now_ms)
    lets = _filter(wanted, reasons)
    listed = [(each, stop) for each in found for stop in each.stops if not stop.is_minor and lets(each, stop)]
    listed.sort(key=_place)
    bare = [(each, stop) for each, stop in listed if stop.reason is None and each.lost_ms(stop)]
    begin = _cursor(after) if after else None
    rest = listed if begin is None else [pair for pair in listed if _place(pair) > begin]
    shown = rest[:limit]
    last = shown[-1] if len(rest) > limit else None
    return schemas.DowntimePage(
        start=iso(window[0]),
        end=iso(window[1]),
        items=shown_stops(session, shown, reasons),
        minor=_minor(found, lets),
        total=len(listed),
        lost_s=sum(each.lost_ms(stop) for each, stop in listed) / 1000,
        unassigned=len(bare),
        unassigned_s=sum(each.lost_ms(stop) for each, stop in bare) / 1000,
        next=f"{last[1].start_ms}:{last[0].machine.id}" if last else None,
    )


def corrections_out(
    session: Session, scope: str, window: Interval, now_ms: int
) -> list[schemas.CorrectionOut]:
    """What was said about the stops of a window, newest first, and what became of it."""
    machines = plant.machines_of(session, scope)
    fate: dict[int, str] = {}
    for each in stops_in(session, machines, window, now_ms):
        said = [correction(row) for row in each.corrections]
        fate |= fates(each.runs, each.stops, said, POLICY)
    row = DowntimeCorrection
    query = select(row).where(
        row.machine.in_([machine.id for machine in machines]),
        row.start_ms < window[1],
        # Of a stop that ended as the window began nothing is shown here; a split is of one instant.
        (row.end_ms > window[0]) | ((row.kind == "split") & (row.end_ms == window[0])),
    )
    return [
        schemas.CorrectionOut(
            number=each.id,
            machine=each.machine,
            kind=each.kind,  # type: ignore[arg-type]  # written checked
            start=iso(each.start_ms),
            end=iso(each.end_ms),
            reason=each.reason_id,
            text=each.text,
            by=each.username,
            at=iso(each.said_ms),
            fate=_fate(each, fate),  # type: ignore[arg-type]
            withdrawn_by=each.withdrawn_by,
        )
        for each in session.scalars(query.order_by(row.id.desc()))
    ]


def _fate(row: DowntimeCorrection, fate: Mapping[int, str]) -> str:
    return "withdrawn" if row.withdrawn_ms is not None else fate.get(row.id, "unmatched")


def _filter(wanted: StopFilter, reasons: ReasonTree) -> Callable[[MachineStops, Stop], bool]:
    if wanted.reason not in {None, UNASSIGNED, ASSIGNED} and wanted.reason not in reasons.rows:
        message = f"{wanted.reason!r} is neither {UNASSIGNED!r}, {ASSIGNED!r} nor a reason"
        raise Invalid(f"reason: {message}", errors=[{"where": "reason", "message": message}])

    def has_reason(found: MachineStops, stop: Stop) -> bool:
        if wanted.reason == UNASSIGNED:
            return stop.reason is None and found.lost_ms(stop) > 0
        if wanted.reason == ASSIGNED:
            return stop.reason is not None
        return stop.reason is not None and any(row.id == wanted.reason for row in reasons.path(stop.reason))

    def lets(found: MachineStops, stop: Stop) -> bool:
        return (
            (wanted.min_s is None or stop.length_ms >= wanted.min_s * 1000)
            and (wanted.state is None or stop.state == wanted.state)
            and (wanted.category is None or category_of(stop, reasons) == wanted.category)
            and (wanted.reason is None or has_reason(found, stop))
        )

    return lets


def _place(pair: tuple[MachineStops, Stop]) -> tuple[int, str]:
    """Where a stop stands in the list."""
    return -pair[1].start_ms, pair[0].machine.id


def _cursor(after: str) -> tuple[int, str]:
    """The place of the last stop of the page before."""
    start, _, machine = after.partition(":")
    if not (start.isascii() and start.isdigit() and machine):
        raise Invalid(f"after: {after!r} is not the `next` of a page", code="bad_cursor")
    return -int(start), machine


def _minor(
    found: Iterable[MachineStops], lets: Callable[[MachineStops, Stop], bool]
) -> list[schemas.MinorGroup]:
    groups: dict[tuple[str, str, str | None], list[int]] = {}
    for each in found:
        for stop in each.stops:
            if stop.is_minor and lets(each, stop):
                groups.setdefault((each.machine.id, stop.state, stop.reason), []).append(stop.length_ms)
    return [
        schemas.MinorGroup(
            machine=machine, state=state, reason=reason, count=len(lengths), seconds=sum(lengths) / 1000
        )
        for (machine, state, reason), lengths in sorted(groups.items(), key=lambda item: -sum(item[1]))
    ]


def shown_stops(
    session: Session, pairs: Iterable[tuple[MachineStops, Stop]], reasons: ReasonTree
) -> list[schemas.StopOut]:
    """Stops with their machines as the API shows them."""
    pairs = list(pairs)
    operations = operations_by_job(session, {each.job(stop) for each, stop in pairs})
    return [stop_out(each, stop, reasons, operations) for each, stop in pairs]


def category_of(stop: Stop, reasons: ReasonTree) -> str:
    """The loss that a stop counts as: by its reason, else by its state."""
    return counts_as(stop, reasons.category, POLICY)


def stop_out(
    found: MachineStops, stop: Stop, reasons: ReasonTree, operations: Mapping[int, OperationInfo]
) -> schemas.StopOut:
    """A stop as the API shows it."""
    said = {row.id: row for row in found.corrections}
    before = next(
        (one for one in found.around if one.end_ms == stop.start_ms and found.is_watched(one)), None
    )
    after = next((one for one in found.around if one.start_ms == stop.end_ms and found.is_watched(one)), None)
    job = found.job(stop)
    operation = operations.get(job)
    return schemas.StopOut(
        machine=found.machine.id,
        start=iso(stop.start_ms),
        end=iso(stop.end_ms),
        ongoing=found.is_ongoing(stop),
        state=stop.state,
        duration_s=stop.length_ms / 1000,
        lost_s=found.lost_ms(stop) / 1000,
        category=category_of(stop, reasons),
        reason=stop.reason,
        source=stop.source,
        correction=stop.correction,
        by=said[stop.correction].username if stop.correction in said else None,
        notes=[
            schemas.NoteOut(
                number=number, text=said[number].text, by=said[number].username, at=iso(said[number].said_ms)
            )
            for number in stop.notes
        ],
        joins_before=before is not None,
        joins_after=after is not None,
        joins_from=None if before is None else iso(before.start_ms),
        joins_to=None if after is None else iso(after.end_ms),
        job=job,
        order=operation.order if operation else None,
        customer_name=Name(zh=operation.customer_name.zh, en=operation.customer_name.en)
        if operation
        else None,
        product=operation.product if operation else None,
    )
