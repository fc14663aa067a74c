"""The spool: what it took is there after any death, within its bounds, and what is lost is said."""

import math
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.gateway import GatewayIdentity, SpoolSettings
from edge.reading import DeviceSpec, Reading, Scan, Value
from edge.spool import Spool, UnknownTag
from edge.spool_opening import SpoolWrong
from edge.spool_reader import read_all_points
from wire.coverage import OBSERVED_SINCE
from wire.quality import BAD, STALE
from wire.receipts import GapReason
from wire.sparkplug import DataType

GATEWAY = GatewayIdentity("plant", "gw")
PRESS = DeviceSpec("press", {"state": DataType.INT32, "good": DataType.INT64, "note": DataType.STRING})
LATHE = DeviceSpec("lathe", {"good": DataType.INT64})
FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[1]
BIG = "x" * 1000


@contextmanager
def spool(folder: Path, *devices: DeviceSpec, **settings: float) -> Iterator[Spool]:
    chosen = SpoolSettings(folder / "gw.spool", **{"commit_s": 0.01, **settings})  # type: ignore[arg-type]
    opened = Spool(chosen, GATEWAY, devices or (PRESS, LATHE))
    try:
        yield opened
    finally:
        opened.close()


def scan(number: int, *, device: str = "press", observed: tuple[int, int] | None = None) -> Scan:
    return Scan(device, (Reading(device, "good", number, number),), observed)


def note(spooled: Spool, count: int) -> None:
    for number in range(count):
        spooled.put(Scan("press", (Reading("press", "note", number, BIG),)))
        spooled.flush()


def points(folder: Path) -> list[tuple[str, int, Value]]:
    return [
        (point.tag.split("/", 2)[2], point.ts_ms, point.value)
        for point in read_all_points(folder / "gw.spool")
    ]


def test_metrics_keep_their_order_and_coverage_comes_last(tmp_path: Path) -> None:
    with spool(tmp_path, commit_s=5.0) as spooled:
        spooled.flush()
        spooled.put(scan(1, observed=(0, 1)))
        spooled.put(scan(7, device="lathe"))
        spooled.put(Scan("press", (Reading("press", "state", 3, -2), Reading("press", "good", 2, 2)), (0, 5)))
        spooled.flush()
        assert points(tmp_path) == [
            ("press/good", 1, 1),
            ("press/state", 3, -2),
            ("press/good", 2, 2),
            (f"press/{OBSERVED_SINCE}", 5, 0),
            ("lathe/good", 7, 7),
        ]
        positions = [(point.position, point.ord) for point in read_all_points(tmp_path / "gw.spool")]
        assert positions == [(1, 0), (1, 1), (1, 2), (1, 3), (2, 0)]


def test_two_driver_sessions_in_one_commit_assert_two_intervals(tmp_path: Path) -> None:
    with spool(tmp_path, commit_s=5.0) as spooled:
        spooled.flush()
        for observed in ((0, 4), (0, 6), (8, 9)):
            spooled.put(Scan("press", (), observed))
        spooled.flush()
        assert points(tmp_path) == [(f"press/{OBSERVED_SINCE}", 6, 0), (f"press/{OBSERVED_SINCE}", 9, 8)]
        assert spooled.mark("press") == 9
        assert spooled.mark("lathe") is None
    with spool(tmp_path) as again:
        assert again.mark("press") == 9


def test_readings_are_committed_in_groups_without_being_asked(tmp_path: Path) -> None:
    with spool(tmp_path, commit_s=0.1) as spooled:
        committed = threading.Semaphore(0)
        spooled.listen(committed.release)
        for number in range(200):
            spooled.put(scan(number))
        while len(points(tmp_path)) < 200:
            assert committed.acquire(timeout=60)
        assert spooled.live.last < 20  # a busy machine may take breaks of more than one group


def test_every_process_start_and_every_connect_opens_a_stream(tmp_path: Path) -> None:
    streams = []
    for life in range(3):
        with spool(tmp_path) as spooled:
            spooled.put(scan(life))
            spooled.flush()
            streams.append(spooled.live.id.hex())
            spooled.open_stream()
            spooled.put(scan(10 + life))
            spooled.flush()
            streams.append(spooled.live.id.hex())
            assert spooled.next_bd_seq() == life
    assert len(set(streams)) == 6
    found = list(read_all_points(tmp_path / "gw.spool"))
    assert [point.stream for point in found] == streams
    assert {point.position for point in found} == {1}


def test_aliases_are_never_reused(tmp_path: Path) -> None:
    with spool(tmp_path, PRESS) as spooled:
        first = {tag.alias for tag in spooled.tags.of("press").values()}
    other = DeviceSpec("press", dict(PRESS.tags) | {"state": DataType.DOUBLE, "heat": DataType.DOUBLE})
    with spool(tmp_path, other) as spooled:
        tags = spooled.tags.of("press")
        assert {tags["state"].alias, tags["heat"].alias}.isdisjoint(first)
        assert {tags["good"].alias, tags["note"].alias} <= first
        ((old, (new, datatype)),) = spooled.tags.renamed.items()
        assert old in first
        assert (new, datatype) == (tags["state"].alias, DataType.INT32)


