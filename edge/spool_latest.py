"""The newest value of every tag, which no bound of the spool may lose."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge.reading import Columns, Reading, Scan
from edge.spool_batches import Committed, Draft, Tags, Written
from wire.coverage import OBSERVED_SINCE


@dataclass(slots=True)
class _Slot:
    """The newest columns of some tags, and the key of their batch."""

    aliases: tuple[int, ...]
    columns: Columns
    key: int


class LatestValues:
    """Newest durable value of each alias since this process started, and those whose batch was dropped.

    Tags are reported by exception: a state that was set an hour ago and dropped an hour later will not be
    said again by its device. So a value whose batch becomes a gap while it is still the newest of its tag is
    *owed*: the spool writes it once more, with its own time.

    An alias has its newest value either by itself or in the slot of tags that come by columns, never in both.
    """

    def __init__(self) -> None:
        self.owed: set[int] = set()
        self._values: dict[int, Committed] = {}
        self._keys: dict[int, int] = {}
        # Each slot stands here under every alias of its own, with the alias's place in it.
        self._places: dict[int, tuple[_Slot, int]] = {}

    def get(self, alias: int) -> Committed | None:
        """The newest value of an alias, None before there is one; from any thread."""
        value = self._values.get(alias)
        if value is None and (place := self._places.get(alias)) is not None:
            slot, index = place
            return slot.columns[index]
        return value or self._values.get(alias)  # it may have moved here while this looked there

    def aliases(self) -> list[int]:
        """Every alias with a value."""
        return [*self._values, *self._places]

    def take_over(self, draft: Draft, lost: Iterable[int]) -> None:
        """Note what a commit has written and where, and the keys of the batches it has dropped."""
        for written in draft.columns:
            self._note_columns(written)
        self._note(draft.latest, draft.keys)
        gone = set(lost)
        if self.owed:
            aliases = {*draft.latest, *(alias for written in draft.columns for alias in written.aliases)}
            self.owed -= {alias for alias in aliases if self._key(alias) not in gone}
        if gone:
            self.owed |= {alias for alias in self.aliases() if self._key(alias) in gone}

    def _key(self, alias: int) -> int:
        place = self._places.get(alias)
        return self._keys[alias] if place is None else place[0].key

    def _note(self, latest: Mapping[int, Committed], keys: Mapping[int, int]) -> None:
        for alias, value in latest.items():
            self._dissolve(alias)
            newest = self._values.get(alias)
            if newest is None or value.ts_ms >= newest.ts_ms:
                self._values[alias], self._keys[alias] = value, keys[alias]

    def _note_columns(self, written: Written) -> None:
        aliases, columns, key = written
        place = self._places.get(aliases[0])
        if place is not None and place[0].aliases == aliases and columns.ts_ms >= place[0].columns.ts_ms:
            place[0].columns, place[0].key = columns, key
            return
        latest = dict(zip(aliases, columns, strict=True))
        self._note(latest, dict.fromkeys(latest, key))
        if all(self._values[alias] is value for alias, value in latest.items()):
            slot = _Slot(aliases, columns, key)
            for index, alias in enumerate(aliases):
                self._places[alias] = (slot, index)
                del self._values[alias], self._keys[alias]

    def _dissolve(self, alias: int) -> None:
        """Let the tags of a slot have their values by themselves again."""
        place = self._places.get(alias)
        if place is None:
            return
        slot = place[0]
        for member, value in zip(slot.aliases, slot.columns, strict=True):
            self._values[member], self._keys[member] = value, slot.key
            del self._places[member]

    def forget(self, alias: int) -> None:
        """Hold no value of a tag that is not configured any more."""
        self._dissolve(alias)
        self._values.pop(alias, None)
        self._keys.pop(alias, None)
        self.owed.discard(alias)

    def scans(self, tags: Tags) -> list[Scan]:
        """What is owed, as scans to be written before those of the devices; time watched is never owed."""
        by_device: dict[str, list[Reading]] = {}
        for alias in sorted(self.owed):
            tag = tags.by_alias.get(alias)
            value = self.get(alias)
            if tag is None or value is None or tag.name == OBSERVED_SINCE:
                continue
            reading = Reading(tag.device, tag.name, value.ts_ms, value.value, value.quality)
            by_device.setdefault(tag.device, []).append(reading)
        return [Scan(device, tuple(readings)) for device, readings in by_device.items()]
