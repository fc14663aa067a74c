"""Figures and segments as the API shows them."""

from collections.abc import Mapping, Sequence

from cloud.oee.queries.origin import Origin
from cloud.oee.schemas import (
    ChangeoverOut,
    Figure,
    JobSegment,
    Losses,
    OeeTrendPoint,
    Provenance,
    StateSegment,
)
from cloud.plant import queries as plant
from cloud.plant.schemas import Name, iso, iso_or_none
from cloud.production.queries import OperationInfo
from models.oee import losses as models
from models.oee.changeovers import changeovers
from models.oee.indicators import indicators_of
from models.oee.losses import in_parts
from models.oee.policies import ISO22400, Policy
from models.oee.result import MachineResult
from models.oee.score import Tally, total
from models.oee.timeline import Interval


def figure(
    tally: Tally,
    policy: Policy = ISO22400,
    *,
    calendar_ms: int = 0,
    takt_adherence: float | None = None,
) -> Figure:
    """A tally as the API shows it; `calendar_ms` is all the time there was, `takt_adherence` of `Takts`."""
    score = policy.score(tally)
    lost = policy.losses(tally)
    parts = in_parts(lost, tally)
    return Figure(
        availability=score.availability,
        effectiveness=score.effectiveness,
        quality=score.quality,
        oee=score.oee,
        quality_plain=score.quality_plain,
        coverage=score.coverage,
        planned_s=tally.planned_ms / 1000,
        observed_planned_s=tally.observed_ms / 1000,
        production_s=tally.production_ms / 1000,
        unobserved_s=tally.unobserved_ms / 1000,
        break_s=tally.break_ms / 1000,
        good=tally.good,
        rejected=tally.rejected,
        reworked=tally.reworked,
        losses=_losses(lost),
        losses_parts=None if parts is None else _losses(parts),
        indicators=indicators_of(tally, calendar_ms, takt_adherence),
        flags=list(score.flags),
    )


def _losses(lost: models.Losses) -> Losses:
    return Losses(
        planned_downtime=lost.planned_downtime_s,
        breakdown=lost.breakdown_s,
        setup=lost.setup_s,
        waiting=lost.waiting_s,
        minor_stops=lost.minor_stops_s,
        reduced_speed=lost.reduced_speed_s,
        startup_rejects=lost.startup_rejects_s,
        production_rejects=lost.production_rejects_s,
        rework=lost.rework_s,
    )


def changes(result: MachineResult, operations: Mapping[int, OperationInfo]) -> list[ChangeoverOut]:
    """The changes of product of a result."""
    product_of = {job: operation.product for job, operation in operations.items()}
    return [
        ChangeoverOut(
            start=iso(change.start_ms),
            end=iso(change.end_ms),
            from_product=change.from_product,
            to_product=change.to_product,
            length_s=change.length_ms / 1000,
            setup_s=change.setup_ms / 1000,
            done=change.is_done,
        )
        for change in changeovers(result, product_of)
    ]


def states(result: MachineResult) -> list[StateSegment]:
    """The state segments of a result."""
    return [
        StateSegment(
            start=iso(segment.start_ms),
            end=iso(segment.end_ms),
            state=segment.state,
            category=segment.category,
            planned=segment.planned,
            stop_s=segment.stop_s,
        )
        for segment in result.segments
    ]


def jobs(result: MachineResult, operations: Mapping[int, OperationInfo]) -> list[JobSegment]:
    """What ran; time without a job is left out unless parts were counted in it."""
    shown = []
    for span in result.jobs:
        if not (span.job or span.good or span.rejected):
            continue
        operation = operations.get(span.job)
        shown.append(
            JobSegment(
                start=iso(span.start_ms),
                end=iso(span.end_ms),
                job=span.job,
                order=operation.order if operation else None,
                customer=operation.customer if operation else None,
                customer_name=_name(operation.customer_name) if operation else None,
                product=operation.product if operation else None,
                ideal_cycle_s=span.ideal_cycle_s,
                good=span.good,
                rejected=span.rejected,
            )
        )
    return shown


def _name(names: plant.Names) -> Name:
    return Name(zh=names.zh, en=names.en)


def trend_point(results: Sequence[MachineResult], hour: Interval, policy: Policy) -> OeeTrendPoint:
    """The figures of several results over one hour."""
    score = policy.score(total(result.tally(*hour) for result in results))
    return OeeTrendPoint(
        start=iso(hour[0]),
        end=iso(hour[1]),
        availability=score.availability,
        effectiveness=score.effectiveness,
        quality=score.quality,
        oee=score.oee,
        coverage=score.coverage,
    )


def provenance(origin: Origin) -> Provenance:
    """Where a figure comes from, as the API says it."""
    return Provenance(
        from_totals=origin.from_totals,
        reckoned=origin.reckoned,
        computed=iso_or_none(origin.computed_ms),
        changed=iso_or_none(origin.changed_ms),
        why=origin.why,
    )
