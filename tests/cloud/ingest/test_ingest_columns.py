"""Messages read together to columns lead to the same commits, live values and commands as one by one."""

import itertools
import math
import re
from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud.ingest.arrival import Arrival, Block
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.host import Host
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import Commit, Meaning, StreamKey
from wire.clock import PlantClock
from wire.receipts import REBIRTH, STORED_THROUGH, BatchHeader
from wire.session import BD_SEQ
from wire.session_events import NodeId
from wire.sparkplug import DataType, Metric, MetricsWriter, Payload, encode, framed

NOW_MS = 1_780_000_000_000
STILL = PlantClock(  # it begins to go in 2200
    origin=datetime.fromtimestamp(NOW_MS / 1000, UTC), anchor=datetime(2200, 1, 1, tzinfo=UTC), speed=1.0
)
NODE = NodeId("g", "n")
OURS = b"s" * 16
KINDS = (
    DataType.DOUBLE,
    DataType.FLOAT,
    DataType.INT8,
    DataType.INT32,
    DataType.INT64,
    DataType.UINT16,
    DataType.UINT64,
    DataType.BOOLEAN,
    DataType.STRING,
    DataType.DATETIME,
)
EDGES = st.integers(2**53 - 3, 2**53 + 3)  # where doubles begin to leave out whole numbers
VALUES: dict[int, st.SearchStrategy[Any]] = {
    DataType.DOUBLE: st.floats(),
    DataType.FLOAT: st.floats(width=32),
    DataType.INT8: st.integers(-(2**7), 2**7 - 1),
    DataType.INT32: st.integers(-(2**31), 2**31 - 1),
    DataType.INT64: st.one_of(st.integers(-(2**63), 2**63 - 1), EDGES, EDGES.map(lambda edge: -edge)),
    DataType.UINT16: st.integers(0, 2**16 - 1),
    DataType.UINT64: st.one_of(st.integers(0, 2**64 - 1), EDGES),
    DataType.BOOLEAN: st.booleans(),
    DataType.STRING: st.text(max_size=5),
    DataType.DATETIME: st.integers(0, 2**60),
}
TIMES = st.one_of(
    st.integers(NOW_MS - 1000, NOW_MS + 1000), st.sampled_from((0, 127, 128, NOW_MS + 2 * 86_400_000, 2**63))
)


@st.composite
def _value(draw: st.DrawFn, kind: int) -> Any:
    return draw(st.one_of(VALUES[kind], VALUES[kind], VALUES[kind], st.none()))


@st.composite
def _section(draw: st.DrawFn) -> bytes:
    """Metrics of device 0 or 1; now and then under a foreign alias, with a quality, historical or typed."""
    writer = MetricsWriter()
    for place in draw(st.lists(st.integers(0, len(KINDS) - 1), max_size=8)):
        kind = KINDS[place]
        alias, value, oddity = (
            draw(st.sampled_from((1, 1, 1, 1, 101))),
            draw(_value(kind)),
            draw(st.integers(0, 19)),
        )
        ts_ms = draw(TIMES)
        if oddity == 0:
            writer.add(Metric(None, alias + place, ts_ms, kind, value, value is None, quality=500))
        elif oddity == 1:
            writer.add(Metric(None, alias + place, ts_ms, kind, value, value is None, is_historical=True))
        elif oddity == 2:
            writer.add(Metric(f"m{place}", None, None, kind, value, value is None))
        else:
            writer.point(alias + place, ts_ms, kind, value)
    return writer.section()


def _births(shift: int) -> list[tuple[str, bytes]]:
    node = (
        Metric(BD_SEQ, None, NOW_MS, DataType.INT64, 0),
        Metric(REBIRTH, None, NOW_MS, DataType.BOOLEAN, value=False),
        Metric(STORED_THROUGH, 0, NOW_MS, DataType.STRING, None, is_null=True),
    )
    said = [("spBv1.0/g/NBIRTH/n", encode(Payload(NOW_MS, 0, node)))]
    for device in range(2):
        metrics = tuple(
            Metric(f"m{(place + shift) % len(KINDS)}", 1 + 100 * device + place, NOW_MS, kind, is_null=True)
            for place, kind in enumerate(KINDS)
        )
        said.append((f"spBv1.0/g/DBIRTH/n/d{device}", encode(Payload(NOW_MS, device + 1, metrics))))
    return said


