"""From what a reader saw to the samples its tags ask for: each read, each arrival, each departure."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from edge.devices.reader import Reader, ReaderTag
from edge.epc import pure_identity
from edge.intake import Intake, Sample
from edge.presence import Move, Presence, Sight

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Samples that may wait for the next flush; more are handed on at once.
WAITING = 5000


class Sightings:
    """The reads of one reader on their way to its intake; it outlives the reader's sessions.

    Tags that were present when a session ended are still there when the next one begins: whether they have
    left is decided by what the reader saw, not by the link.
    """

    def __init__(self, device: Reader, intake: Intake) -> None:
        self._intake = intake
        self._roles = device.roles
        self._tags: dict[str, list[ReaderTag]] = {"read": [], "arrived": [], "departed": []}
        for tag in device.tag:
            self._tags[tag.on].append(tag)
        self.presence = Presence(device.presence.smoothing) if device.presence else None
        self._samples: list[Sample] = []
        self._ghosts = self._crowded = 0

    @classmethod
    def of(cls, device: Reader, intake: Intake) -> "Sightings":
        """Those of this reader, as an earlier session left them, or new ones."""
        if not isinstance(intake.memory, cls):
            intake.memory = cls(device, intake)
        return intake.memory

    def see(self, sight: Sight) -> None:
        """Take one report of one tag."""
        self._add("read", sight, sight.first_ms)
        if self.presence is not None:
            self._move(self.presence.see(sight))
        if len(self._samples) >= WAITING:
            self.flush(None)

    def flush(self, observed: tuple[int, int] | None, complete_ms: int | None = None) -> None:
        """Hand on what waits.

        Parameters
        ----------
        observed : (int, int) or None
            Time over which the reader was watched in this session, plant ms.
        complete_ms : int or None
            Everything up to this time of the reads has been seen: tags may have departed.

        Raises
        ------
        SpoolRefused
            When the disk does not keep up.
        """
        if self.presence is not None:
            if complete_ms is not None:
                self._move(self.presence.advance(complete_ms))
            self._count(self.presence)
        samples, self._samples = self._samples, []
        if samples or observed:
            self._intake.take(samples, observed)

    def _move(self, moves: list[Move]) -> None:
        for kind, visit in moves:
            self._add(kind, visit, visit.first_ms if kind == "arrived" else visit.last_ms)

    def _add(self, kind: str, sight: Sight, ts_ms: int) -> None:
        for tag in self._tags[kind]:
            role = self._roles.get(sight.antenna, "")
            if tag.role is None or tag.role == role:
                raw = role if tag.field == "role" else FIELDS[tag.field](sight)
                if tag.field == "event":
                    raw = _event(kind, sight, role)
                self._samples.append(Sample(tag.name, ts_ms, raw))

    def _count(self, presence: Presence) -> None:
        """Count ghosts and early departures as input that nobody should trust blindly."""
        if ghosts := presence.ghosts - self._ghosts:
            self._intake.flag("ghost_read", ghosts)
        if crowded := presence.crowded_out - self._crowded:
            self._intake.flag("too_many_tags", crowded)
        self._ghosts, self._crowded = presence.ghosts, presence.crowded_out


FIELDS: dict[str, Callable[[Sight], object]] = {
    "epc": lambda sight: sight.epc,
    "epc_uri": lambda sight: pure_identity(sight.epc),
    "antenna": lambda sight: sight.antenna,
    "rssi": lambda sight: sight.rssi_dbm,
    "seen": lambda sight: sight.seen,
    "first_seen": lambda sight: sight.first_ms,
    "last_seen": lambda sight: sight.last_ms,
    "event": lambda _sight: None,
}


def _event(kind: str, visit: Sight, role: str) -> str:
    """A visit as one JSON object, so that what belongs together stays together."""
    told: dict[str, object] = {
        "event": kind,
        "epc": visit.epc,
        "uri": pure_identity(visit.epc),
        "first": _iso(visit.first_ms),
        "last": _iso(visit.last_ms),
        "seen": visit.seen,
        "antenna": visit.antenna,
        "rssi_dbm": visit.rssi_dbm,
    }
    if role:
        told["role"] = role
    return json.dumps(told, separators=(",", ":"))


def _iso(ts_ms: int) -> str:
    try:
        moment = EPOCH + timedelta(milliseconds=ts_ms)
    except OverflowError:
        return str(ts_ms)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
