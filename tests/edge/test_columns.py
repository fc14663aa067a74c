"""Rows taken by columns report what samples report one by one, and the spool keeps the same of both."""

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from edge_plcs import CLOCK, T0, Sink
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.columns import Row
from edge.devices.tag import DeadbandKeys, Tag
from edge.gateway import GatewayIdentity, SpoolSettings
from edge.health import DeviceHealth
from edge.intake import BAD_INPUT, Intake, Sample
from edge.reading import Columns, DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.spool_reader import read_all_points
from wire.quality import BAD
from wire.sparkplug import DataType

TAGS = [
    Tag(name="f", datatype="Float"),
    Tag(name="scaled", datatype="Double", scale=0.1, offset=-3.5),
    Tag(name="i", datatype="Int32"),
    Tag(name="doubled", datatype="Int64", scale=2),
    Tag(name="b", datatype="Boolean"),
    Tag(name="dead", datatype="Float", deadband=DeadbandKeys(absolute=1.0)),
]
real = st.sampled_from([0.0, -0.0, 1.0, 1.5, 2.25, math.nan, math.inf, 3.5e38, 1e300]) | st.integers(-2, 2)
whole = st.sampled_from([0, 1, 2, 7, 2**31, -(2**31) - 1, True, 1.0])
RAWS = {
    "f": real,
    "scaled": real,
    "i": whole,
    "doubled": whole,
    "b": st.booleans() | st.sampled_from([0, 1]),
    "dead": real,
}
plain = st.sampled_from([0.0, 1.0, 1.5, 2.25, 8.0])
PLAIN = {"f": plain, "scaled": plain, "i": st.integers(0, 3), "doubled": st.just(1), "b": st.booleans()}


def intake(tags: Sequence[Tag], sink: Sink) -> Intake:
    return Intake(device="M1", tags=tags, clock=CLOCK, hand=sink.hand, mark=sink.mark, health=DeviceHealth())


def said(sink: Sink) -> list[str]:
    # As text: NaN is not equal to itself, and 1 is not told from True. Bad input has the clock's time.
    readings = [reading for scan in sink.scans for reading in scan.readings]
    return [repr(tuple(r._replace(ts_ms=0) if r.tag == BAD_INPUT else r)) for r in readings]


@given(st.lists(st.sampled_from(TAGS), min_size=1, max_size=6, unique_by=lambda tag: tag.name), st.data())
@settings(max_examples=200)
def test_a_row_reports_what_its_samples_report(tags: list[Tag], data: st.DataObject) -> None:
    by_column, one_by_one = Sink(), Sink()
    fast, slow = intake(tags, by_column), intake(tags, one_by_one)
    names = [tag.name for tag in tags]
    plan = fast.plan(names)
    for turn in range(data.draw(st.integers(1, 8))):
        event = data.draw(st.sampled_from(["row", "row", "row", "plain row", "sample", "session", "bad"]))
        ts_ms = T0 + 1000 * turn
        if event == "session":
            fast.open_session()
            slow.open_session()
        elif event in {"sample", "bad"}:
            name = data.draw(st.sampled_from(names))
            raw = data.draw(RAWS[name])
            sample = Sample(name, ts_ms, raw, BAD if event == "bad" else 192, kept=data.draw(st.booleans()))
            fast.take([sample], None)
            slow.take([sample], None)
        else:
            kinds = {**RAWS, **PLAIN} if event == "plain row" else RAWS
            raws = [data.draw(kinds[name]) for name in names]
            fast.take((), None, Row(plan, ts_ms, raws))
            slow.take([Sample(name, ts_ms, raw) for name, raw in zip(names, raws, strict=True)], None)
        assert said(by_column) == said(one_by_one)


def test_a_scan_class_whose_numbers_all_changed_comes_as_columns() -> None:
    sink = Sink()
    device = intake([Tag(name=f"t{n}", datatype="Float") for n in range(8)], sink)
    plan = device.plan([f"t{n}" for n in range(8)])
    for turn in range(3):
        device.take((), None, Row(plan, T0 + turn, [turn + n / 4 for n in range(8)]))
    assert [isinstance(scan.readings, Columns) for scan in sink.scans] == [False, True, True]
    assert sink.scans[2].readings[7] == Reading("M1", "t7", T0 + 2, 3.75)
    assert len(sink.scans[2].readings[2:5]) == 3


NUMBERS = {"a": DataType.FLOAT, "b": DataType.DOUBLE, "c": DataType.FLOAT, "d": DataType.FLOAT}


def kept(folder: Path, scans: Sequence[Scan], *, is_one_commit: bool) -> tuple[list[object], list[object]]:
    """Every stored point in order, and the newest value of each tag."""
    settings_ = SpoolSettings(folder / "gw.spool", commit_s=5.0 if is_one_commit else 0.01)
    spool = Spool(settings_, GatewayIdentity("plant", "gw"), [DeviceSpec("M1", NUMBERS)])
    spool.flush()
    for scan in scans:
        assert spool.put(scan)
        if not is_one_commit:
            spool.flush()
    spool.flush()
    points = [repr(tuple(point)[1:]) for point in read_all_points(settings_.path)]
    newest = [repr(spool.latest.get(tag.alias)) for tag in spool.tags.of("M1").values()]
    spool.close()
    return [*points], [*newest]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([T0, T0 + 1, T0 + 2]),
            st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True).map(tuple)
            | st.just(tuple("abcd")),
            st.lists(st.floats(-10, 10, width=32) | st.just(1e300), min_size=4, max_size=4),
            st.booleans(),
        ),
        max_size=6,
    ),
    st.booleans(),
)
@settings(max_examples=60)
def test_the_spool_keeps_the_same_of_columns_and_of_readings(
    rows: list[tuple[int, tuple[str, ...], list[float], bool]],
    is_one_commit: bool,  # noqa: FBT001  drawn
) -> None:
    mixed, plain_scans = [], []
    for ts_ms, tags, values, is_columns in rows:
        columns = Columns("M1", tags, ts_ms, values[: len(tags)])
        mixed.append(Scan("M1", columns if is_columns else tuple(columns), (T0, ts_ms)))
        plain_scans.append(Scan("M1", tuple(columns), (T0, ts_ms)))
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        found = kept(Path(one), mixed, is_one_commit=is_one_commit)
        assert found == kept(Path(other), plain_scans, is_one_commit=is_one_commit)
