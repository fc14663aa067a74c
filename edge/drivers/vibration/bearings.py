"""At which frequencies the defects of a rolling bearing knock."""

import math
from collections.abc import Mapping
from typing import Final


def defect_hz(
    *, balls: int, ball_mm: float, pitch_mm: float, contact_deg: float, rpm: float
) -> Mapping[str, float]:
    """Frequencies in Hz of `bpfo` (outer ring), `bpfi` (inner ring), `bsf` (ball), `ftf` (cage).

    With γ = d/D·cos φ, n balls and shaft frequency f: BPFO = n/2·f(1 − γ), BPFI = n/2·f(1 + γ),
    BSF = D/(2d)·f(1 − γ²), FTF = f/2(1 − γ); the outer ring stands (Randall and Antoni, Mech. Syst. Signal
    Process. 25, 2011, eqs. 1–4). Real bearings slip by 1 or 2 %. For the SKF 6205 of Case Western Reserve's
    bearing data (9 balls of 7.94 mm on 39.04 mm) at 60 rpm: BPFO 3.585, BPFI 5.415, BSF 2.357 (they list
    4.7135, the ball hitting both rings), FTF 0.3983.
    """
    ratio = ball_mm / pitch_mm * math.cos(math.radians(contact_deg))
    shaft_hz = rpm / SECONDS
    return {
        "bpfo": balls / 2 * shaft_hz * (1 - ratio),
        "bpfi": balls / 2 * shaft_hz * (1 + ratio),
        "bsf": pitch_mm / (2 * ball_mm) * shaft_hz * (1 - ratio * ratio),
        "ftf": shaft_hz / 2 * (1 - ratio),
    }


SECONDS: Final = 60.0
