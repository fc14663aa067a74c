"""Batch headers and receipts on the wire."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.host_state import HostState, MalformedState
from wire.receipts import (
    STORED_THROUGH,
    BatchHeader,
    GapReason,
    MalformedReceipt,
    Receipt,
    rebirth_command,
    receipt_command,
)
from wire.sparkplug import decode, encode

STREAMS = st.binary(min_size=16, max_size=16)
POSITIONS = st.integers(1, 2**63 - 1)
BATCHES = st.builds(lambda s, p, h: BatchHeader(s, p - 1, p, None, h), STREAMS, POSITIONS, st.booleans())
GAPS = st.builds(
    lambda s, a, n, r, h: BatchHeader(s, a, a + n, r, h),
    STREAMS,
    st.integers(0, 2**62),
    st.integers(1, 2**60),
    st.sampled_from(GapReason),
    st.booleans(),
)


@given(BATCHES | GAPS)
def test_a_header_is_read_back_and_has_one_width(header: BatchHeader) -> None:
    raw = header.to_bytes()
    assert BatchHeader.from_body(raw) == header
    assert len(raw) == 38


@given(st.none() | st.binary(max_size=60) | st.binary(max_size=40).map(lambda rest: b"TL" + rest))
def test_any_body_is_ours_somebody_else_s_or_malformed(body: bytes | None) -> None:
    try:
        header = BatchHeader.from_body(body)
    except MalformedReceipt:
        return
    assert header is None or header.to_bytes()[:5] == (body or b"")[:5]


@pytest.mark.parametrize(("prev", "position"), [(3, 3), (4, 3), (-1, 0), (0, 2**63)])
def test_positions_that_cover_nothing_are_refused(prev: int, position: int) -> None:
    with pytest.raises(MalformedReceipt):
        BatchHeader(bytes(16), prev, position, GapReason.DROPPED)


def test_a_batch_covers_one_position_alone() -> None:
    with pytest.raises(MalformedReceipt):
        BatchHeader(bytes(16), 1, 3)


@given(STREAMS, st.integers(1, 10**9), st.integers(0, 2**63 - 1))
def test_a_receipt_is_read_back(stream: bytes, generation: int, position: int) -> None:
    receipt = Receipt("taktline", generation, stream, position)
    assert Receipt.parse(str(receipt)) == receipt


def test_a_receipt_reads_as_documented() -> None:
    assert (
        str(Receipt("taktline", 2, bytes(range(16)), 17)) == "taktline|2|000102030405060708090a0b0c0d0e0f|17"
    )


@given(st.text(max_size=80) | st.lists(st.text(max_size=34), min_size=4, max_size=4).map("|".join))
def test_any_text_is_a_receipt_or_malformed(text: str) -> None:
    try:
        receipt = Receipt.parse(text)
    except MalformedReceipt:
        return
    assert Receipt.parse(str(receipt)) == receipt


def test_commands_use_an_alias_where_the_birth_gave_one() -> None:
    receipt = Receipt("taktline", 1, bytes(16), 4)
    (named,) = decode(encode(receipt_command(receipt, 5))).metrics
    (aliased,) = decode(encode(receipt_command(receipt, 5, alias=12))).metrics
    assert (named.name, named.alias, named.value) == (STORED_THROUGH, None, str(receipt))
    assert (aliased.name, aliased.alias, aliased.value) == (None, 12, str(receipt))
    (rebirth,) = decode(encode(rebirth_command(5))).metrics
    assert (rebirth.name, rebirth.alias, rebirth.value) == ("Node Control/Rebirth", None, True)


@given(st.booleans(), st.integers(0, 2**53))
def test_a_state_is_read_back(is_online: bool, timestamp_ms: int) -> None:  # noqa: FBT001 - drawn
    state = HostState(is_online, timestamp_ms)
    assert HostState.parse(state.to_bytes()) == state


@given(st.binary(max_size=40))
def test_any_bytes_are_a_state_or_malformed(raw: bytes) -> None:
    with contextlib.suppress(MalformedState):
        HostState.parse(raw)


@pytest.mark.parametrize(
    "raw", [b"ONLINE", b"[]", b'{"online": 1, "timestamp": 2}', b'{"online": true}', b"[" * 9999]
)
def test_what_is_no_state_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedState):
        HostState.parse(raw)
