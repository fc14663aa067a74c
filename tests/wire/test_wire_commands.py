"""Command headers and results: what goes in comes out, and anything else is refused by name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.commands import (
    CommandHeader,
    CommandResult,
    MalformedCommand,
    Outcome,
    write_command,
)
from wire.sparkplug import DataType, Metric, decode, encode

TEXTS = st.text(max_size=200)
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64), st.floats(allow_nan=False), st.text(max_size=1000)
)


@given(IDS, st.integers(0, 2**52), TEXTS, TEXTS)
def test_a_header_comes_back_as_it_was(identity: str, expires_ms: int, requester: str, reason: str) -> None:
    header = CommandHeader(identity, expires_ms, requester, reason)
    assert CommandHeader.from_body(header.to_bytes()) == header


@given(IDS, TEXTS, TEXTS, st.sampled_from(Outcome), VALUES)
def test_a_result_comes_back_as_it_was(
    identity: str, device: str, metric: str, outcome: Outcome, value: float | str | None
) -> None:
    result = CommandResult(identity, device, metric, outcome, value, "why", "anna")
    assert CommandResult.parse(result.to_text()) == result


@given(st.binary(max_size=300))
def test_any_body_is_a_header_or_nobody_s_or_malformed(body: bytes) -> None:
    if not body.startswith(b"TC\x01"):
        assert CommandHeader.from_body(body) is None
    with pytest.raises(MalformedCommand):
        CommandHeader.from_body(b"TC\x01" + body)


@given(st.text(max_size=300))
def test_any_text_is_a_result_or_malformed(text: str) -> None:
    with pytest.raises(MalformedCommand):
        CommandResult.parse(text)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"id": ""}, "command id"),
        ({"id": "a b"}, "command id"),
        ({"id": "x" * 65}, "command id"),
        ({"expires_ms": -1}, "cannot expire"),
        ({"requester": "x" * 201}, "requester"),
        ({"reason": "x" * 201}, "reason"),
    ],
)
def test_a_header_out_of_bounds_is_refused_by_name(keys: dict[str, object], said: str) -> None:
    with pytest.raises(MalformedCommand, match=said):
        CommandHeader(**({"id": "a", "expires_ms": 1} | keys))  # type: ignore[arg-type]


def test_a_write_command_is_a_valid_sparkplug_command() -> None:
    header = CommandHeader("c-1", 1_700_000_000_000, "anna", "trial")
    metric = Metric(alias=7, datatype=DataType.INT32, value=-5)
    payload = decode(encode(write_command(metric, header, 1000)))
    assert payload.seq is None
    assert payload.timestamp_ms == 1000
    assert payload.uuid == "c-1"
    assert [(m.alias, m.value, m.timestamp_ms) for m in payload.metrics] == [(7, -5, 1000)]
    assert CommandHeader.from_body(payload.body) == header


def test_long_texts_of_a_device_are_cut_not_refused() -> None:
    result = CommandResult("a", "d", "m", Outcome.FAILED, "v" * 5000, "r" * 5000)
    parsed = CommandResult.parse(result.to_text())
    assert (len(str(parsed.value)), len(parsed.reason)) == (1000, 200)