@st.composite
def streams(draw: st.DrawFn) -> list[tuple[str, bytes]]:
    """Messages of one gateway: births, data whole and cut, holes, repetitions, deaths, garbage."""
    said = list(_births(0))
    seq, position = 3, 0
    for _ in range(draw(st.integers(1, 25))):
        what = draw(st.integers(0, 29))
        if what == 0:
            said += _births(draw(st.integers(0, 2)))
            seq = 3
        elif what == 1:
            said.append(("spBv1.0/g/DDATA/n/d0", draw(st.binary(max_size=60))))
        elif what == 2:
            said.append(("spBv1.0/g/DDEATH/n/d1", encode(Payload(NOW_MS, seq))))
            seq = (seq + 1) % 256
        elif what == 3:
            seq = (seq + draw(st.sampled_from((1, 200, 255)))) % 256
        elif what == 4:
            said.append(draw(st.sampled_from(said)))
        elif what == 5:
            said += [(topic, payload[:-1]) for topic, payload in said[-1:]]
        else:
            skip = draw(st.sampled_from((0, 0, 0, 0, 0, 0, 1)))
            header = BatchHeader(OURS, position + skip, position + skip + 1)
            position += 1 + skip
            device = draw(st.integers(0, 1))
            body = header.to_bytes() if draw(st.integers(0, 9)) else b"TL\x01"
            payload = framed(draw(_section()), timestamp_ms=draw(TIMES), seq=seq, body=body)
            said.append((f"spBv1.0/g/DDATA/n/d{device}", payload))
            seq = (seq + 1) % 256
    return said


def _told(commit: Commit) -> dict[str, Any]:
    """What a commit says, with the tags by name; equal texts for equal not-a-numbers and zeros."""
    points, texts = commit.points.arrays(), commit.texts
    names = commit.tags
    rows = [
        (int(b), int(o), names[t], int(ts), repr(float(v)), bool(n), int(q))
        for b, o, t, ts, v, n, q in zip(*points, strict=True)
    ]
    rows_of_text = [
        (b, o, names[t], ts, text, n, q)
        for b, o, t, ts, text, n, q in zip(
            texts.batch,
            texts.ord,
            texts.tag,
            texts.ts_ms,
            texts.text,
            texts.is_number,
            texts.quality,
            strict=True,
        )
    ]
    told = {
        "rows": commit.rows(),
        "batches": [batch._replace(received_ms=0) for batch in commit.batches],
        "points": rows,
        "texts": rows_of_text,
        "signals": commit.signals,
        "watermarks": commit.watermarks,
        "gaps": commit.gaps,
        "quarantine": commit.quarantine,
    }
    made_up = {key.stream for key in commit.watermarks} - {OURS.hex()}  # of what came without a header
    return {
        name: re.sub("|".join(made_up) or "^$", "made up", repr(part)).split("), ")
        for name, part in told.items()
    }


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("columns")
    opened = DuckDBStore(folder / "points.duckdb")
    yield opened
    opened.close()


def _host(store: DuckDBStore) -> tuple[Host, BadInputLog]:
    bad_input = BadInputLog()
    host = Host("taktline", store, STILL, bad_input)
    host.book.bind(
        {f"g/n/d{device}/m{place}": Meaning("good", "M", 1) for device, place in ((0, 0), (1, 4), (0, 8))}
    )
    return host, bad_input


