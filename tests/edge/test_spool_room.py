"""A disk that is truly full: a small file system of its own, filled by others or by the spool itself."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from uplink_world import until

from edge.gateway import GatewayIdentity, SpoolSettings, WhenFull
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.spool_reader import read_all_points
from wire.receipts import GapReason
from wire.sparkplug import DataType

MB = 1 << 20
PRESS = DeviceSpec("press", {"note": DataType.STRING, "n": DataType.INT64})


@pytest.fixture
def disk(tmp_path: Path, require: Callable[[object, str], None]) -> Iterator[Path]:
    """A file system of 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    is_mounted = sys.platform == "linux" and subprocess.run(command, check=False, capture_output=True)
    require(is_mounted and is_mounted.returncode == 0, "the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def opened(folder: Path, when_full: WhenFull = "oldest") -> Spool:
    settings = SpoolSettings(
        folder / "gw.spool",
        commit_s=0.01,
        max_bytes=64 * MB,
        when_full=when_full,
        keep_after_receipt_s=3600,
        max_waiting_readings=4000,
    )
    return Spool(settings, GatewayIdentity("g", "n"), [PRESS])


def scan(number: int) -> Scan:
    note = Reading("press", "note", number, "x" * 5000)
    return Scan("press", (note, Reading("press", "n", number, number)), (1, number + 1))


def fill(spool: Spool, first: int = 0) -> int:
    """How many scans were taken until the disk was full."""
    end_s = time.monotonic() + 60
    while spool.status().trouble is None:
        assert time.monotonic() < end_s
        if spool.status().waiting_readings < 300:
            assert spool.put(scan(first))
            first += 1
    return first


def numbers(path: Path) -> list[int]:
    return [int(str(point.value)) for point in read_all_points(path) if point.tag.endswith("/n")]


@pytest.mark.slow
def test_readings_wait_then_are_refused_and_come_when_others_make_room(disk: Path) -> None:
    spool = opened(disk)
    spool.put(scan(0))
    spool.flush()
    hog = disk / "somebody.else"
    with pytest.raises(OSError, match="No space"):
        hog.write_bytes(bytes(24 * MB))
    taken = 1
    while spool.put(scan(taken)):  # first it has its reserve, then memory
        taken += 1
    assert spool.status().refused_scans == 1
    until(lambda: spool.status().trouble == "database or disk is full")
    assert len(numbers(spool.settings.path)) < taken
    hog.unlink()
    spool.flush()
    assert spool.status().trouble is None
    # All that was taken is there, in order; what was refused is one recorded gap.
    assert numbers(spool.settings.path) == list(range(taken))
    reader = spool.reader()
    entries = reader.entries(spool.live.no, 0, 10_000)
    reader.close()
    assert [entry.reason for entry in entries].count(GapReason.DROPPED) == 1
    spool.close()


@pytest.mark.slow
def test_a_disk_that_the_spool_filled_itself_recovers_by_receipts(disk: Path) -> None:
    spool = opened(disk)
    taken = fill(spool)
    spool.receipted(spool.live.no, spool.live.last)  # the host has all that was written
    until(lambda: spool.status().trouble is None)
    assert spool.status().counts.dropped_full == 0
    for number in range(taken, taken + 2000):
        until(lambda: spool.status().waiting_readings < 400)
        assert spool.put(scan(number))
    spool.flush()
    assert spool.status().counts.dropped_full == 0
    # Kept batches made room for those that came; nothing that waited was lost.
    assert spool.status().counts.forgotten > 0
    assert numbers(spool.settings.path)[-50:] == list(range(taken + 1950, taken + 2000))
    spool.close()


@pytest.mark.slow
@pytest.mark.parametrize("when_full", ["oldest", "newest"])
def test_without_a_host_the_disk_is_the_bound_and_the_policy_holds(disk: Path, when_full: WhenFull) -> None:
    spool = opened(disk, when_full)
    taken = fill(spool)
    while spool.status().counts.dropped_full == 0:  # first memory takes what it can
        taken += spool.put(scan(taken))
    until(lambda: spool.status().trouble is None)
    spool.flush()
    held = numbers(spool.settings.path)
    counts = spool.status().counts
    assert counts.dropped_full > 0
    assert len(held) > 1000
    assert (held[0] == 0) == (when_full == "newest")
    assert when_full == "newest" or held[-1] == taken - 1
    reader = spool.reader()
    covered = 0
    for entry in reader.entries(spool.live.no, 0, 10_000):  # every position is a batch or a recorded gap
        assert entry.first == covered + 1
        covered = entry.position
    reader.close()
    assert covered == spool.live.last
    spool.close()
