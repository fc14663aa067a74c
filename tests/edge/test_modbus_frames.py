"""Modbus on the wire: published frames, and answers that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU

from edge.drivers.modbus.frames import (
    FrameWrong,
    Question,
    crc16,
    exception_of,
    next_tcp_frame,
    read,
    rtu_answer,
    rtu_frame,
    tcp_frame,
    write_coil,
    write_coils,
    write_registers,
)

questions = st.one_of(
    st.builds(read, st.sampled_from(["holding", "input"]), st.integers(0, 65_000), st.integers(1, 125)),
    st.builds(read, st.sampled_from(["coil", "discrete"]), st.integers(0, 65_000), st.integers(1, 2000)),
    st.builds(
        lambda address, words: write_registers(address, words * 2),
        st.integers(0, 65_000),
        st.binary(min_size=1, max_size=100),
    ),
    st.builds(lambda address, is_on: write_coil(address, is_on=is_on), st.integers(0, 65_000), st.booleans()),
    st.builds(write_coils, st.integers(0, 65_000), st.lists(st.booleans(), min_size=1, max_size=300)),
)


def test_the_frame_of_the_specification_is_built() -> None:
    assert (
        tcp_frame(0x1501, 0xFF, read("holding", 4, 1).pdu).hex(" ") == "15 01 00 00 00 06 ff 03 00 04 00 01"
    )
    assert rtu_frame(1, bytes.fromhex("04 02 ff ff")).hex(" ") == "01 04 02 ff ff b8 80"


@given(questions, st.integers(0, 0xFFFF), st.integers(1, 247))
def test_pymodbus_reads_every_request_we_build(question: Question, transaction: int, unit: int) -> None:
    for framer, frame in (
        (FramerSocket(DecodePDU(True)), tcp_frame(transaction, unit, question.pdu)),
        (FramerRTU(DecodePDU(True)), rtu_frame(unit, question.pdu)),
    ):
        used, pdu = framer.handleFrame(frame, 0, 0)
        assert used == len(frame)
        assert pdu.dev_id == unit
        assert bytes([pdu.function_code]) + pdu.encode() == question.pdu


def answer_to(question: Question) -> bytes:
    if question.echo:
        return question.echo
    size = question.answer_bytes - 2
    return bytes((question.function, size)) + bytes(range(size))


@given(questions, st.integers(0, 255), st.integers(0, 300))
def test_a_right_answer_is_known_whatever_the_cuts(question: Question, unit: int, cut: int) -> None:
    pdu = answer_to(question)
    assert exception_of(question, pdu) is None
    frame = rtu_frame(unit, pdu)
    assert rtu_answer(unit, question, frame) == pdu
    if cut < len(frame):
        assert rtu_answer(unit, question, frame[:cut]) is None
    buffer = bytearray(tcp_frame(7, unit, pdu)[: cut or None])
    found = next_tcp_frame(buffer)
    assert found in {None, (7, unit, pdu)}


@given(questions, st.binary(max_size=260))
def test_any_bytes_are_an_answer_or_refused(question: Question, noise: bytes) -> None:
    for check in (
        lambda: exception_of(question, noise),
        lambda: rtu_answer(1, question, noise),
        lambda: next_tcp_frame(bytearray(noise)),
    ):
        try:
            check()
        except FrameWrong:
            continue


@pytest.mark.parametrize(
    ("pdu", "said"),
    [
        (bytes.fromhex("04 04 00 01 00 02"), "function 4 instead of 3"),
        (bytes.fromhex("03 02 00 01"), "4 bytes instead of 6"),
        (bytes.fromhex("03 03 00 01 00 02"), "byte count of 3 instead of 4"),
        (b"", "function missing"),
    ],
)
def test_an_answer_to_another_question_is_refused(pdu: bytes, said: str) -> None:
    with pytest.raises(FrameWrong, match=said):
        exception_of(read("holding", 0, 2), pdu)


def test_an_exception_is_told_by_its_code() -> None:
    assert exception_of(read("holding", 0, 2), bytes((0x83, 2))) == 2


def test_an_rtu_answer_of_another_unit_or_with_a_wrong_checksum_is_refused() -> None:
    question = read("input", 8, 1)
    frame = rtu_frame(1, bytes.fromhex("04 02 ff ff"))
    with pytest.raises(FrameWrong, match="unit 1 instead of 2"):
        rtu_answer(2, question, frame)
    with pytest.raises(FrameWrong, match="checksum"):
        rtu_answer(1, question, frame[:-1] + b"\0")
    with pytest.raises(FrameWrong, match="checksum"):
        rtu_answer(1, question, frame + frame)


def test_the_checksum_is_that_of_the_specification() -> None:
    assert crc16(b"123456789") == bytes.fromhex("37 4b")
