"""The indicators beside OEE, out of the same tally."""

from dataclasses import dataclass

from models.oee.score import Tally


@dataclass(frozen=True, slots=True)
class Indicators:
    """Indicators beside OEE: ratios 0-1, mean times in s; None where the denominator is zero or not said.

    `teep` needs the calendar's time; `takt_adherence` is `models.oee.takt`'s.
    """

    teep: float | None
    nee: float | None
    technical_efficiency: float | None
    utilization_efficiency: float | None
    allocation_ratio: float | None
    setup_ratio: float | None
    mtbf_s: float | None
    mttr_s: float | None
    mttf_s: float | None
    failures: int
    setups: int
    mean_setup_s: float | None
    scrap_ratio: float | None
    rework_ratio: float | None
    first_pass_yield: float | None
    takt_adherence: float | None


def indicators_of(tally: Tally, calendar_ms: int = 0, takt_adherence: float | None = None) -> Indicators:
    """The indicators of a tally.

    Parameters
    ----------
    tally
        Sums of one machine or of many.
    calendar_ms
        All the time there was, machine by machine: the length of the window times the machines; 0 = not said.
    takt_adherence
        As `takt_adherence` of `models.oee.takt` gives it; the sum over the machines of a line does not say
        what the line finished.

    Notes
    -----
    TEEP = ideal time of good parts ÷ calendar time, so OEE × (PBT ÷ calendar time). After ISO 22400-2 (its
    terms as in OPC 40001-1): NEE = AUPT/PBT × effectiveness × quality with AUPT = APT + setup time; technical
    efficiency = APT/(APT + ADET), ADET the breakdowns; setup ratio = AUST/AUPT; utilization efficiency =
    APT/AUBT and allocation ratio = AUBT/PBT, AUBT the observed planned time in which the machine was not
    waiting. MTTF = APT ÷ failures, MTTR = breakdown time ÷ failures, MTBF = MTTF + MTTR (ISO 22400-2: time
    between failures is time to failure and time to restore). A failure counts where it begins. First pass
    yield = (good − reworked) ÷ all parts.

    Example: PBT 420 min, APT 373 min, two breakdowns of 47 min together: MTTF 186.5, MTTR 23.5, MTBF 210 min;
    with 18,848 good parts of 1 s in a day of 1,440 min: TEEP 18,848 ÷ 86,400 = .218148.
    """
    apt, pbt = tally.production_ms, tally.observed_ms
    aupt, aubt = apt + tally.setup_ms, pbt - tally.waiting_ms
    ideal_good_ms = tally.ideal_good_s * 1000
    effective = _ratio(ideal_good_ms, apt)
    parts = tally.good + tally.rejected
    return Indicators(
        teep=_ratio(ideal_good_ms, calendar_ms),
        nee=None if effective is None or pbt <= 0 else aupt / pbt * effective,
        technical_efficiency=_ratio(apt, apt + tally.breakdown_ms),
        utilization_efficiency=_ratio(apt, aubt),
        allocation_ratio=_ratio(aubt, pbt),
        setup_ratio=_ratio(tally.setup_ms, aupt),
        mtbf_s=_ratio((apt + tally.breakdown_ms) / 1000, tally.failures),
        mttr_s=_ratio(tally.breakdown_ms / 1000, tally.failures),
        mttf_s=_ratio(apt / 1000, tally.failures),
        failures=tally.failures,
        setups=tally.setups,
        mean_setup_s=_ratio(tally.setup_ms / 1000, tally.setups),
        scrap_ratio=_ratio(tally.rejected, parts),
        rework_ratio=_ratio(tally.reworked, parts),
        first_pass_yield=_ratio(tally.good - tally.reworked, parts),
        takt_adherence=takt_adherence,
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
