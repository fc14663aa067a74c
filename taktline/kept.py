"""What a demo with a folder of its own remembers, so that its plant goes on where it was left."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from taktline.plant_time import iso

FILE = "demo.json"
# Plant time is written down once a real second, and at the end; what a crash cut off must not be told again.
MARGIN_S = 3.0


class KeptWrong(ValueError):
    """A folder that holds no demo which can go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A demo's world and how far its plant time has come; times in ms of plant time."""

    seed: int
    start_ms: int
    reached_ms: int
    speed: float

    def write(self, folder: Path) -> None:
        """Write it down so that a crash leaves the old record or the new one."""
        draft = folder / f"{FILE}.draft"
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(folder / FILE)

    @property
    def resumes_ms(self) -> int:
        """Plant time at which the next run begins: after all that was told before."""
        return (self.reached_ms + round(MARGIN_S * 1000 * self.speed)) // 2 * 2

    def told(self) -> str:
        """A line for the person at the terminal."""
        return f"going on at plant time {iso(self.resumes_ms)} with the world of seed {self.seed}"


def kept_in(folder: Path) -> Kept | None:
    """Return the demo that a folder holds; None when its history was not complete and has to be made anew.

    Raises
    ------
    KeptWrong
        When the record cannot be read, or the folder holds something else.
    """
    path = folder / FILE
    if not path.exists():
        known = {"broker", "cloud", "gateways", "ledger.json", "logs"}
        others = (
            sorted(item.name for item in folder.iterdir() if item.name not in known)
            if folder.exists()
            else []
        )
        if others:
            raise KeptWrong(f"{folder} holds {others[0]}; accepted: a new or empty folder, or one of a demo")
        return None
    try:
        return Kept(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as wrong:
        raise KeptWrong(f"{path} is no record of a demo: {wrong}") from wrong
