"""Where the time went: stops summed up by reason, machine or loss category."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy.orm import Session

from cloud.downtime import schemas
from cloud.downtime.queries.page import category_of
from cloud.downtime.queries.reasons import ReasonTree, tree
from cloud.downtime.queries.stops import MachineStops, stops_in
from cloud.orders import queries as orders
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso
from cloud.production.queries import operations_by_job
from models import money
from models.oee.downtime import Stop
from models.oee.timeline import Interval

By = Literal["reason", "machine", "category"]
Measure = Literal["minutes", "count", "customer_impact"]
MINOR = "minor_stops"
ORDERS_SHOWN = 5
HOUR_MS = 3_600_000


@dataclass(slots=True)
class _Sum:
    """Stops of one bar; `held` is lost time (ms) by order line."""

    lost_ms: int = 0
    count: int = 0
    held: dict[int, int] = field(default_factory=dict)


def pareto(
    session: Session, scope: str, window: Interval, now_ms: int, *, by: By, measure: Measure
) -> schemas.ParetoOut:
    """The stops of a scope inside a window summed up, greatest first by the measure."""
    reasons = tree(session)
    found = stops_in(session, plant.machines_of(session, scope), window, now_ms)
    jobs = {each.job(stop) for each in found for stop in each.stops}
    operations = operations_by_job(session, jobs)
    lines = orders.lines(session, (operation.order_line_id for operation in operations.values()))
    sums: dict[str | None, _Sum] = {}
    bare_ms = explained_ms = without_order_ms = 0
    for each in found:
        for stop in each.stops:
            lost_ms = each.lost_inside_ms(stop)
            if not lost_ms:
                continue
            bar = sums.setdefault(_key(each, stop, reasons, by), _Sum())
            bar.lost_ms += lost_ms
            bar.count += 1
            if not stop.is_minor:
                bare_ms += lost_ms if stop.reason is None else 0
                explained_ms += 0 if stop.reason is None else lost_ms
            operation = operations.get(each.job(stop))
            if operation is None:
                without_order_ms += lost_ms
            else:
                line = operation.order_line_id
                bar.held[line] = bar.held.get(line, 0) + lost_ms
    names = _namer(session, reasons, by)
    currency = plant.site(session).currency
    impacts = {key: _impact(bar, lines, currency) for key, bar in sums.items()}
    bars = _bars(sums, lines, names, measure, impacts)
    return schemas.ParetoOut(
        start=iso(window[0]),
        end=iso(window[1]),
        by=by,
        measure=measure,
        currency=currency,
        bars=bars,
        minutes=sum(bar.minutes for bar in bars),
        count=sum(bar.count for bar in bars),
        impact=sum(bar.impact for bar in bars),
        unassigned_share=bare_ms / (bare_ms + explained_ms) if bare_ms + explained_ms else None,
        without_order_minutes=without_order_ms / 60_000,
    )


def _key(found: MachineStops, stop: Stop, reasons: ReasonTree, by: By) -> str | None:
    if by == "machine":
        return found.machine.id
    if stop.is_minor:
        return MINOR
    if by == "reason":
        return stop.reason
    return category_of(stop, reasons)


def _namer(session: Session, reasons: ReasonTree, by: By) -> Callable[[str | None], Name | None]:
    names: dict[str, Name] = {}
    if by == "machine":
        names = {each.id: Name(zh=each.name.zh, en=each.name.en) for each in plant.machines(session)}
    elif by == "reason":
        names = {row.id: Name(zh=row.name_zh, en=row.name_en) for row in reasons.rows.values()}
    return lambda key: names.get(key or "")


def _bars(
    sums: Mapping[str | None, _Sum],
    lines: Mapping[int, orders.Line],
    names: Callable[[str | None], Name | None],
    measure: Measure,
    impacts: Mapping[str | None, float],
) -> list[schemas.ParetoBar]:
    measured = {
        key: {"minutes": bar.lost_ms / 60_000, "count": bar.count, "customer_impact": impacts[key]}[measure]
        for key, bar in sums.items()
    }
    whole = sum(measured.values())
    running = 0.0
    bars = []
    for key in sorted(sums, key=lambda key: (-measured[key], key or "")):
        bar = sums[key]
        running += measured[key]
        held = sorted(bar.held, key=lambda line: -bar.held[line])
        bars.append(
            schemas.ParetoBar(
                key=key,
                name=names(key),
                minutes=bar.lost_ms / 60_000,
                count=bar.count,
                impact=impacts[key],
                orders=[_held(lines[line], bar.held[line]) for line in held[:ORDERS_SHOWN]],
                orders_total=len({lines[line].order for line in held}),
                customers_total=len({lines[line].customer for line in held}),
                share=measured[key] / whole if whole else None,
                cumulative=running / whole if whole else None,
            )
        )
    return bars


def _value_minor(line: orders.Line) -> int:
    return round(line.quantity * line.price_minor)


def _impact(bar: _Sum, lines: Mapping[int, orders.Line], currency: str) -> float:
    """Currency units × hours."""
    held = ((_value_minor(lines[line]), lost) for line, lost in bar.held.items())
    return sum(money.units(value, currency) * lost / HOUR_MS for value, lost in held)


def _held(line: orders.Line, lost_ms: int) -> schemas.HeldOrder:
    return schemas.HeldOrder(
        order=line.order,
        line=line.line,
        customer=line.customer,
        customer_name=Name(zh=line.customer_name.zh, en=line.customer_name.en),
        hours=lost_ms / HOUR_MS,
        value_minor=_value_minor(line),
    )