def test_a_value_that_does_not_fit_becomes_a_bad_null_and_holds_up_nothing(tmp_path: Path) -> None:
    with spool(tmp_path, commit_s=5.0) as spooled:
        spooled.flush()
        for value in (2**31, "many", 3):
            spooled.put(Scan("press", (Reading("press", "state", 1, value),)))
        spooled.put(
            Scan("press", (Reading("press", "good", -5, 1), Reading("press", "good", 2**64, 1)), (9, 3))
        )
        spooled.flush()
        found = list(read_all_points(tmp_path / "gw.spool"))
        assert [(p.value, p.quality) for p in found] == [(None, BAD)] * 2 + [(3, 192)] + [(None, BAD)] * 2
        assert spooled.status().unfit_values == 4
        assert spooled.mark("press") is None  # an interval that ends before it begins asserts nothing


def test_what_is_no_number_is_kept_but_never_good(tmp_path: Path) -> None:
    oven = DeviceSpec("oven", {"heat": DataType.DOUBLE})
    with spool(tmp_path, oven) as spooled:
        readings = tuple(Reading("oven", "heat", 1, value) for value in (math.nan, math.inf, None))
        spooled.put(Scan("oven", (*readings, Reading("oven", "heat", 2, None, STALE))))
        spooled.flush()
        found = list(read_all_points(tmp_path / "gw.spool"))
        assert isinstance(found[0].value, float)
        assert math.isnan(found[0].value)
        assert [point.value for point in found[1:]] == [math.inf, None, None]
        assert [point.quality for point in found] == [BAD, BAD, BAD, STALE]


def test_a_tag_that_no_configuration_declares_is_refused(tmp_path: Path) -> None:
    with spool(tmp_path) as spooled:
        for wrong in (Scan("oven", ()), Scan("press", (Reading("press", "heat", 1, 1.0),))):
            with pytest.raises(UnknownTag):
                spooled.put(wrong)


def test_a_full_spool_drops_the_oldest_into_one_recorded_gap(tmp_path: Path) -> None:
    with spool(tmp_path, max_bytes=10_000) as spooled:
        note(spooled, 30)
        counts = spooled.status().counts
        assert counts.bytes_held <= 10_000
        assert counts.dropped + counts.waiting_batches == 30
        reader = spooled.reader()
        gap, *batches = reader.entries(spooled.live.no, 0, 100)
        reader.close()
        assert (gap.reason, gap.first, gap.position) == (GapReason.DROPPED, 1, counts.dropped)
        assert [entry.position for entry in batches] == list(range(counts.dropped + 1, 31))


def test_what_the_host_has_is_forgotten_before_anything_is_dropped(tmp_path: Path) -> None:
    with spool(tmp_path, max_bytes=10_000) as spooled:
        note(spooled, 6)
        spooled.receipted(spooled.live.no, 5)
        note(spooled, 7)
        counts = spooled.status().counts
        assert counts.dropped == 0
        assert counts.forgotten >= 3
        assert counts.waiting_batches == 8
        reader = spooled.reader()
        gap, *_ = reader.entries(spooled.live.no, 0, 100)
        reader.close()
        assert (gap.reason, gap.first, gap.position) == (GapReason.FORGOTTEN, 1, counts.forgotten)


def test_receipted_batches_are_kept_for_their_time_then_forgotten(tmp_path: Path) -> None:
    with spool(tmp_path) as spooled:
        note(spooled, 4)
        spooled.receipted(spooled.live.no, 3)
        spooled.flush()
        assert (spooled.status().counts.kept_batches, spooled.status().counts.waiting_batches) == (3, 1)
    with spool(tmp_path, keep_after_receipt_s=0.0) as again:
        again.flush()
        counts = again.status().counts
        assert (counts.kept_batches, counts.waiting_batches, counts.forgotten) == (0, 1, 3)


def test_a_new_generation_makes_everything_wait_again(tmp_path: Path) -> None:
    with spool(tmp_path) as spooled:
        note(spooled, 5)
        spooled.receipted(spooled.live.no, 5)
        spooled.renewed(2)
        spooled.flush()
        assert spooled.status().counts.waiting_batches == 5
    with spool(tmp_path) as again:
        assert again.generation == 2
        assert again.status().counts.waiting_batches == 5


def test_an_older_receipt_changes_nothing(tmp_path: Path) -> None:
    with spool(tmp_path) as spooled:
        note(spooled, 5)
        for position in (4, 2, 4):
            spooled.receipted(spooled.live.no, position)
        spooled.flush()
        assert (spooled.status().counts.kept_batches, spooled.status().counts.waiting_batches) == (4, 1)


