"""Keeps the spool within its bytes and ages: kept batches are forgotten, then waiting ones dropped."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from edge.gateway import SpoolSettings
from edge.spool_file import Batch, Held, SpoolFile, entry_key
from edge.spool_thin import Thinning
from wire.receipts import GapReason

_ENTRY_BYTES: Final = 64  # what an entry costs beside its content
_AT_ONCE: Final = 512

Drop = Literal["dropped_full", "dropped_old", "thinned"]


@dataclass(frozen=True, slots=True)
class SpoolCounts:
    """Batches and bytes held, and batches lost by reason since this process started.

    `dropped_full`, `dropped_old` and `thinned` were never receipted; `forgotten` ones are in the store.
    """

    waiting_batches: int = 0
    waiting_bytes: int = 0
    kept_batches: int = 0
    kept_bytes: int = 0
    dropped_full: int = 0
    dropped_old: int = 0
    thinned: int = 0
    forgotten: int = 0
    unstorable: int = 0

    @property
    def bytes_held(self) -> int:
        """Bytes that count against the spool's bound."""
        return self.waiting_bytes + self.kept_bytes

    @property
    def dropped(self) -> int:
        """Batches dropped without a receipt, for whatever reason."""
        return self.dropped_full + self.dropped_old + self.thinned

    def appended(self, size: int) -> "SpoolCounts":
        """Counts with one more waiting batch of `size` content bytes."""
        return replace(
            self,
            waiting_batches=self.waiting_batches + 1,
            waiting_bytes=self.waiting_bytes + size + _ENTRY_BYTES,
        )

    def receipted(self, moved: Held) -> "SpoolCounts":
        """Counts after `moved` got its receipt."""
        size = moved.size + moved.batches * _ENTRY_BYTES
        return replace(
            self,
            waiting_batches=self.waiting_batches - moved.batches,
            waiting_bytes=self.waiting_bytes - size,
            kept_batches=self.kept_batches + moved.batches,
            kept_bytes=self.kept_bytes + size,
        )

    def recounted(self, file: SpoolFile) -> "SpoolCounts":
        """Counts with what the file holds by its own word; losses stay as they were."""
        waiting, kept = file.held()
        return replace(
            self,
            waiting_batches=waiting.batches,
            waiting_bytes=waiting.size + waiting.batches * _ENTRY_BYTES,
            kept_batches=kept.batches,
            kept_bytes=kept.size + kept.batches * _ENTRY_BYTES,
        )

    def dropped_one(self, size: int, why: Drop) -> "SpoolCounts":
        """Counts after a waiting batch of `size` content bytes was dropped."""
        return replace(
            self,
            waiting_batches=self.waiting_batches - 1,
            waiting_bytes=self.waiting_bytes - size - _ENTRY_BYTES,
            **{why: getattr(self, why) + 1},
        )

    def forgot_one(self, size: int) -> "SpoolCounts":
        """Counts after a kept batch of `size` content bytes was forgotten."""
        return replace(
            self,
            kept_batches=self.kept_batches - 1,
            kept_bytes=self.kept_bytes - size - _ENTRY_BYTES,
            forgotten=self.forgotten + 1,
        )


@dataclass(slots=True)
class SpoolBounds:
    """Brings what the file holds back within the settings, inside the caller's transaction.

    What the host has is forgotten first. Only then waiting batches are dropped, as `when_full` says: the
    oldest, the newest, or every second one of the older half (`Thinning`) and, where that finds nothing, the
    oldest.

    Attributes
    ----------
    file : SpoolFile
        The spool's file.
    settings : SpoolSettings
        The bounds, which may change while the gateway runs.
    lost : list of int
        Keys of the waiting batches that became gaps since the list was last emptied.
    spares_waiting : bool
        Whether only what the host has may go for want of room.
    """

    file: SpoolFile
    settings: SpoolSettings
    thinning: Thinning
    lost: list[int] = field(default_factory=list)
    spares_waiting: bool = False

    def within_bytes(self, counts: SpoolCounts, now_ms: int) -> SpoolCounts:
        """Counts after batches became gaps so that what is held fits `max_bytes`; `now_ms` is real time."""
        while self._is_over(counts) and (oldest := self.file.oldest_kept(_AT_ONCE)):
            for batch in oldest:
                if not self._is_over(counts):
                    break
                self.file.lose(batch.stream_no, batch.position, GapReason.FORGOTTEN)
                counts = counts.forgot_one(batch.size)
        if self.spares_waiting:
            return counts
        if self.settings.when_full == "thin":
            counts = self._thinned(counts, now_ms)
        which = self.file.newest_waiting if self.settings.when_full == "newest" else self.file.oldest_waiting
        while self._is_over(counts) and (chosen := which(_AT_ONCE)):
            counts = self._dropped(counts, chosen, "dropped_full")
        return counts

    def without_old(self, counts: SpoolCounts, now_ms: int) -> SpoolCounts:
        """Counts after batches older than their bounds of age became gaps; `now_ms` is real time.

        At most a few hundred at a time, so that no commit waits long for it.
        """
        before_ms = now_ms - int(self.settings.keep_after_receipt_s * 1000)
        for batch in self.file.oldest_kept(_AT_ONCE):
            if batch.written_ms >= before_ms:
                break
            self.file.lose(batch.stream_no, batch.position, GapReason.FORGOTTEN)
            counts = counts.forgot_one(batch.size)
        if self.settings.max_age_s is not None:
            before_ms = now_ms - int(self.settings.max_age_s * 1000)
            for batch in self.file.oldest_waiting(_AT_ONCE):
                if batch.written_ms >= before_ms:
                    break
                counts = self._drop(counts, batch, "dropped_old")
        return counts

    def _is_over(self, counts: SpoolCounts) -> bool:
        return counts.bytes_held > self.settings.max_bytes

    def _thinned(self, counts: SpoolCounts, now_ms: int) -> SpoolCounts:
        while self._is_over(counts):
            chosen = self.thinning.choose(self.file, now_ms)
            if chosen is None:
                break
            for batch in chosen:
                if self._is_over(counts):
                    counts = self._drop(counts, batch, "thinned")
                    self.thinning.went(self.lost[-1])
        return counts

    def _dropped(self, counts: SpoolCounts, batches: Sequence[Batch], why: Drop) -> SpoolCounts:
        for batch in batches:
            if not self._is_over(counts):
                break
            counts = self._drop(counts, batch, why)
        return counts

    def _drop(self, counts: SpoolCounts, batch: Batch, why: Drop) -> SpoolCounts:
        self.file.lose(batch.stream_no, batch.position, GapReason.DROPPED)
        self.lost.append(entry_key(batch.stream_no, batch.position))
        return counts.dropped_one(batch.size, why)
