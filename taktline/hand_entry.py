"""The people at a bench without a PLC: they write down what it did, through the API that everybody has."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from simulators.figures import segments
from simulators.ledger import Ledger
from simulators.plant_file import Plant
from simulators.world import World
from taktline.client import Api
from taktline.plant_time import epoch_ms, iso
from taktline.teller import Teller

LOOK_EVERY_MS = 10 * 60_000
WRITE_EVERY_MS = 60 * 60_000  # of the running shift; at its end in any case
MINUTE_MS = 60_000
DAY_MS = 86_400_000
# A sheet may be entered for 31 days.
OLDEST_MS = 30 * DAY_MS


class Shift(NamedTuple):
    """A shift in plant ms, and the version of its sheet that holds; 0 when nobody has filled it in."""

    start_ms: int
    end_ms: int
    version: int


def truth_by_hand(bench: Plant, seed: int, start_ms: int, through_ms: int) -> Ledger:
    """Return what truly happened at the benches of a plant (`Plant.by_hand`) from a start through a time."""
    world = World(bench, seed, start_ms)
    ledger = Ledger(bench.id, seed, start_ms, start_ms)
    ledger.record(world.advance(through_ms), through_ms)
    return ledger


class HandEntry(Teller):
    """Fills in the sheets of machines without a PLC: the oldest shift first, the running one every hour.

    A sheet that says something else than what happened has been corrected by somebody, and stays theirs.

    Parameters
    ----------
    bench
        The benches of a plant, as `Plant.by_hand` gives them.
    seed, start_ms
        Of their world.
    now_ms
        Returns plant time in ms since the epoch.
    connect
        Returns a new API session of a user who may enter by hand and give stops a reason.
    end_ms
        The world's freeze; the last sheet is written through it.
    """

    def __init__(
        self,
        bench: Plant,
        seed: int,
        start_ms: int,
        now_ms: Callable[[], int],
        connect: Callable[[], Api],
        *,
        end_ms: int | None = None,
    ) -> None:
        super().__init__("sheets", connect)
        self._bench = bench
        self._world = World(bench, seed, start_ms)
        self._ledger = Ledger(bench.id, seed, start_ms, start_ms)
        self._now_ms, self._end_ms = now_ms, end_ms
        self._looked_ms = 0

    def step(self, api: Api) -> int:
        """Enter what is due by now; returns how many sheets that were.

        Raises
        ------
        ApiRefused
            When the cloud does not take one, for instance because a work order is not released yet.
        """
        now_ms = self._now_ms() if self._end_ms is None else min(self._now_ms(), self._end_ms)
        is_last = now_ms == self._end_ms
        if self._looked_ms == self._end_ms or (now_ms < self._looked_ms + LOOK_EVERY_MS and not is_last):
            return 0
        if now_ms > self._world.now_ms:
            self._ledger.record(self._world.advance(now_ms), now_ms)
        # All of the past at first, then the last day: a restored cloud may have lost what was entered since.
        since_ms = max(self._world.start_ms, now_ms - (DAY_MS if self._looked_ms else OLDEST_MS))
        done = 0
        for machine in self._bench.machines:
            for shift, through_ms in self._shifts(api, machine.id, since_ms, now_ms):
                if self._stop.is_set():
                    return done
                end_ms = min(shift.end_ms, now_ms if is_last else now_ms // MINUTE_MS * MINUTE_MS)
                is_due = is_last or end_ms == shift.end_ms or end_ms - through_ms >= WRITE_EVERY_MS
                if is_due and end_ms > through_ms:
                    self._enter(api, machine.id, shift, end_ms)
                    done += 1
        self._looked_ms = now_ms
        return done

    def _shifts(self, api: Api, machine: str, since_ms: int, now_ms: int) -> list[tuple[Shift, int]]:
        """The shifts that are told from here, the oldest first, and through which plant time they are."""
        if since_ms >= now_ms:
            return []
        rows = api.get("/calendar/shifts", start=iso(since_ms), end=iso(now_ms))
        first = rows[-1]["start"] if rows else iso(since_ms)
        kept = {
            row["start"]: row
            for row in api.get("/manual/sheets", machine=machine, start=first, end=iso(now_ms))
        }
        found = []
        for row in reversed(rows):
            start_ms, sheet = epoch_ms(row["start"]), kept.get(row["start"])
            shift = Shift(start_ms, epoch_ms(row["end"]), 0 if sheet is None else sheet["version"])
            if sheet is None:
                found.append((shift, max(start_ms, self._world.start_ms)))
            elif self._is_true(machine, sheet):
                found.append((shift, epoch_ms(sheet["end"])))
        return found

    def _is_true(self, machine: str, sheet: Mapping[str, Any]) -> bool:
        told = self._sheet(machine, epoch_ms(sheet["start"]), epoch_ms(sheet["end"]))
        return not sheet["withdrawn"] and all(sheet[name] == told[name] for name in ("periods", "runs"))

    def _enter(self, api: Api, machine: str, shift: Shift, end_ms: int) -> None:
        sheet = self._sheet(machine, shift.start_ms, end_ms)
        api.put("/manual/sheets", sheet | {"replaces": shift.version})
        self._explain(api, machine, shift.start_ms, end_ms)

    def _sheet(self, machine: str, begin_ms: int, end_ms: int) -> dict[str, Any]:
        start_ms = max(begin_ms, self._world.start_ms)
        periods = [
            {"start": iso(since), "end": iso(until), "state": each.state}
            for each in segments(self._ledger, machine)
            if (since := max(each.start_ms, start_ms)) < (until := min(each.end_ms, end_ms))
        ]
        return {
            "machine": machine,
            "start": iso(begin_ms),
            "end": iso(end_ms),
            "periods": periods,
            "runs": self._runs(machine, start_ms, end_ms),
            "note": "",
        }

    def _runs(self, machine: str, start_ms: int, end_ms: int) -> list[dict[str, Any]]:
        runs = []
        jobs = self._ledger.jobs.get(machine, [])
        ends = [entry.ts_ms for entry in jobs[1:]] + [end_ms]
        for entry, left_ms in zip(jobs, ends, strict=True):
            since, until = max(entry.ts_ms, start_ms), min(left_ms, end_ms)
            if entry.job == 0 or since >= until:
                continue
            made = [part for part in self._ledger.parts.get(machine, []) if since <= part.ts_ms < until]
            good = sum(part.good for part in made)
            runs.append(
                {
                    "start": iso(since),
                    "end": iso(until),
                    "job": entry.job,
                    "good": good,
                    "reject": len(made) - good,
                }
            )
        return runs

    def _explain(self, api: Api, machine: str, start_ms: int, end_ms: int) -> None:
        """Give the stops of a sheet that have ended the reasons that its people know."""
        known = {
            iso(entry.ts_ms): self._bench.reasons[entry.reason]
            for entry in self._ledger.states.get(machine, [])
            if entry.reason and entry.reason in self._bench.reasons and entry.ts_ms >= start_ms
        }
        window = {"start": iso(start_ms), "end": iso(end_ms)}
        page = api.get("/downtime", scope=f"machine:{machine}", reason="unassigned", limit=500, **window)
        stops: dict[str, list[dict[str, Any]]] = {}
        for stop in page["items"]:
            if stop["start"] in known and not stop["ongoing"]:
                ref = {"machine": machine, "start": stop["start"], "end": stop["end"], "seen": 0}
                stops.setdefault(known[stop["start"]], []).append(ref)
        for reason, refs in stops.items():
            api.post("/downtime/assign", {"stops": refs, "reason": reason})