def test_a_disk_that_takes_nothing_for_a_while_loses_nothing(tmp_path: Path) -> None:
    with spool(tmp_path, max_waiting_readings=50) as spooled:
        note(spooled, 1)
        (pages,) = spooled._file._db.execute("PRAGMA page_count").fetchone()
        spooled._file._db.execute(f"PRAGMA max_page_count = {pages}")
        taken = [spooled.put(Scan("press", (Reading("press", "note", n, BIG * 20),))) for n in range(60)]
        assert True in taken
        assert False in taken  # memory is bounded: what is refused, the driver knows of
        end_s = time.monotonic() + 10
        while spooled.status().trouble is None:
            assert time.monotonic() < end_s
        spooled._file._db.execute("PRAGMA max_page_count = 1000000")
        spooled.flush()
        assert spooled.status().trouble is None
        assert len(points(tmp_path)) == 1 + taken.count(True)
        assert spooled.status().refused_scans == taken.count(False)
        reader = spooled.reader()  # and the host will know of it
        reasons = [entry.reason for entry in reader.entries(spooled.live.no, 0, 100)]
        reader.close()
        assert reasons.count(GapReason.DROPPED) == 1


def test_one_spool_serves_one_process(tmp_path: Path) -> None:
    with spool(tmp_path), pytest.raises(SpoolWrong, match="another process"), spool(tmp_path):
        pass


def test_another_node_s_spool_is_refused(tmp_path: Path) -> None:
    with spool(tmp_path):
        pass
    with pytest.raises(SpoolWrong, match="belongs to plant/gw"):
        Spool(SpoolSettings(tmp_path / "gw.spool"), GatewayIdentity("plant", "other"), [PRESS])


def test_a_file_that_is_no_spool_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "gw.spool").write_bytes(b"not a database" * 200)
    with pytest.raises(SpoolWrong, match=r"gw\.spool"), spool(tmp_path):
        pass
    assert (tmp_path / "gw.spool").read_bytes() == b"not a database" * 200


def test_a_closed_spool_takes_nothing(tmp_path: Path) -> None:
    with spool(tmp_path) as spooled:
        pass
    with pytest.raises(SpoolWrong):
        spooled.put(scan(1))
    with pytest.raises(SpoolWrong):
        spooled.flush()


def test_a_large_backlog_is_cut_into_several_batches(tmp_path: Path) -> None:
    with spool(tmp_path) as spooled:
        readings = tuple(Reading("press", "good", number, number) for number in range(5000))
        spooled.put(Scan("press", readings, (0, 5000)))
        spooled.flush()
        assert spooled.live.last == 3
        assert [value for _, _, value in points(tmp_path)] == [*range(5000), 0]


@pytest.mark.slow
@pytest.mark.parametrize("life_s", [0.05, 0.21, 0.4])
def test_what_was_said_to_be_durable_survives_a_kill(tmp_path: Path, life_s: float) -> None:
    """Three lives end by SIGKILL in the midst of commits; nothing said to be durable is missing."""
    durable = 0
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, FOLDER / "spool_writer.py", tmp_path],
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(ROOT)},
        )
        assert writer.stdout is not None
        first = writer.stdout.readline()
        threading.Event().wait(life_s)
        writer.send_signal(signal.SIGKILL)
        said = [first, *writer.stdout.readlines()]
        writer.wait()
        writer.stdout.close()
        durable += int([line for line in said if line.endswith("\n")][-1])
        found = list(read_all_points(tmp_path / "gw.spool"))
        by_stream: dict[str, list[Value]] = {}
        for point in found:
            if point.tag.endswith("/good"):
                by_stream.setdefault(point.stream, []).append(point.value)
        for values in by_stream.values():
            assert values == list(range(1, len(values) + 1))  # in order, once, without a hole
        assert sum(map(len, by_stream.values())) >= durable
    with sqlite3.connect(tmp_path / "gw.spool") as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.slow
@pytest.mark.parametrize("synchronous", ["full", "off"])
def test_the_disk_has_a_batch_before_it_is_published(tmp_path: Path, synchronous: str) -> None:
    """Also with the sync switched off, so that the watching itself is known to see the difference."""
    probe = subprocess.run(
        [sys.executable, FOLDER / "fsync_probe.py", tmp_path, synchronous],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
    )
    events = probe.stdout.split()
    published = [index for index, event in enumerate(events) if event == "publish"]
    assert len(published) == 20
    assert "write" in events
    is_synced = [events[index - 1] in ("sync", "publish") for index in published]
    assert all(is_synced) if synchronous == "full" else not any(is_synced)


def test_a_writer_that_dies_says_so_and_takes_nothing_more(tmp_path: Path) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    with spool(tmp_path) as spooled:
        spooled.soon(break_down)
        with pytest.raises(SpoolWrong, match="nobody thought of this"):
            spooled.ended.result(60)
        with pytest.raises(SpoolWrong, match="nothing is spooled any more"):
            spooled.put(scan(1))
    with spool(tmp_path) as again:
        again.put(scan(2))
        again.flush()


FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0})); "


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 8192, 20_000])
def test_a_spool_on_a_full_disk_is_refused_in_one_sentence(tmp_path: Path, size: int) -> None:
    example = (ROOT / "edge/examples/sensors.toml").read_text()
    (tmp_path / "gw.toml").write_text(example)
    program = FULL.format(size) + "from edge.__main__ import main; raise SystemExit(main(['run', 'gw.toml']))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("gw.toml: spool.path: ")
    assert len(ended.stderr.splitlines()) == 1
