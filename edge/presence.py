"""Reads of tags smoothed into visits: a tag arrives once, however often it is read, and departs once."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["arrived", "departed"]


class Sight(NamedTuple):
    """One report of one tag, or a whole visit; times are plant ms.

    Attributes
    ----------
    epc : str
        Hex digits in capitals.
    antenna : int
        Port; of a visit the one with the strongest signal.
    rssi_dbm : int or None
        Strongest signal, None where the reader does not tell.
    first_ms, last_ms : int
        When it was first and last seen.
    seen : int
        How often.
    """

    epc: str
    antenna: int
    rssi_dbm: int | None
    first_ms: int
    last_ms: int
    seen: int = 1


class Move(NamedTuple):
    """A tag that has arrived, or departed, with what is known of its visit by then."""

    kind: Kind
    visit: Sight


@dataclass(frozen=True, slots=True)
class Smoothing:
    """When a tag counts as present.

    Attributes
    ----------
    glimpse_s : float
        A tag must be seen over at least this long to arrive; what is gone sooner was a ghost.
    min_seen : int
        A tag must be seen at least so often to arrive.
    gone_s : float
        A tag that has not been seen for this long has departed, when it was seen last.
    by_antenna : bool
        Each antenna is a place of its own; otherwise the reader is one place.
    max_tags : int
        No more are remembered; beyond it the one that was not seen for longest departs early.
    """

    glimpse_s: float = 0.0
    min_seen: int = 1
    gone_s: float = 2.0
    by_antenna: bool = False
    max_tags: int = 100_000


@dataclass(slots=True)
class _Visit:
    sight: Sight
    has_arrived: bool = False


class Presence:
    """The tags in front of one reader.

    It has no clock: time passes by what is seen (`see`) and by what is known to have been seen completely
    (`advance`). So a break of the link makes no tag depart, and reads that a reader held during the break
    still count.

    Attributes
    ----------
    ghosts : int
        Glimpses that never became an arrival.
    crowded_out : int
        Tags that departed early because there were more than `max_tags`.
    """

    def __init__(self, smoothing: Smoothing) -> None:
        self._rules = smoothing
        self._glimpse_ms = round(smoothing.glimpse_s * 1000)
        self._gone_ms = round(smoothing.gone_s * 1000)
        # In the order in which they were seen last, so that those that may be gone stand in front.
        self._visits: OrderedDict[tuple[str, int], _Visit] = OrderedDict()
        self.ghosts = 0
        self.crowded_out = 0

    def __len__(self) -> int:
        return len(self._visits)

    @property
    def present(self) -> list[Sight]:
        """The visits that have arrived and not departed, the longest unseen first."""
        return [visit.sight for visit in self._visits.values() if visit.has_arrived]

    def see(self, sight: Sight) -> list[Move]:
        """What this report makes of the tag: nothing new, an arrival, or a departure and a new arrival."""
        key = (sight.epc, sight.antenna if self._rules.by_antenna else 0)
        moves: list[Move] = []
        visit = self._visits.get(key)
        if visit is not None and sight.first_ms > visit.sight.last_ms + self._gone_ms:
            del self._visits[key]
            moves += self._leave(visit)
            visit = None
        if visit is None:
            visit = self._visits[key] = _Visit(sight)
        else:
            visit.sight = _joined(visit.sight, sight)
            self._visits.move_to_end(key)
        now = visit.sight
        is_sure = now.seen >= self._rules.min_seen and now.last_ms - now.first_ms >= self._glimpse_ms
        if not visit.has_arrived and is_sure:
            visit.has_arrived = True
            moves.append(Move("arrived", now))
        if len(self._visits) > self._rules.max_tags:
            self.crowded_out += 1
            moves += self._leave(self._visits.popitem(last=False)[1])
        return moves

    def advance(self, through_ms: int) -> list[Move]:
        """Who has departed, now that everything seen up to `through_ms` (plant ms) is known."""
        moves: list[Move] = []
        while self._visits:
            key, visit = next(iter(self._visits.items()))
            if visit.sight.last_ms + self._gone_ms > through_ms:
                break
            del self._visits[key]
            moves += self._leave(visit)
        return moves

    def _leave(self, visit: _Visit) -> list[Move]:
        if visit.has_arrived:
            return [Move("departed", visit.sight)]
        self.ghosts += 1
        return []


def _joined(visit: Sight, sight: Sight) -> Sight:
    """A visit with one more report; the antenna is where the signal was strongest, first come on a tie."""
    is_stronger = sight.rssi_dbm is not None and (visit.rssi_dbm is None or sight.rssi_dbm > visit.rssi_dbm)
    return Sight(
        visit.epc,
        sight.antenna if is_stronger else visit.antenna,
        sight.rssi_dbm if is_stronger else visit.rssi_dbm,
        min(visit.first_ms, sight.first_ms),
        max(visit.last_ms, sight.last_ms),
        visit.seen + sight.seen,
    )
