"""The judge: what the product concluded, against the spool's points and the world's own ledger."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from taktline.client import Api
from taktline.plant_time import epoch_ms

RATIO_LIMIT = 0.002  # 0.2 percentage points of availability, effectiveness and quality
LOSS_LIMIT = 0.01  # of planned time, each loss category
RATIOS = ("availability", "effectiveness", "quality")
LOSSES = (
    "breakdown",
    "setup",
    "waiting",
    "minor_stops",
    "reduced_speed",
    "startup_rejects",
    "production_rejects",
)

EVENT_METRICS = frozenset({"state", "good", "reject"})

Interval = tuple[int, int]
Point = tuple[str, int, int, str, int, float | str | None]
# (machine, window, covered) -> the ledger's own figures, with the names that the API uses
LedgerFigures = Callable[[str, Interval, Sequence[Interval]], Mapping[str, Any]]
# job, order, line; order and line are None for parts that the product could not link
PartKey = tuple[int, str | None, int | None]
# machine -> {key: (good, rejected)}
LedgerParts = Mapping[str, Mapping[PartKey, tuple[int, int]]]


@dataclass(slots=True)
class Verdict:
    """What was compared and what was found wrong; no damage means the product told the truth."""

    report: dict[str, Any] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)


def comparable(value: object) -> float | str | None:
    """Return a value in the one form that both sides are compared in."""
    if isinstance(value, int | float):
        return float(value)
    return None if value is None else str(value)


def compare_points(
    produced: Iterable[Sequence[Any]], stored: Iterable[Sequence[Any]], streams: set[str] | None = None
) -> Verdict:
    """Return how many points were lost, doubled or altered, by the set of their identities and values.

    Parameters
    ----------
    produced
        Rows that begin with stream, position, ord, tag, ts_ms, value: what the spools committed.
    stored
        Rows of the same beginning: what the store holds.
    streams
        When given, stored points of other streams (third parties) are left out.
    """
    wanted = {_point(row) for row in produced}
    found: Counter[Point] = Counter()
    for row in stored:
        if streams is None or row[0] in streams:
            found[_point(row)] += 1
    lost = wanted - found.keys()
    foreign = found.keys() - wanted
    doubled = sum(found.values()) - len(found)
    verdict = Verdict(
        {
            "produced": len(wanted),
            "stored": len(found),
            "lost": len(lost),
            "duplicated": doubled,
            "altered": len(foreign),
        }
    )
    for what, count, examples in (
        ("lost", len(lost), lost),
        ("duplicated", doubled, [point for point, times in found.items() if times > 1]),
        ("stored but never produced", len(foreign), foreign),
    ):
        if count:
            verdict.damage.append(f"points {what}: {count}, e.g. {next(iter(examples))}")
    return verdict


def _point(row: Sequence[Any]) -> Point:
    return (str(row[0]), int(row[1]), int(row[2]), str(row[3]), int(row[4]), comparable(row[5]))


def covered_intervals(states: Sequence[Mapping[str, Any]], window: Interval) -> list[Interval]:
    """Return where the product says it observed the machine: the window minus its `unobserved` segments."""
    covered: list[Interval] = []
    at = window[0]
    for segment in sorted(
        (row for row in states if row["state"] == "unobserved"), key=lambda row: row["start"]
    ):
        start, end = epoch_ms(segment["start"]), epoch_ms(segment["end"])
        if start > at:
            covered.append((at, start))
        at = max(at, end)
    if at < window[1]:
        covered.append((at, window[1]))
    return covered


def judge_machines(
    api: Api, machines: Sequence[str], window: Interval, iso: Callable[[int], str], ledger: LedgerFigures
) -> Verdict:
    """Return every machine's figures beside the ledger's, over the time that the product calls observed."""
    rows: list[dict[str, Any]] = []
    verdict = Verdict({"machines": rows, "losses_diff": 0.0})
    for machine in machines:
        answer = api.get("/oee", scope=f"machine:{machine}", start=iso(window[0]), end=iso(window[1]))
        row = answer["machines"][0]
        figure = row["figure"]
        covered = covered_intervals(row["states"], window)
        truth = ledger(machine, window, covered)
        names = (*RATIOS, "oee", "coverage", "good", "rejected")
        rows.append(
            {"id": machine}
            | {name: figure[name] for name in names}
            | {"ledger": {name: truth[name] for name in names}}
        )
        verdict.damage += _ratio_damage(machine, figure, truth)
        verdict.report["losses_diff"] = max(
            verdict.report["losses_diff"], _losses(machine, figure, truth, verdict.damage)
        )
    return verdict


def _ratio_damage(machine: str, figure: Mapping[str, Any], truth: Mapping[str, Any]) -> list[str]:
    damage = []
    for name in RATIOS:
        ours, theirs = figure[name], truth[name]
        if (ours is None) != (theirs is None) or (ours is not None and abs(ours - theirs) > RATIO_LIMIT):
            damage.append(f"{name} of {machine}: {ours} against {theirs} in the ledger")
    return damage + [
        f"{name} parts of {machine} in observed time: {figure[name]} against {truth[name]} in the ledger"
        for name in ("good", "rejected")
        if figure[name] != truth[name]
    ]


def _losses(machine: str, figure: Mapping[str, Any], truth: Mapping[str, Any], damage: list[str]) -> float:
    """Return the greatest difference of a loss category as a share of planned time."""
    planned = max(float(truth["observed_planned_s"]), 1.0)
    worst = 0.0
    for name in LOSSES:
        share = abs(figure["losses"][name] - truth["losses"][name]) / planned
        worst = max(worst, share)
        if share > LOSS_LIMIT:
            damage.append(
                f"loss {name} of {machine}: {figure['losses'][name]:.1f} s against "
                f"{truth['losses'][name]:.1f} s in the ledger"
            )
    return worst


def judge_parts(api: Api, window: Interval, iso: Callable[[int], str], ledger: LedgerParts) -> Verdict:
    """Return linked, unlinked and misattributed parts; every part must stand under its job and order."""
    # A reading speaks of the parts made up to its time, so one at the very end belongs to the window.
    rows = api.get("/production/counts-by-job", start=iso(window[0]), end=iso(window[1] + 1))
    ours: dict[str, dict[PartKey, tuple[int, int]]] = {}
    for row in rows:
        key: PartKey = (row["job"], row["order"], row["line"])
        ours.setdefault(row["machine"], {})[key] = (row["good"], row["rejected"])
    verdict = Verdict({"linked": 0, "unlinked": 0, "misattributed": 0})
    for machine in sorted({*ours, *ledger}):
        found, truth = ours.get(machine, {}), ledger.get(machine, {})
        for key, (good, rejected) in found.items():
            verdict.report["linked" if key[1] is not None else "unlinked"] += good + rejected
            true_good, true_rejected = truth.get(key, (0, 0))
            if key[1] is not None:
                verdict.report["misattributed"] += max(0, good - true_good) + max(0, rejected - true_rejected)
        for key in sorted({*found, *truth}, key=str):
            if found.get(key, (0, 0)) != truth.get(key, (0, 0)):
                verdict.damage.append(
                    f"parts of {machine} under job {key[0]}, order {key[1]}/{key[2]}: (good, rejected) "
                    f"{found.get(key, (0, 0))} against {truth.get(key, (0, 0))} in the ledger"
                )
    if verdict.report["unlinked"]:
        verdict.damage.append(f"parts without an order: {verdict.report['unlinked']}")
    if verdict.report["misattributed"]:
        verdict.damage.append(f"parts under a wrong order: {verdict.report['misattributed']}")
    return verdict


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value below which `share` (0-1) of the sorted values lie; None for no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def stored_after(
    rows: Sequence[Sequence[Any]], real_of: Callable[[int], float], origin_ms: int
) -> dict[str, float | None]:
    """Return p50 and p99 of the real seconds from a world event to its commit.

    Parameters
    ----------
    rows
        Stored points: stream, position, ord, tag, ts_ms, value, quality, committed_ms.
    real_of
        Real time in ms since the epoch of a plant time in ms.
    origin_ms
        Points at or before this plant time are left out: the clock stood still.
    """
    delays = [
        (row[7] - real_of(row[4])) / 1000
        for row in rows
        if row[4] > origin_ms and str(row[3]).rsplit("/", 1)[-1] in EVENT_METRICS
    ]
    return {"p50": _rounded(percentile(delays, 0.50)), "p99": _rounded(percentile(delays, 0.99))}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def judge_alarms(api: Api, wear: Mapping[str, Sequence[Interval]]) -> Verdict:
    """Return how many condition alarms were raised, and how many while the world's wear was under way.

    Parameters
    ----------
    api
        The product.
    wear
        By machine the intervals [onset, breakdown) in which the condition truly drifted.
    """
    raised = [row for row in _all_alarms(api) if row["kind"] == "condition_drift"]
    true = sum(
        any(start <= epoch_ms(row["raised"]) <= end for start, end in wear.get(row["machine"], ()))
        for row in raised
    )
    return Verdict({"alarms": {"raised": len(raised), "true": true, "false": len(raised) - true}})


def _all_alarms(api: Api) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after = ""
    while True:
        page = api.get("/alarms", state="all", limit=200, **({"after": after} if after else {}))
        rows += page["items"]
        if not page["next"]:
            return rows
        after = page["next"]
