"""Commands: checked, written once, read back, reported exactly once, whatever dies in between."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from uplink_world import until

from edge.commands import MAX_OPEN, CommandDesk
from edge.gateway import GatewayIdentity, SpoolSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.spool_opening import SpoolWrong
from edge.spool_reader import read_all_points
from edge.write_rules import Bucket, CommandSettings, Refused, WriteRule, Writing
from edge.writes import Write, Writes
from wire.clock import REAL_TIME, real_ms
from wire.commands import COMMAND_RESULT, CommandHeader, CommandResult, Outcome
from wire.sparkplug import DataType, Metric

PRESS = DeviceSpec(
    "press",
    {"speed": DataType.INT32, "temp": DataType.DOUBLE, "run": DataType.BOOLEAN, "good": DataType.INT64},
)
RULES = {
    ("press", "speed"): WriteRule("Int32", 0, 100),
    ("press", "temp"): WriteRule("Double", step=0.1),
    ("press", "run"): WriteRule("Boolean"),
}


class Bench:
    """A desk over a real spool, with a driver that answers as `serve` says."""

    def __init__(self, path: Path, settings: CommandSettings | None = None) -> None:
        self.path = path
        self.spool = Spool(SpoolSettings(path, commit_s=0.01), GatewayIdentity("plant", "gw"), [PRESS])
        self.writes = Writes()
        self.writes.open()
        self.written: list[tuple[str, object]] = []
        self.serve: Callable[[Write], None] = lambda write: write.done(write.value)
        queue = {"press": self.writes}.get
        writing = Writing(lambda: RULES, queue, settings or CommandSettings(plain=True, per_minute=6000))
        self.desk = CommandDesk(self.spool, writing, REAL_TIME, lambda: None)
        self._ending = threading.Event()
        self._driver = threading.Thread(target=self._drive, daemon=True)
        self._driver.start()

    def _drive(self) -> None:
        while not self._ending.wait(0.001):
            if (write := self.writes.take()) is not None:
                self.written.append((write.tag, write.value))
                self.serve(write)

    def close(self) -> None:
        self._ending.set()
        self._driver.join()
        self.spool.close()

    def ask(
        self, metric: Metric, *, identity: str = "c1", life_ms: int = 60_000, device: str = "press"
    ) -> None:
        header = CommandHeader(identity, real_ms() + life_ms, "anna", "trial")
        self.desk.take(device, [metric], header, time.monotonic())

    def plain(self, *metrics: Metric) -> None:
        self.desk.take("press", metrics, None, time.monotonic())

    def settled(self) -> bool:
        self.desk.turn(time.monotonic())
        return not self.desk.under_way

    def results(self) -> list[CommandResult]:
        until(self.settled)
        self.spool.flush()
        return [
            CommandResult.parse(str(point.value))
            for point in read_all_points(self.path)
            if point.tag == f"plant/gw//{COMMAND_RESULT}"
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    found = Bench(tmp_path / "gw.spool")
    yield found
    found.close()


def speed(value: object, datatype: DataType = DataType.INT32) -> Metric:
    return Metric(name="speed", datatype=datatype, value=value)  # type: ignore[arg-type]


def test_a_command_is_written_read_back_and_reported(bench: Bench) -> None:
    bench.ask(speed(40))
    assert bench.results() == [CommandResult("c1", "press", "speed", Outcome.DONE, 40, "", "anna")]
    assert bench.written == [("speed", 40)]


def test_the_alias_of_the_birth_names_the_metric_too(bench: Bench) -> None:
    alias = bench.spool.tags.of("press")["speed"].alias
    bench.ask(Metric(alias=alias, value=7))
    bench.ask(Metric(alias=alias + 1000, value=7), identity="c2")
    done, lost = sorted(bench.results(), key=lambda result: result.id)
    assert (done.metric, done.value, done.outcome) == ("speed", 7, Outcome.DONE)
    assert lost.reason == "the command names no metric of this birth"


def test_an_id_is_executed_once_even_across_a_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "gw.spool")
    for _ in range(3):
        bench.ask(speed(40))
    assert len(bench.results()) == 1
    bench.close()
    again = Bench(tmp_path / "gw.spool")
    again.desk.recover()
    again.ask(speed(50))
    assert [result.value for result in again.results()] == [40]
    assert again.written == []
    assert again.desk.counts.repeated == 1
    again.close()


def test_a_command_open_at_a_crash_is_reported_unknown_and_never_tried_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "gw.spool")
    bench.serve = lambda _write: None  # the driver hangs
    bench.ask(speed(40))
    until(lambda: bench.settled() or bench.written)
    bench.close()
    again = Bench(tmp_path / "gw.spool")
    again.desk.recover()
    again.ask(speed(40))
    (result,) = again.results()
    assert (result.id, result.outcome) == ("c1", Outcome.UNKNOWN)
    assert "stopped before the answer" in result.reason
    assert again.written == []
    again.desk.recover()
    assert len(again.results()) == 1
    again.close()


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (speed(101), "write_max 100"),
        (speed(-1), "write_min 0"),
        (speed(2.5, DataType.DOUBLE), "no whole number"),
        (speed(True, DataType.BOOLEAN), "is no number"),
        (speed("fast", DataType.STRING), "is no number"),
        (speed(2**40, DataType.INT64), "lies outside Int32"),
        (Metric(name="speed", datatype=DataType.INT32, is_null=True), "no value"),
        (Metric(name="speed", value="fast"), "no value that goes with Int32"),
        (Metric(name="good", datatype=DataType.INT64, value=1), "not writable"),
        (Metric(name="ghost", datatype=DataType.INT64, value=1), "not writable"),
        (Metric(name="run", datatype=DataType.INT32, value=1), "is no Boolean"),
        (Metric(name="temp", datatype=DataType.DOUBLE, value=float("nan")), "cannot hold nan"),
    ],
)
def test_what_does_not_fit_never_reaches_the_device(bench: Bench, metric: Metric, said: str) -> None:
    bench.ask(metric)
    (result,) = bench.results()
    assert result.outcome is Outcome.REFUSED
    assert said in result.reason
    assert bench.written == []


def test_numbers_fit_where_nothing_is_lost(bench: Bench) -> None:
    bench.plain(
        speed(40, DataType.UINT8),
        Metric(name="temp", datatype=DataType.INT64, value=20),
        Metric(name="run", datatype=DataType.BOOLEAN, value=True),
    )
    assert [(result.outcome, result.value) for result in bench.results()] == [
        (Outcome.DONE, 40),
        (Outcome.DONE, 20.0),
        (Outcome.DONE, True),
    ]


def test_an_expired_command_or_one_of_a_strange_clock_is_refused(bench: Bench) -> None:
    bench.ask(speed(1), identity="late", life_ms=-1)
    bench.ask(speed(1), identity="far", life_ms=4_000_000)
    reasons = {result.id: result.reason for result in bench.results()}
    assert "expired" in reasons["late"]
    assert "more than an hour ahead" in reasons["far"]
    assert bench.written == []


def test_a_header_with_several_writes_is_refused_as_a_whole(bench: Bench) -> None:
    header = CommandHeader("two", real_ms() + 1000)
    bench.desk.take("press", [speed(1), speed(2)], header, time.monotonic())
    (result,) = bench.results()
    assert "asks for one write, not 2" in result.reason
    assert bench.written == []


def test_what_the_device_holds_instead_is_a_failure_with_that_value(bench: Bench) -> None:
    bench.serve = lambda write: write.done(39)
    bench.ask(speed(40))
    (result,) = bench.results()
    assert (result.outcome, result.value) == (Outcome.FAILED, 39)
    assert "holds another value" in result.reason


def test_half_a_step_of_a_scaled_tag_is_rounding_not_failure(bench: Bench) -> None:
    bench.serve = lambda write: write.done(20.0)
    bench.ask(Metric(name="temp", datatype=DataType.DOUBLE, value=20.04))
    bench.ask(Metric(name="temp", datatype=DataType.DOUBLE, value=20.2), identity="c2")
    outcomes = {result.id: result.outcome for result in bench.results()}
    assert outcomes == {"c1": Outcome.DONE, "c2": Outcome.FAILED}


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN])
def test_the_driver_s_word_is_the_result(bench: Bench, outcome: Outcome) -> None:
    bench.serve = lambda write: write.failed("illegal address", outcome)
    bench.ask(speed(40))
    (result,) = bench.results()
    assert (result.outcome, result.reason, result.value) == (outcome, "illegal address", 40)


def test_a_device_that_is_away_is_a_refusal_at_once(bench: Bench) -> None:
    bench.writes.close("the device is not reached: cable cut")
    bench.ask(speed(40))
    bench.ask(speed(40), identity="c2", device="ghost")
    reasons = {result.id: result.reason for result in bench.results()}
    assert reasons["c1"].endswith("cable cut")
    assert "not writable" in reasons["c2"]


def test_writes_are_limited_in_rate(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "gw.spool", CommandSettings(per_minute=12))
    for n in range(4):
        bench.ask(speed(n), identity=f"c{n}")
    outcomes = [result.outcome for result in bench.results()]
    assert outcomes.count(Outcome.DONE) == 2
    assert outcomes.count(Outcome.REFUSED) == 2
    assert len(bench.written) == 2
    bench.close()


def test_plain_commands_are_refused_until_the_file_takes_them(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "gw.spool", CommandSettings())
    bench.plain(speed(1))
    bench.ask(speed(2))
    results = bench.results()
    outcomes = {result.id: result.outcome for result in results}
    assert outcomes == {"": Outcome.REFUSED, "c1": Outcome.DONE}
    assert "plain = true under [commands]" in next(result.reason for result in results if not result.id)
    assert bench.written == [("speed", 2)]
    bench.close()


def test_a_flood_of_nonsense_does_not_fill_the_spool(bench: Bench) -> None:
    for n in range(400):
        bench.plain(Metric(name=f"ghost{n}", datatype=DataType.INT32, value=1))
    assert len(bench.results()) < 150
    assert bench.desk.counts.refused == 400
    assert bench.desk.counts.unreported > 250


def test_commands_under_way_are_bounded(bench: Bench) -> None:
    bench.serve = lambda _write: None
    for n in range(MAX_OPEN + 5):
        bench.ask(speed(1), identity=f"c{n}")
    assert bench.desk.under_way == MAX_OPEN
    assert bench.desk.counts.unreported == 5


def test_a_bucket_fills_at_its_rate() -> None:
    bucket = Bucket(60)
    now_s = time.monotonic()
    assert [bucket.take(now_s) for _ in range(11)] == [True] * 10 + [False]
    assert bucket.take(now_s + 1.0)
    assert not bucket.take(now_s + 1.0)


def test_a_uuid_must_be_one() -> None:
    rule = WriteRule("UUID")
    text = "6f1e0f0e-9a53-4a79-8f4f-2d6d3d1f1a11"
    assert rule.value(Metric(datatype=DataType.UUID, value=text)) == text
    with pytest.raises(Refused, match="no UUID"):
        rule.value(Metric(datatype=DataType.STRING, value="42"))


def test_a_dead_writer_of_the_spool_ends_the_waiting_and_runs_nothing(bench: Bench) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    broken = bench.spool.soon(break_down)
    bench.ask(speed(40))
    with pytest.raises(SpoolWrong, match="nothing is spooled any more"):
        broken.result(60)
    until(bench.settled)
    bench.desk.recover()
    bench.ask(speed(41), identity="c2")
    until(bench.settled)
    assert bench.written == []
    assert bench.desk.counts.unreported == 2


def test_recovery_waits_for_no_disk(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "gw.spool")
    bench.serve = lambda _write: None
    bench.ask(speed(40))
    until(lambda: bench.settled() or bench.written)
    bench.close()
    again = Bench(tmp_path / "gw.spool")
    database = again.spool._file._db
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    filler = Scan("press", (Reading("press", "run", 1, True),) * 20_000)
    database.execute(f"PRAGMA max_page_count = {pages}")
    again.spool.put(filler)
    until(lambda: again.spool.status().trouble)
    again.desk.recover()  # the disk is full: an uplink that waited here would never send, so never make room
    again.ask(speed(41), identity="c2")
    assert not again.settled()
    assert again.written == []
    database.execute("PRAGMA max_page_count = 1000000")
    outcomes = {result.id: result.outcome for result in again.results()}
    assert outcomes == {"c1": Outcome.UNKNOWN, "c2": Outcome.DONE}
    assert again.desk.counts.unknown == 1
    again.close()
