"""The waveform kept on demand: the last seconds in memory, written to a file when somebody asks."""

import json
import wave
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from edge.drivers.vibration.blocks import SAMPLE_BYTES, Block

MOST_BYTES: Final = 64 << 20
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Ring:
    """The newest blocks without a gap between them, at most `seconds` and 64 MB."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._blocks: deque[tuple[int, Block]] = deque()
        self._held_s = 0.0
        self._held_bytes = 0

    def keep(self, block: Block, first_ms: int) -> None:
        """Keep a block that follows the one before; `first_ms` is the plant time of its first sample."""
        self._blocks.append((first_ms, block))
        self._held_s += block.seconds
        self._held_bytes += len(block.counts)
        while len(self._blocks) > 1 and (
            self._held_s - self._blocks[0][1].seconds >= self._seconds or self._held_bytes > MOST_BYTES
        ):
            _, oldest = self._blocks.popleft()
            self._held_s -= oldest.seconds
            self._held_bytes -= len(oldest.counts)

    def clear(self) -> None:
        """Forget all: what comes next does not follow."""
        self._blocks.clear()
        self._held_s, self._held_bytes = 0.0, 0

    def snapshot(self) -> list[tuple[int, Block]]:
        """The blocks with the plant time of their first sample, oldest first."""
        return list(self._blocks)


def write_capture(folder: Path, device: str, blocks: list[tuple[int, Block]], keep: int) -> Path:
    """The WAV file with these blocks; a JSON file of the same name says what the counts mean.

    The folder is made when missing; of this device's captures the newest `keep` stay.

    Raises
    ------
    OSError
        When it cannot be written.
    """
    first_ms, first = blocks[0]
    folder.mkdir(parents=True, exist_ok=True)
    at = _EPOCH + timedelta(milliseconds=first_ms)
    file = folder / f"{device}-{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z.wav"
    counts = b"".join(block.counts for _, block in blocks)
    meaning = {
        "device": device,
        "first_ms": first_ms,
        "rate_hz": first.rate_hz,
        "unit_per_count": first.scale,
        "samples": len(counts) // SAMPLE_BYTES,
        "is_clipped": any(block.is_clipped for _, block in blocks),
    }
    file.with_suffix(".json").write_text(json.dumps(meaning, ensure_ascii=False) + "\n", encoding="utf-8")
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(SAMPLE_BYTES)
        out.setframerate(round(first.rate_hz) or 1)
        out.writeframes(counts)
    own = sorted(path for path in folder.iterdir() if _is_of(path, device))
    for old in own[:-keep]:
        old.unlink(missing_ok=True)
        old.with_suffix(".json").unlink(missing_ok=True)
    return file


def _is_of(path: Path, device: str) -> bool:
    """Whether a file is a capture of this device; another's name may begin with this one's."""
    name, _, stamp = path.stem.rpartition("-")
    return path.suffix == ".wav" and name == device and stamp.endswith("Z")
