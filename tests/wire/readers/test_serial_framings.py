"""Framings of serial readers: any cut gives the same frames, rubbish is counted, memory is bounded."""

from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.readers import TagRead, lines, r200, uhf18

EPC = "30340242201D8840000F4241"

chafon_frames = st.builds(
    uhf18.Frame,
    st.integers(0, 255),
    st.sampled_from([int(command) for command in uhf18.Command]),
    st.binary(max_size=250),
    st.integers(0, 255),
)
r200_frames = st.builds(
    r200.Frame,
    st.sampled_from([int(kind) for kind in r200.Type]),
    st.integers(0, 255),
    st.binary(max_size=300),
)
FRAMINGS = {
    "chafon18": (lambda: uhf18.FrameStream(is_answer=True), chafon_frames, 256),
    "r200": (r200.FrameStream, r200_frames, 520),
}
framings = pytest.mark.parametrize("framing", FRAMINGS)


def chunks(raw: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    return [raw[a:b] for a, b in pairwise(edges)]


@framings
@given(source=st.data())
def test_frames_are_the_same_wherever_the_stream_is_cut(framing: str, source: st.DataObject) -> None:
    make, frames, _ = FRAMINGS[framing]
    sent = source.draw(st.lists(frames, max_size=5))
    raw = b"".join(frame.encode() for frame in sent)
    stream = make()
    cut = chunks(raw, source.draw(st.lists(st.integers(0, 3000), max_size=10)))
    assert [frame for chunk in cut for frame in stream.feed(chunk)] == sent
    assert stream.bad == 0


@framings
@given(source=st.data())
def test_after_rubbish_the_next_frames_are_found(framing: str, source: st.DataObject) -> None:
    make, frames, longest = FRAMINGS[framing]
    rubbish = source.draw(st.binary(min_size=1, max_size=60))
    sent = source.draw(frames)
    stream = make()
    got = [*stream.feed(rubbish), *stream.feed(sent.encode())]
    assert len(stream._rest) <= longest
    # Rubbish that looks like the beginning of a frame holds back what follows until the line is silent.
    got += stream.give_up()
    assert got[-1] == sent or sent in got or stream.bad
    assert not stream._rest
    again = list(stream.feed(sent.encode()))
    assert again == [sent]


@framings
@given(source=st.data())
def test_any_bytes_are_cut_or_counted_and_nothing_is_hoarded(framing: str, source: st.DataObject) -> None:
    make, _, longest = FRAMINGS[framing]
    stream = make()
    for chunk in source.draw(st.lists(st.binary(max_size=400), max_size=8)):
        for frame in stream.feed(chunk):
            with suppress(uhf18.FrameWrong, r200.FrameWrong):
                content: Callable[[bytes], object] = (
                    uhf18.decode_tags if framing == "chafon18" else r200.decode_tag
                )
                content(frame[2])
        assert len(stream._rest) <= longest


@given(st.lists(st.binary(min_size=1, max_size=62), max_size=3))
def test_chafon_tags_come_back(codes: list[bytes]) -> None:
    assert uhf18.decode_tags(uhf18.encode_tags(codes)) == [code.hex().upper() for code in codes]


@given(st.binary(max_size=80))
def test_any_bytes_are_tags_or_refused(raw: bytes) -> None:
    with suppress(uhf18.FrameWrong):
        uhf18.decode_tags(raw)
    with suppress(r200.FrameWrong):
        r200.decode_tag(raw)


def test_frames_known_from_the_makers() -> None:
    assert uhf18.crc16(b"123456789") == 0x6F91
    assert r200.Frame(0, 0x27, bytes.fromhex("222710")).encode().hex() == "bb00270003222710837e"
    assert r200.Frame(0, 0x28).encode().hex() == "bb00280000287e"
    raw = bytes.fromhex("BB02220011C9340030751FEB705C5904E3D50D703A76EF7E")
    (notice,) = r200.FrameStream().feed(raw)
    assert (notice.type, notice.command) == (r200.Type.NOTICE, r200.Command.POLL)
    assert r200.decode_tag(notice.parameters) == ("30751FEB705C5904E3D50D70", -55)


@given(
    st.integers(1, 31).flatmap(lambda n: st.binary(min_size=2 * n, max_size=2 * n)), st.integers(-128, 127)
)
def test_an_r200_tag_comes_back(code: bytes, rssi_dbm: int) -> None:
    assert r200.decode_tag(r200.encode_tag(code, rssi_dbm)) == (code.hex().upper(), rssi_dbm)


@given(st.binary(max_size=600), st.lists(st.integers(0, 600), max_size=6))
def test_any_bytes_are_lines_wherever_they_are_cut(raw: bytes, cuts: list[int]) -> None:
    stream = lines.LineStream()
    for chunk in chunks(raw, cuts):
        for line in stream.feed(chunk):
            with suppress(lines.LineWrong):
                lines.parse(line)
        assert len(stream._rest) <= lines.LONGEST_LINE


@given(st.integers(0, 2**40), st.integers(1, 999), st.integers(-120, -1))
def test_a_printed_read_is_read_again(ms: int, antenna: int, rssi: int) -> None:
    read = TagRead(EPC, antenna, rssi, ms * 1000, ms * 1000)
    assert lines.parse(lines.print_line(read)) == read
