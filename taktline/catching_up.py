"""How far a long history has come: from the gateways' spools through the store to facts."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from edge.spool_opening import SpoolWrong
from edge.spool_reader import SpoolReader
from taktline.client import Api, ApiRefused

EVERY_S = 5.0
NEARLY_NONE = 50  # events that come and go with what is live
STEP = 0.05


class Progress(NamedTuple):
    """Share (0-1) of the history's batches that is stored, and whether all of it is worked in."""

    stored: float
    is_worked_in: bool


def stored_share(spools: Mapping[str, Path]) -> float:
    """Return the share of batches with a receipt, over all streams but each spool's newest."""
    done = whole = 0
    for path in spools.values():
        reader = SpoolReader(path)
        try:
            for stream in reader.streams()[:-1]:
                done += min(stream.receipted, stream.last)
                whole += stream.last
        finally:
            reader.close()
    return done / whole if whole else 1.0


class CatchingUp:
    """Tells how a history comes in, a line at a time, until it is all there."""

    def __init__(self, spools: Mapping[str, Path], api: Api, say: Callable[[str], None]) -> None:
        self._spools = spools
        self._api = api
        self._say = say
        self._told = 0.0
        self._next_s = 0.0
        self.is_over = False

    def look(self, now_s: float) -> None:
        """Say how far it is when that is news; `now_s` is monotonic."""
        if self.is_over or now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        try:
            progress = self._progress()
        except (SpoolWrong, ApiRefused):
            return  # a program is being started again
        if progress.is_worked_in:
            self.is_over = True
            self._say("  The history is complete: every figure now stands on all of it.")
        elif progress.stored >= self._told + STEP:
            self._told = progress.stored
            self._say(f"  … {progress.stored:.0%} of the history has arrived")

    def _progress(self) -> Progress:
        stored = stored_share(self._spools)
        if stored < 1.0:
            return Progress(stored, is_worked_in=False)
        system = self._api.get("/system")
        waits = system["deriver_lag"] > 1 or system["outbox_pending"] > NEARLY_NONE
        return Progress(stored, is_worked_in=not waits)
