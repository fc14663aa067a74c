"""`taktline oee explain`: what a figure was made of, read from the cloud's own database."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.errors import CloudError
from cloud.oee import queries
from cloud.oee.schemas import Figure, OeeExplained, OeeOut
from cloud.settings import Settings, SettingsWrong

WRONG = 2
RATIOS = ("oee", "availability", "effectiveness", "quality", "coverage")

app = typer.Typer(
    help="Open the OEE figures of a cloud.", no_args_is_help=True, pretty_exceptions_enable=False
)


@app.callback()
def oee() -> None:
    """Open the OEE figures of a cloud, whose settings are in the environment (TAKTLINE_DATA, …)."""


@app.command()
def explain(
    scope: Annotated[str, typer.Option(help="site, line:ID or machine:ID; a machine opens to its readings")],
    since: Annotated[str, typer.Option("--from", help="ISO 8601 with zone")],
    until: Annotated[str, typer.Option("--to", help="ISO 8601 with zone")],
    policy: Annotated[str, typer.Option(help="iso22400, vorne or point85")] = "iso22400",
    by: Annotated[
        str | None, typer.Option(help="hour, shift, day, week, machine, line or product: a figure of each")
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="the whole as one JSON document")] = False,
) -> None:
    """Print the figure that `/api/v1/oee` gives, and what it was made of.

    A machine's opens to its segments, losses, parts, coverage, corrections and raw readings; a line's or the
    site's to the figures of its machines, and with --by to those of each group.
    """
    try:
        settings = Settings.from_environment()
        db = Database(settings.url)
        now_ms = settings.plant_clock().now_ms()
        with db.read() as session:
            explained = _explained(session, scope, (since, until), now_ms, policy=policy, by=by)
        db.dispose()
    except (CloudError, SettingsWrong) as wrong:
        sys.stderr.write(f"{wrong}\n")
        raise typer.Exit(WRONG) from None
    if as_json:
        sys.stdout.write(explained.model_dump_json(indent=2) + "\n")
    else:
        shown = lines(explained) if isinstance(explained, OeeExplained) else lines_of_many(explained)
        sys.stdout.write("\n".join(shown) + "\n")


def _explained(
    session: Session, scope: str, ends: tuple[str, str], now_ms: int, *, policy: str, by: str | None
) -> OeeExplained | OeeOut:
    chosen = queries.policy_named(policy)
    most_days = queries.LONGEST_DAYS if by in {None, "hour"} else queries.LONGEST_DAYS_OF_TOTALS
    window = queries.window_between(*ends, now_ms, most_days)
    if by is not None:
        return queries.oee_by(session, scope, window, by, now_ms, policy=chosen)
    if scope.startswith("machine:"):
        return queries.explain(session, scope, window, now_ms, policy=chosen)
    return queries.oee(session, scope, window, now_ms, policy=chosen)


def lines(explained: OeeExplained) -> Iterator[str]:
    """The explanation line by line, as a person reads it: the figure first, raw readings last."""
    yield f"{explained.machine}  {explained.start} – {explained.end}"
    yield f"policy {explained.policy}, version {explained.policy_version}"
    yield from _scored(explained.figure, explained.policy)
    yield from _laid_out(explained)
    yield from _counted(explained)


def lines_of_many(oee: OeeOut) -> Iterator[str]:
    """A figure that is summed up, then those that it is summed up of: machines, constraint, groups."""
    yield f"{oee.scope}  {oee.start} – {oee.end}"
    yield f"policy {oee.policy}, version {queries.policy_named(oee.policy).version}"
    yield from _scored(oee.figure, oee.policy)
    head = f"{', '.join(RATIOS)}, PBT s, APT s, breaks s, good, rejected, reworked"
    if oee.by is not None:
        yield from _table(
            f"by {oee.by}: key, from, to, {head}",
            ((group.key or "-", group.start, group.end, *_row(group.figure)) for group in oee.groups),
        )
        return
    yield from _table(
        f"machines, each opens with --scope machine:ID: {head}",
        ((each.machine, *_row(each.figure)) for each in oee.machines),
    )
    if oee.constraint is not None:
        how = "named" if oee.constraint.named else "most ideal time per machine"
        yield from _table(
            f"constraint, {how}: station, machines, {head}",
            [(oee.constraint.station, "+".join(oee.constraint.machines), *_row(oee.constraint.figure))],
        )


def _row(figure: Figure) -> Iterator[str]:
    yield from (_ratio(getattr(figure, name)) for name in RATIOS)
    yield from (f"{s:.3f}" for s in (figure.observed_planned_s, figure.production_s, figure.break_s))
    yield from (str(parts) for parts in (figure.good, figure.rejected, figure.reworked))


def _scored(figure: Figure, policy: str) -> Iterator[str]:
    for name in RATIOS:
        yield f"  {name:<16}{_ratio(getattr(figure, name))}"
    yield f"  {'planned':<16}{figure.planned_s:.3f} s, observed {figure.observed_planned_s:.3f} s (PBT)"
    yield f"  {'breaks':<16}{figure.break_s:.3f} s observed, planned stops among them"
    yield f"  {'production':<16}{figure.production_s:.3f} s (APT)"
    yield f"  {'parts':<16}{figure.good} good, {figure.rejected} rejected, {figure.reworked} reworked"
    yield f"  {'flags':<16}{', '.join(figure.flags) or 'none'}"
    yield from _lost(figure, policy)


def _lost(figure: Figure, policy: str) -> Iterator[str]:
    in_parts = figure.losses_parts.model_dump() if figure.losses_parts else {}
    yield from _table(
        f"losses by {policy}: category, s, parts",
        (
            (name, f"{lost:.3f}", f"{in_parts[name]:.2f}" if in_parts else "-")
            for name, lost in figure.losses.model_dump().items()
        ),
    )
    yield from _table(
        "indicators",
        ((name, "-" if value is None else f"{value:g}") for name, value in asdict(figure.indicators).items()),
    )


def _laid_out(explained: OeeExplained) -> Iterator[str]:
    yield from _table("planned", ((span.start, span.end) for span in explained.planned))
    yield from _table("breaks", ((span.start, span.end) for span in explained.breaks))
    yield from _table("planned stops", ((span.start, span.end) for span in explained.planned_stops))
    yield from _table("watched", ((span.start, span.end) for span in explained.watched))
    yield from _table(
        "state segments",
        (
            (s.start, s.end, s.state, s.category, "planned" if s.planned else "not planned")
            for s in explained.states
        ),
    )
    yield from _table(
        "jobs: good, rejected",
        (
            (j.start, j.end, j.job, j.order or "-", j.product or "-", j.good, j.rejected)
            for j in explained.jobs
        ),
    )


def _counted(explained: OeeExplained) -> Iterator[str]:
    yield from _table(
        "parts that count: good, rejected, job, ideal cycle in s",
        (
            (p.at, p.good, p.rejected, p.job, p.ideal_cycle_s, "start-up" if p.startup else "")
            for p in explained.parts
        ),
    )
    yield from _table(
        "scrap charged back: quantity, job, reason, who",
        (
            (c.at, c.quantity, c.job, c.reason, c.username, "withdrawn" if c.withdrawn else "")
            for c in explained.charges
        ),
    )
    yield from _table(
        "said about its stops: kind, from, to, reason, who, what became of it",
        (
            (c.kind, c.start, c.end, c.reason or "-", c.by, c.fate, c.withdrawn_by or "")
            for c in explained.corrections
        ),
    )
    yield from _table(
        "kept shifts: last changed, why, revision, agrees with the facts",
        (
            (
                k.start,
                k.shift,
                k.changed or "-",
                k.why or "-",
                k.revision,
                "stale or cut" if k.agrees is None else k.agrees,
            )
            for k in explained.shifts
        ),
    )
    yield from _table(
        "readings: stream, position, ord",
        (
            (e.at, e.kind, e.text if e.value is None else f"{e.value:g}", e.stream, e.position, e.ord)
            for e in explained.events
        ),
    )


def _ratio(value: float | None) -> str:
    return "none" if value is None else f"{value:.6f}"


def _table(title: str, rows: Any) -> Iterator[str]:
    yield f"{title}:"
    is_empty = True
    for row in rows:
        is_empty = False
        yield "  " + "  ".join(str(cell) for cell in row).rstrip()
    if is_empty:
        yield "  none"
