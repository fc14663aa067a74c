"""Laws of Modbus numbers: what is written in registers is what is read from them."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.devices.modbus import REGISTERS, Place
from edge.drivers.modbus.numbers import ValueUnfit, decoder, encoded
from edge.drivers.modbus.plan import Span
from edge.scaling import Unfit

WHOLE = {f"{sign}int{bits}": (0 if sign else -(2 ** (bits - 1)), 2 ** (bits if sign else bits - 1) - 1)
         for sign in ("u", "") for bits in (16, 32, 64)}  # fmt: skip
BCD = {"bcd16": 9999, "bcd32": 99_999_999, "bcd64": 9_999_999_999_999_999}


def values_of(kind: str) -> st.SearchStrategy[float | str]:
    if kind in WHOLE:
        return st.integers(*WHOLE[kind])
    if kind in BCD:
        return st.integers(0, BCD[kind])
    return st.floats(allow_nan=False, width=32 if kind == "float32" else 64)


orders = st.sampled_from(["big", "little"])
kinds = st.sampled_from([*WHOLE, *BCD, "float32", "float64"])


@st.composite
def numbers(draw: st.DrawFn, address: int = 0) -> tuple[Place, float | str]:
    kind = draw(kinds)
    place = Place("holding", address, kind, REGISTERS[kind], draw(orders), draw(orders))
    return place, draw(values_of(kind))


@st.composite
def texts(draw: st.DrawFn, address: int = 0) -> tuple[Place, str]:
    length = draw(st.integers(1, 20))
    letters = st.characters(min_codepoint=33, max_codepoint=126)
    text = draw(st.text(letters, max_size=2 * length))
    return Place("holding", address, "string", length, draw(orders), draw(orders)), text


@given(st.one_of(numbers(), texts()))
def test_decode_after_encode_is_identity(case: tuple[Place, float | str]) -> None:
    place, value = case
    payload = encoded(place, value)
    assert len(payload) == 2 * place.registers
    assert list(decoder(Span("holding", 0, place.registers), [place]).values(payload)) == [value]


@st.composite
def layouts(draw: st.DrawFn) -> tuple[Span, list[tuple[Place, float | str]]]:
    """Values at growing addresses with gaps between, in one request, wanted in any order."""
    start = address = draw(st.integers(0, 1000))
    found = []
    for _ in range(draw(st.integers(1, 12))):
        address += draw(st.integers(0, 3))
        case = draw(st.one_of(numbers(address), texts(address)))
        found.append(case)
        address += case[0].registers
    end = address + draw(st.integers(0, 3))
    return Span("holding", start, end - start), draw(st.permutations(found))


@given(layouts())
def test_all_values_of_a_request_come_in_the_order_they_are_wanted(
    case: tuple[Span, list[tuple[Place, float | str]]],
) -> None:
    span, wanted = case
    payload = bytearray(2 * span.count)
    for place, value in wanted:
        at = 2 * (place.address - span.address)
        payload[at : at + 2 * place.registers] = encoded(place, value)
    values = decoder(span, [place for place, _ in wanted]).values(bytes(payload))
    assert list(values) == [value for _, value in wanted]


@pytest.mark.parametrize(
    ("byte_order", "word_order", "wire"),
    [
        ("big", "big", "41 20 00 00"),
        ("big", "little", "00 00 41 20"),
        ("little", "big", "20 41 00 00"),
        ("little", "little", "00 00 20 41"),
    ],
)
def test_ten_stands_in_registers_as_the_makers_write_it(byte_order: str, word_order: str, wire: str) -> None:
    place = Place("holding", 0, "float32", 2, byte_order, word_order)
    assert encoded(place, 10.0) == bytes.fromhex(wire)


def test_bits_of_a_register_and_the_register_itself_come_together() -> None:
    bits = [Place("holding", 5, "bit", 1, bit=bit) for bit in (0, 3, 15)]
    word = Place("holding", 5, "uint16", 1)
    values = decoder(Span("holding", 4, 3), [*bits, word]).values(bytes.fromhex("0000 8001 0000"))
    assert list(values) == [True, False, True, 0x8001]


@given(st.lists(st.booleans(), min_size=1, max_size=100), st.data())
def test_coils_come_back_as_they_were(states: list[bool], data: st.DataObject) -> None:
    packed = sum(1 << i for i, on in enumerate(states) if on).to_bytes((len(states) + 7) // 8, "little")
    wanted = data.draw(st.lists(st.integers(0, len(states) - 1), min_size=1))
    places = [Place("coil", 40 + i, "bit", 1) for i in wanted]
    assert decoder(Span("coil", 40, len(states)), places).values(packed) == [states[i] for i in wanted]


def test_what_is_no_decimal_digit_or_no_text_is_bad_and_nothing_else_is_lost() -> None:
    places = [
        Place("holding", 0, "bcd16", 1),
        Place("holding", 1, "string", 1),
        Place("holding", 2, "uint16", 1),
    ]
    digits, text, number = decoder(Span("holding", 0, 3), places).values(bytes.fromhex("12a4 fffe 0007"))
    assert isinstance(digits, Unfit)
    assert digits.kind == "bad_bcd"
    assert isinstance(text, Unfit)
    assert text.kind == "bad_text"
    assert number == 7


def test_a_text_ends_at_its_first_nul_and_loses_its_padding() -> None:
    place = Place("holding", 0, "string", 4)
    read = decoder(Span("holding", 0, 4), [place]).values
    assert list(read(b"AB12  \0x")) == ["AB12"]
    assert list(read(bytes(8))) == [""]


def test_nan_stays_nan() -> None:
    payload = struct.pack(">f", math.nan)
    (value,) = decoder(Span("holding", 0, 2), [Place("holding", 0, "float32", 2)]).values(payload)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint16", -1),
        ("uint16", 65_536),
        ("int16", 0.5),
        ("bcd16", 10_000),
        ("bcd16", -1),
        ("float32", 1e300),
        ("string", "longer than four"),
        ("string", "ä"),
        ("string", 5),
        ("uint16", "5"),
        ("uint16", math.inf),
    ],
)
def test_a_value_that_registers_cannot_hold_is_refused(kind: str, value: float | str) -> None:
    registers = 2 if kind == "string" else REGISTERS[kind]
    with pytest.raises(ValueUnfit):
        encoded(Place("holding", 0, kind, registers), value)
