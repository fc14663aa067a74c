"""Metrics written by columns are the bytes of the same metrics written one by one."""

import math

from hypothesis import given
from hypothesis import strategies as st

from wire.point_bytes import point_bytes
from wire.point_columns import PointColumns
from wire.sparkplug import DataType, decode

KINDS = (DataType.FLOAT, DataType.DOUBLE, DataType.INT32, DataType.BOOLEAN)
floats = st.floats(width=32) | st.sampled_from([math.nan, math.inf, 1e39, -0.0])
anything = floats | st.integers(-(2**33), 2**33) | st.booleans() | st.none()
times = st.integers(0, 2**50) | st.sampled_from([-1, 2**64 - 1])


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 6)), min_size=1, max_size=4),
    st.integers(0, 20_000),
    st.data(),
)
def test_columns_are_what_one_by_one_gives(
    runs: list[tuple[DataType, int]], first: int, data: st.DataObject
) -> None:
    datatypes = [datatype for datatype, size in runs for _ in range(size)]
    aliases = list(range(first, first + len(datatypes)))
    together = PointColumns(aliases, datatypes)
    for _ in range(4):
        ts_ms = data.draw(times)
        values = data.draw(
            st.lists(floats, min_size=len(aliases), max_size=len(aliases))
            | st.lists(anything, min_size=len(aliases), max_size=len(aliases))
        )
        chunks = [
            point_bytes(alias, ts_ms, datatype, value)
            for alias, datatype, value in zip(aliases, datatypes, values, strict=True)
        ]
        section = together.section(ts_ms, values)
        expected = None if None in chunks else b"".join(chunk for chunk in chunks if chunk)
        if section is not None or expected is None:
            assert section == expected
        else:  # a sum that overflows is left to the other way; nothing else is
            assert not math.isfinite(sum(value for value in values if isinstance(value, float)))


def test_a_thousand_polls_need_their_places_learnt_once() -> None:
    together = PointColumns(range(100, 200), [DataType.FLOAT] * 100)
    for number in range(1000):
        section = together.section(1_700_000_000_000 + 997 * number, [number + i / 8 for i in range(100)])
        assert section is not None
    metrics = decode(section).metrics
    assert [m.alias for m in metrics] == list(range(100, 200))
    assert {m.timestamp_ms for m in metrics} == {1_700_000_000_000 + 997 * 999}