def _live(host: Host) -> dict[str, str]:
    return {
        f"{device}/{name}": repr(found)
        for device in ("", "d0", "d1")
        for name, found in host.live.of_device(NODE, device).items()
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=streams())
def test_columns_stage_what_the_plain_way_stages(store: DuckDBStore, said: list[tuple[str, bytes]]) -> None:
    (plain, plainly), (grouped, in_groups) = _host(store), _host(store)
    arrivals = [Arrival(topic, payload, NOW_MS) for topic, payload in said]
    grouped.groups.fewest = 1
    for arrival in arrivals:
        plain.receive(arrival, 1.0)
    grouped.receive_all(deque(arrivals), 1.0)
    for now_s in (4.0, 10.0):
        plain.tick(now_s)
        grouped.tick(now_s)
    assert _told(grouped.staged) == _told(plain.staged)
    assert _live(grouped) == _live(plain)
    assert grouped.commands() == plain.commands()
    assert in_groups.snapshot() == plainly.snapshot()


def test_plain_messages_do_go_by_columns(store: DuckDBStore) -> None:
    host, _ = _host(store)
    arrivals = deque(Arrival(topic, payload, NOW_MS) for topic, payload in _births(0))
    for position in range(300):
        writer = MetricsWriter()
        writer.point(1, NOW_MS + position, DataType.DOUBLE, position / 7)
        writer.point(4, NOW_MS, DataType.INT32, -position)
        header = BatchHeader(OURS, position, position + 1).to_bytes()
        payload = framed(writer.section(), timestamp_ms=NOW_MS, seq=(position + 3) % 256, body=header)
        arrivals.append(Arrival("spBv1.0/g/DDATA/n/d0", payload, NOW_MS))
    host.receive_all(arrivals, 1.0)
    points = host.staged.points
    assert len(points) == 600
    assert points.batch == []  # none of them came as single values
    newest = host.live.sample(NODE, "d0", "m0")
    assert newest is not None
    assert math.isclose(float(newest.value or 0), 299 / 7)


@pytest.mark.parametrize("edge", [2**53 - 1, 2**53, 2**53 + 1, -(2**53), -(2**53) - 1, 2**63 - 1, -(2**63)])
def test_a_whole_number_that_no_double_holds_stays_exact(store: DuckDBStore, edge: int) -> None:
    hosts = [_host(store)[0] for _ in range(2)]
    writer = MetricsWriter()
    writer.point(5, NOW_MS, DataType.INT64, edge)
    payload = framed(writer.section(), timestamp_ms=NOW_MS, seq=3, body=BatchHeader(OURS, 0, 1).to_bytes())
    arrivals = [Arrival(*said, NOW_MS) for said in [*_births(0), ("spBv1.0/g/DDATA/n/d0", payload)]]
    for arrival in arrivals:
        hosts[0].receive(arrival, 1.0)
    hosts[1].groups.fewest = 1
    hosts[1].receive_all(deque(arrivals), 1.0)
    assert _told(hosts[1].staged) == _told(hosts[0].staged)


def _numbered(count: int, *, first: int = 0) -> list[Arrival]:
    """Messages of two numbers each, in order, of device d0."""
    said = []
    for position in range(first, first + count):
        writer = MetricsWriter()
        writer.point(1, NOW_MS + position, DataType.DOUBLE, position / 7)
        writer.point(4, NOW_MS, DataType.INT32, -position)
        header = BatchHeader(OURS, position, position + 1).to_bytes()
        payload = framed(writer.section(), timestamp_ms=NOW_MS, seq=(position + 3) % 256, body=header)
        said.append(Arrival("spBv1.0/g/DDATA/n/d0", payload, NOW_MS + position))
    return said


def _born(store: DuckDBStore) -> Host:
    host, _ = _host(store)
    for topic, payload in _births(0):
        host.receive(Arrival(topic, payload, NOW_MS), 1.0)
    return host


