"""Decoding alone and storing alone: what the same points cost without anything between the two."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa

from cloud.ingest import columns
from cloud.ingest.alias_tables import AliasTables
from cloud.ingest.groups import MOST, MOST_BYTES
from cloud.timeseries.batch_columns import BatchArrays, StreamKey
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.duckdb_tables import PTS
from cloud.timeseries.point_columns import GoodRun
from cloud.timeseries.store import Commit
from taktline.bench import BenchWrong
from taktline.bench.ingest_load import GROUP, Gateway
from wire.sparkplug import decode, framed

MILLION: Final = 1e6
MOST_POINTS: Final = 1_000_000  # of a long run a part is enough: the figures are per million
COMMIT_POINTS: Final = 50_000
TIMES: Final = 3  # the median stands: a neighbour on the processor moves a single one by a third


def alone(gateways: Sequence[Gateway], folder: Path) -> dict[str, float]:
    """Return the CPU seconds per million points of decoding, of our store and of bare DuckDB, each alone.

    The first two are medians of several times.
    """
    most = MOST_POINTS // len(gateways)
    chosen = [list(_head(gateway, most)) for gateway in gateways]
    points = sum(
        len(gateway.batches[i].metrics) for gateway, own in zip(gateways, chosen, strict=True) for i in own
    )
    payloads = [_payload(gateway, i) for gateway, own in zip(gateways, chosen, strict=True) for i in own]
    tables = _tables(gateways)
    devices = [
        gateway.number * gateway.devices + gateway.batches[i].device + 1
        for gateway, own in zip(gateways, chosen, strict=True)
        for i in own
    ]
    groups = list(_parts(range(len(payloads)), [len(payload) for payload in payloads], MOST_BYTES))
    decode_s = median(_decode_s(tables, payloads, devices, groups, points) for _ in range(TIMES))
    began = time.process_time()
    for payload in payloads:
        decode(payload)
    protobuf_s = time.process_time() - began
    del payloads
    commits = [
        commit for gateway, own in zip(gateways, chosen, strict=True) for commit in _commits(gateway, own)
    ]
    insert_s = median(_insert_s(commits, folder / f"alone{time_}.duckdb") for time_ in range(TIMES))
    bare_s = _bare(commits, folder / "bare.duckdb")
    return {
        "decode_cpu_s_per_million": round(decode_s / points * MILLION, 4),
        "protobuf_decode_cpu_s_per_million": round(protobuf_s / points * MILLION, 4),
        "insert_cpu_s_per_million": round(insert_s / points * MILLION, 4),
        "bare_insert_cpu_s_per_million": round(bare_s / points * MILLION, 4),
    }


def _decode_s(
    tables: AliasTables,
    payloads: Sequence[bytes],
    devices: Sequence[int],
    groups: Sequence[Sequence[int]],
    points: int,
) -> float:
    began = time.process_time()
    decoded = sum(
        _decoded(tables, payloads[own[0] : own[-1] + 1], devices[own[0] : own[-1] + 1]) for own in groups
    )
    took_s = time.process_time() - began
    if decoded != points:
        raise BenchWrong(f"{decoded} of {points} points were decoded")
    return took_s


def _insert_s(commits: Sequence[Commit], file: Path) -> float:
    store = DuckDBStore(file)
    began = time.process_time()
    for commit in commits:
        store.append(commit)
    took_s = time.process_time() - began
    store.close()
    return took_s


def _tables(gateways: Sequence[Gateway]) -> AliasTables:
    tables = AliasTables()
    for gateway in gateways:
        for device in range(gateway.devices):
            tables.learn(gateway.number * gateway.devices + device + 1, gateway.aliases(device))
    return tables


def _decoded(tables: AliasTables, payloads: Sequence[bytes], devices: Sequence[int]) -> int:
    """Return how many points of a group were read to columns of tag, time and value."""
    ends = np.cumsum([len(payload) for payload in payloads])
    starts = np.append(0, ends[:-1])
    raw = columns.Raw(b"".join(payloads) + columns.PAD)
    told, is_plain = columns.points(raw, columns.heads(raw, starts, ends), ends)
    values, _ = tables.values(told, is_plain, np.asarray(devices), 1 << 62)
    return len(values.tag)


def _head(gateway: Gateway, most: int) -> Iterator[int]:
    """Yield the numbers of the first batches, up to so many points."""
    taken = 0
    for index, batch in enumerate(gateway.batches):
        if taken >= most:
            return
        taken += len(batch.metrics)
        yield index


def _payload(gateway: Gateway, index: int) -> bytes:
    return framed(
        gateway.section(index),
        timestamp_ms=gateway.sent_ms(index),
        seq=(index + gateway.devices + 1) & 0xFF,
        body=gateway.header(index),
    )


def _commits(gateway: Gateway, indexes: Sequence[int]) -> Iterator[Commit]:
    """Yield commits as the ingest process hands them over: batches and points as arrays."""
    tags = gateway.tags()
    key = StreamKey(f"{GROUP}/{gateway.node}", gateway.stream.hex())
    for part in _parts(indexes, [len(batch.metrics) for batch in gateway.batches], COMMIT_POINTS):
        commit = Commit(tags=tags)
        commit.points.add_good(_good(gateway, part))
        sent_ms = np.array([gateway.sent_ms(index) for index in part])
        batches = BatchArrays([key], np.zeros(len(part), np.int64), np.asarray(part) + 1, sent_ms, sent_ms)
        commit.batches.add_run(batches)
        commit.watermarks[key] = part[-1] + 1
        yield commit


def _good(gateway: Gateway, part: Sequence[int]) -> GoodRun:
    width = len(gateway.tags()) // gateway.devices
    batches = [gateway.batches[index] for index in part]
    return GoodRun(
        0,
        np.array([len(batch.metrics) for batch in batches]),
        np.concatenate([batch.metrics + batch.device * width for batch in batches]),
        np.concatenate([batch.ts_ms for batch in batches]),
        np.concatenate([batch.values for batch in batches]),
    )


def _parts(indexes: Sequence[int], sizes: Sequence[int], most: int) -> Iterator[list[int]]:
    """Yield what fits together, by the sum of its sizes and by its number; at least one each time."""
    part: list[int] = []
    held = 0
    for index in indexes:
        if part and (held + sizes[index] > most or len(part) == MOST):
            yield part
            part, held = [], 0
        part.append(index)
        held += sizes[index]
    if part:
        yield part


def _bare(commits: Sequence[Commit], file: Path) -> float:
    """Return the CPU seconds of DuckDB alone for the same columns in the same transactions."""
    declared = ", ".join(f"{field.name} {_SQL[str(field.type)]}" for field in PTS)
    tables = []
    for commit in commits:
        points = commit.points.arrays()
        by_name = {
            "ts": points.ts_ms * 1000,
            "tag_id": points.tag.astype(np.int32),
            "value": points.value,
            "quality": points.quality,
            "batch": points.batch,
            "ord": points.ord,
        }
        tables.append(pa.table([by_name[field.name] for field in PTS], schema=PTS))
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"create table pts ({declared})")
        began = time.process_time()
        for table in tables:
            connection.register("arriving", table)
            connection.execute("insert into pts select * from arriving")
            connection.unregister("arriving")
        return time.process_time() - began


_SQL: Final = {
    "int64": "bigint",
    "int32": "integer",
    "int16": "smallint",
    "uint16": "usmallint",
    "double": "double",
}
