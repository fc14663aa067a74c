"""Keeps the spool within its bytes and ages: kept batches are forgotten, then waiting ones dropped."""

from dataclasses import dataclass, replace
from typing import Final

from edge.gateway import SpoolSettings
from edge.spool_file import Held, SpoolFile
from wire.receipts import GapReason

_ENTRY_BYTES: Final = 64  # what an entry costs beside its content
_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True)
class SpoolCounts:
    """Batches and bytes held, and batches lost by reason since this process started."""

    waiting_batches: int = 0
    waiting_bytes: int = 0
    kept_batches: int = 0
    kept_bytes: int = 0
    dropped: int = 0
    forgotten: int = 0
    unstorable: int = 0

    @property
    def bytes_held(self) -> int:
        """Bytes that count against the spool's bound."""
        return self.waiting_bytes + self.kept_bytes

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


def within_bytes(file: SpoolFile, counts: SpoolCounts, settings: SpoolSettings) -> SpoolCounts:
    """Counts after the oldest batches became gaps so that what is held fits `max_bytes`.

    Batches that the host has are forgotten first; only then are waiting ones dropped, the oldest first.
    """
    while counts.bytes_held > settings.max_bytes and (oldest := file.oldest_kept(_AT_ONCE)):
        for batch in oldest:
            if counts.bytes_held <= settings.max_bytes:
                break
            file.lose(batch.stream_no, batch.position, GapReason.FORGOTTEN)
            counts = _forgotten(counts, batch.size)
    while counts.bytes_held > settings.max_bytes and (oldest := file.oldest_waiting(_AT_ONCE)):
        for batch in oldest:
            if counts.bytes_held <= settings.max_bytes:
                break
            file.lose(batch.stream_no, batch.position, GapReason.DROPPED)
            counts = replace(
                counts,
                waiting_batches=counts.waiting_batches - 1,
                waiting_bytes=counts.waiting_bytes - batch.size - _ENTRY_BYTES,
                dropped=counts.dropped + 1,
            )
    return counts


def without_old(file: SpoolFile, counts: SpoolCounts, before_ms: int) -> SpoolCounts:
    """Counts after batches written before the real time `before_ms` that have their receipt were forgotten.

    At most a few hundred at a time, so that no commit waits long for it.
    """
    for batch in file.oldest_kept(_AT_ONCE):
        if batch.written_ms >= before_ms:
            break
        file.lose(batch.stream_no, batch.position, GapReason.FORGOTTEN)
        counts = _forgotten(counts, batch.size)
    return counts


def _forgotten(counts: SpoolCounts, size: int) -> SpoolCounts:
    return replace(
        counts,
        kept_batches=counts.kept_batches - 1,
        kept_bytes=counts.kept_bytes - size - _ENTRY_BYTES,
        forgotten=counts.forgotten + 1,
    )
