"""What the downtime slice announces: windows in which reasons of stops say something else now."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy.orm import Session

from cloud.outbox import announce

DOWNTIME_CORRECTED: Final = "DowntimeCorrected"


def announce_windows(session: Session, windows: Mapping[str, tuple[int, int]]) -> None:
    """Nothing comes back; `{"windows": {machine: [since_ms, until_ms]}}` is announced with the change."""
    if windows:
        payload = {machine: list(window) for machine, window in windows.items()}
        announce(session, DOWNTIME_CORRECTED, {"windows": payload})