def test_blocks_from_the_network_are_read_as_single_messages_are(store: DuckDBStore) -> None:
    singly, in_blocks = _born(store), _born(store)
    said = _numbered(300)
    for arrival in said:
        singly.receive(arrival, 1.0)
    waiting: deque[Arrival | Block] = deque(Block.of(said[at : at + 7]) for at in range(0, 300, 7))
    in_blocks.receive_all(waiting, 1.0)
    assert not waiting
    assert _told(in_blocks.staged) == _told(singly.staged)
    assert [batch.received_ms for batch in in_blocks.staged.batches] == [a.received_ms for a in said]
    assert in_blocks.staged.points.batch == []  # all of them stayed columns


@pytest.mark.parametrize("sizes", [(1, 1), (2, 1), (1, 1, 40)])
def test_few_messages_in_several_blocks_are_taken_once_each(
    store: DuckDBStore, sizes: tuple[int, ...]
) -> None:
    (plain, plainly), (grouped, in_groups) = _host(store), _host(store)
    said = [Arrival("spBv1.0/g/DDATA/n/d0", b"\xff", NOW_MS) for _ in range(sum(sizes))]
    for arrival in said:
        plain.receive(arrival, 1.0)
    ends = list(itertools.accumulate(sizes, initial=0))
    waiting: deque[Arrival | Block] = deque(
        Block.of(said[begin:end]) for begin, end in itertools.pairwise(ends)
    )
    grouped.receive_all(waiting, 1.0)
    assert in_groups.snapshot() == plainly.snapshot()
    assert plainly.snapshot()["malformed_payload"].count == sum(sizes)


def test_one_message_of_a_block_can_be_taken_alone(store: DuckDBStore) -> None:
    host = _born(store)
    waiting: deque[Arrival | Block] = deque([Block.of(_numbered(5))])
    for count in range(1, 6):
        host.receive_all(waiting, 1.0, is_single=True)
        assert len(host.staged.batches) == count
    host.receive_all(waiting, 1.0)
    assert not waiting
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 5}


def test_a_repetition_in_a_block_is_stored_once_and_a_hole_waits(store: DuckDBStore) -> None:
    host = _born(store)
    said = _numbered(60)
    host.receive_all(deque([Block.of([*said[:20], *said[:20], *said[20:30], *said[40:]])]), 1.0)
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 30}
    host.receive_all(deque([Block.of(said[30:40])]), 1.0)
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 60}
    assert [batch.position for batch in host.staged.batches] == list(range(1, 61))


def test_what_a_commit_refused_comes_again_in_a_block(store: DuckDBStore) -> None:
    host = _born(store)
    said = _numbered(50)
    host.receive_all(deque([Block.of(said)]), 1.0)
    host.rolled_back(host.take())
    host.receive_all(deque([Block.of(said)]), 1.0)
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 50}
    assert host.staged.rows() == 100


def test_after_a_surprise_the_rest_of_a_block_is_read_one_by_one(store: DuckDBStore) -> None:
    host = _born(store)
    block = Block.of(_numbered(20))
    whole, block.ends = block.ends, block.ends[:-1]  # a fault of ours: reading it together fails
    waiting: deque[Arrival | Block] = deque([block])
    with pytest.raises(ValueError, match="broadcast"):
        host.receive_all(waiting, 1.0)
    block.ends = whole
    assert block.is_suspect
    host.receive_all(waiting, 1.0)
    assert not waiting
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 20}


def test_a_surprise_after_a_run_was_staged_doubles_nothing(
    store: DuckDBStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = _born(store)
    heard = host.live.heard_columns

    def fails(*_: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr(type(host.live), "heard_columns", fails)
    waiting: deque[Arrival | Block] = deque([Block.of(_numbered(20))])
    with pytest.raises(ArithmeticError):
        host.receive_all(waiting, 1.0)
    monkeypatch.setattr(type(host.live), "heard_columns", heard.__func__)
    host.receive_all(waiting, 1.0)
    assert [batch.position for batch in host.staged.batches] == list(range(1, 21))
    assert host.staged.watermarks == {StreamKey("g/n", OURS.hex()): 20}
