"""Whether a store holds exactly the points of a load: sets of (stream, position, ord, tag, ts, value)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from cloud.timeseries.duckdb import DuckDBStore
from taktline.bench.ingest_load import Gateway

_FIELDS: Final = 6
_PAGE: Final = 50_000
_Sorted = NDArray[np.void]


def proof(gateways: Sequence[Gateway], file: Path) -> dict[str, Any]:
    """Return `lost`, `duplicated` and the digest of what is stored; read from a store that nobody has open.

    Equal digests of both sets prove the load whole; where they differ the sets are compared.
    """
    made, stored = _made(gateways), _stored(gateways, file)
    is_kept = np.append(True, stored[1:] != stored[:-1]) if len(stored) else np.empty(0, np.bool_)
    distinct = stored[is_kept]
    digest = hashlib.sha256(distinct.tobytes()).hexdigest()
    lost = 0
    if digest != hashlib.sha256(made.tobytes()).hexdigest():
        lost = len(np.setdiff1d(made, distinct, assume_unique=True))
    return {
        "lost": lost,
        "duplicated": len(stored) - (len(made) - lost),
        "digest": digest[:16],
    }


def _sorted(columns: Sequence[NDArray[np.generic]]) -> _Sorted:
    """Return rows as opaque values in one order, so that equal sets are equal bytes."""
    table = np.empty((len(columns[0]), _FIELDS), dtype=">u8")
    for place, column in enumerate(columns):
        table[:, place] = column
    rows = np.ascontiguousarray(table).view(f"V{8 * _FIELDS}").ravel()
    order = np.lexsort([table[:, place] for place in reversed(range(_FIELDS))])
    return rows[order]


def _bits(values: NDArray[np.float64]) -> NDArray[np.uint64]:
    return values.astype(np.float64).view(np.uint64)


def _made(gateways: Sequence[Gateway]) -> _Sorted:
    parts = []
    first_tag = 0
    for gateway in gateways:
        rows = gateway.rows()
        parts.append(rows._replace(tag=rows.tag + first_tag))
        first_tag += len(gateway.tags())
    columns = [np.concatenate([part[place] for part in parts]) for place in range(_FIELDS)]
    columns[5] = _bits(columns[5])
    return _sorted(columns)


def _stored(gateways: Sequence[Gateway], file: Path) -> _Sorted:
    tags = {tag: number for number, tag in enumerate(tag for gateway in gateways for tag in gateway.tags())}
    streams = {gateway.stream.hex(): gateway.number for gateway in gateways}
    numbers, values = [], []
    store = DuckDBStore(file)
    after: int | None = 0
    while after is not None:
        page = store.audit(after, _PAGE)
        for row in page.rows:
            if isinstance(row.value, str):
                continue  # a load holds numbers alone
            # What belongs to no gateway or tag of the load counts as doubled: numbers below cannot meet any.
            gateway, tag = streams.get(row.stream, -1), tags.get(row.tag, -1)
            numbers.append((gateway, row.position, row.ord, tag, row.ts_ms))
            values.append(np.nan if row.value is None else float(row.value))
        after = page.next
    store.close()
    table = np.asarray(numbers, dtype=np.int64).reshape(-1, _FIELDS - 1)
    return _sorted([*table.T, _bits(np.asarray(values, dtype=np.float64))])
