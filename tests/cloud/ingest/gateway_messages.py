"""Messages of one gateway, sound and odd, and what a host makes of them."""

import re
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from cloud.ingest.arrival import Arrival
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.host import Host
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import Commit, Meaning
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


def births(shift: int) -> list[tuple[str, bytes]]:
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
    said = list(births(0))
    seq, position = 3, 0
    for _ in range(draw(st.integers(1, 25))):
        what = draw(st.integers(0, 29))
        if what == 0:
            said += births(draw(st.integers(0, 2)))
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


def told_of(commit: Commit) -> dict[str, Any]:
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


def new_host(store: DuckDBStore) -> tuple[Host, BadInputLog]:
    bad_input = BadInputLog()
    host = Host("taktline", store, STILL, bad_input)
    host.book.bind(
        {f"g/n/d{device}/m{place}": Meaning("good", "M", 1) for device, place in ((0, 0), (1, 4), (0, 8))}
    )
    return host, bad_input


def live_of(host: Host) -> dict[str, str]:
    return {
        f"{device}/{name}": repr(found)
        for device in ("", "d0", "d1")
        for name, found in host.live.of_device(NODE, device).items()
    }


def numbered(count: int, *, first: int = 0) -> list[Arrival]:
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


def born_host(store: DuckDBStore) -> Host:
    host, _ = new_host(store)
    for topic, payload in births(0):
        host.receive(Arrival(topic, payload, NOW_MS), 1.0)
    return host
