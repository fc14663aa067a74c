"""What a broker sends, in whatever pieces it comes: data as blocks, the rest to the reader, all in order."""

import contextlib
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.ingest.arrival import Arrival, Block, TopicNames
from cloud.ingest.data_frames import Frames
from cloud.ingest.data_socket import DataSocket
from taktline.certs import Wanted, make
from wire.clock import real_ms
from wire.point_bytes import varint

DATA = [b"spBv1.0/g/DDATA/n/d0", b"spBv1.0/g/DDATA/n/d\xc3\xa9"]
COMMANDS = [b"spBv1.0/g/NCMD/n", b"spBv1.0/g/DCMD/n/d0"]
OTHERS = [
    b"spBv1.0/g/NBIRTH/n",
    b"spBv1.0/g/DBIRTH/n/d0",
    b"spBv1.0/STATE/h",
    b"spBv1.0/g/DDATA/\xff/d",
    b"x",
]


def _publish(first: int, topic: bytes, payload: bytes) -> bytes:
    number = b"\x00\x07" if first & 0x06 else b""
    content = len(topic).to_bytes(2, "big") + topic + number + payload
    return bytes((first,)) + varint(len(content)) + content


@st.composite
def frames(draw: st.DrawFn) -> tuple[bytes, tuple[bytes, bytes] | bytes]:
    """A frame as it travels; (topic, payload) when it goes by blocks, else what the reader hears of it."""
    payload = draw(st.one_of(st.binary(max_size=20), st.integers(100, 20_000).map(bytes)))
    kind = draw(st.integers(0, 6))
    if kind == 0:
        frame = draw(st.sampled_from((b"\xd0\x00", b"\x90\x03\x00\x01\x01", b"\x40\x02\x00\x07")))
        return frame, frame
    if kind == 1:
        frame = _publish(0x30, draw(st.sampled_from(OTHERS)), payload)
        return frame, frame
    if kind == 2:
        frame = _publish(draw(st.sampled_from((0x31, 0x32, 0x3A))), DATA[0], payload)
        return frame, frame
    if kind == 3:
        return _publish(0x30, draw(st.sampled_from(COMMANDS)), payload), b""
    topic = draw(st.sampled_from(DATA))
    return _publish(0x30, topic, payload), (topic, payload)


class Wire:
    """A loopback connection with a `DataSocket` at one end; notes in what order things came."""

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.far = socket.create_connection(listener.getsockname())
        near, _ = listener.accept()
        listener.close()
        self.far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        near.setblocking(False)
        self.came: list[tuple[bytes, bytes] | bytes] = []
        self.blocks: list[Block] = []
        self.near = DataSocket(near, self._block)

    def _block(self, block: Block) -> None:
        self.blocks.append(block)
        for name, start, end in zip(block.name.tolist(), block.starts, block.ends, strict=True):
            self.came.append((block.names[name], block.text[start:end]))

    def read(self, size: int) -> bytes:
        """Read as an MQTT client does; returns nothing at the end of the connection."""
        while True:
            try:
                found = self.near.recv(size)
            except BlockingIOError:
                if not self.near.pending():
                    select.select([self.near], [], [], 30)
                continue
            if found and self.came and isinstance(self.came[-1], bytes):
                self.came[-1] += found
            elif found:
                self.came.append(found)
            return found

    def close(self) -> None:
        """Close both ends."""
        self.far.close()
        self.near.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    made = Wire()
    yield made
    made.close()


@settings(max_examples=40, deadline=None)
@given(
    said=st.lists(frames(), max_size=12),
    cuts=st.lists(st.integers(0, 60_000), max_size=4),
    size=st.integers(1, 50),
)
def test_data_come_as_blocks_and_the_rest_byte_for_byte(
    said: list[tuple[bytes, tuple[bytes, bytes] | bytes]], cuts: list[int], size: int
) -> None:
    wire = Wire()
    text = b"".join(frame for frame, _ in said)
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    expected: list[tuple[bytes, bytes] | bytes] = []
    for _, heard in said:
        if heard and isinstance(heard, bytes) and expected and isinstance(expected[-1], bytes):
            expected[-1] += heard
        elif heard:
            expected.append(heard)
    for begin, end in pairwise(places):
        wire.far.sendall(text[begin:end])
    wire.far.shutdown(socket.SHUT_WR)
    while wire.read(size):
        pass
    wire.close()
    assert wire.came == expected


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 1 << 30), odd=st.sampled_from([0.0, 0.01, 0.2]), size=st.integers(1, 9000))
def test_many_small_messages_are_found_together_whatever_stands_in_and_between_them(
    seed: int, odd: float, size: int
) -> None:
    random = Random(seed)
    topics = [b"spBv1.0/g/DDATA/n%d/d%d" % (random.randrange(12), n) for n in range(random.randint(1, 40))]
    wire, expected = Wire(), list[tuple[bytes, bytes] | bytes]()
    text = b""
    for _ in range(random.randint(100, 600)):
        if random.random() < odd / 2:
            text += _publish(0x30, random.choice(COMMANDS), random.randbytes(30))
            continue
        if random.random() < odd:
            strange = random.choice(
                [_publish(0x30, OTHERS[0], b"x"), _publish(0x32, DATA[0], b"y"), b"\xd0\x00"]
            )
            last = expected[-1] if expected else None
            expected[-1:] = [last + strange] if isinstance(last, bytes) else [*expected[-1:], strange]
            text += strange
            continue
        topic = random.choice(topics)
        payload = random.randbytes(random.choice([0, 1, 90, 97, 98, 99, 100, 101, 250, 16_351 if odd else 9]))
        if random.random() < odd:  # what a text may hold
            payload += _publish(0x30, topic, b"z") + random.choice([b"", b"spBv1.0/"])
        expected.append((topic, payload))
        text += _publish(0x30, topic, payload)
    with ThreadPoolExecutor(1) as far:
        sending = far.submit(lambda: (wire.far.sendall(text), wire.far.shutdown(socket.SHUT_WR)))
        while wire.read(size):
            pass
        sending.result()
    wire.close()
    assert wire.came == expected


def test_messages_that_come_together_are_one_block(wire: Wire) -> None:
    wire.far.sendall(b"".join(_publish(0x30, DATA[0], bytes((n,))) for n in range(200)) + b"\xd0\x00")
    assert wire.read(1) == b"\xd0"
    assert sum(map(len, wire.blocks)) == 200
    assert len(wire.blocks) <= 2
    assert wire.near.pending() == 1  # a client must not wait for the socket: the rest of the frame is here


def test_over_tls_messages_that_came_one_by_one_are_few_blocks(tmp_path: Path) -> None:
    make(Wanted(tmp_path, ["127.0.0.1"], []), real_ms())
    accepting = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    accepting.load_cert_chain(tmp_path / "broker" / "broker.pem", tmp_path / "broker" / "broker.key")
    asking = ssl.create_default_context(cafile=str(tmp_path / "broker" / "ca.pem"))
    far, near = socket.socketpair()
    with ThreadPoolExecutor(1) as other:
        shaken = other.submit(accepting.wrap_socket, far, server_side=True)
        inner = asking.wrap_socket(near, server_hostname="127.0.0.1")
        server = shaken.result()
    blocks: list[Block] = []
    data = DataSocket(inner, blocks.append)
    with server, inner:
        for n in range(200):
            server.sendall(_publish(0x30, DATA[0], bytes((n,))))  # a record of its own each
        server.sendall(b"\xd0\x00")
        inner.setblocking(False)
        assert _read_when_there(data) == b"\xd0\x00"
    assert [payload for block in blocks for payload in _payloads(block)] == [bytes((n,)) for n in range(200)]
    assert len(blocks) <= 4


def _payloads(block: Block) -> list[bytes]:
    return [block.text[start:end] for start, end in zip(block.starts, block.ends, strict=True)]


def _read_when_there(data: DataSocket) -> bytes:
    while True:
        try:
            return data.recv(2)
        except (BlockingIOError, ssl.SSLWantReadError):
            select.select([data], [], [], 30)


def test_half_a_message_is_nothing_to_work_on(wire: Wire) -> None:
    whole = _publish(0x30, DATA[0], b"payload")
    wire.far.sendall(b"\xd0\x00" + whole[:-1])
    assert wire.read(2) == b"\xd0\x00"
    with pytest.raises(BlockingIOError):
        wire.near.recv(1)
    assert wire.near.pending() == 0  # else a client would turn without rest
    wire.far.sendall(whole[-1:] + b"\xd0\x00")
    assert wire.read(2) == b"\xd0\x00"
    assert wire.came == [b"\xd0\x00", (DATA[0], b"payload"), b"\xd0\x00"]


def test_commands_between_data_go_to_nobody_and_cut_nothing(wire: Wire) -> None:
    said = [_publish(0x30, DATA[0], bytes((n,))) for n in range(100)]
    wire.far.sendall(_publish(0x30, COMMANDS[0], b"receipt").join(said) + b"\xd0\x00")
    assert wire.read(2) == b"\xd0\x00"
    assert wire.came == [*((DATA[0], bytes((n,))) for n in range(100)), b"\xd0\x00"]
    assert len(wire.blocks) <= 2


def test_each_message_is_said_to_have_come_when_its_last_byte_did(wire: Wire) -> None:
    whole = _publish(0x30, DATA[0], bytes(50))
    before_ms = real_ms()
    wire.far.sendall(whole + whole[:9])
    _read_until(wire, lambda: wire.near.pending() > 0)
    between_ms = real_ms()
    while real_ms() == between_ms:
        pass
    wire.far.sendall(whole[9:])
    _read_until(wire, lambda: len(wire.came) == 2)
    first, second = (ms for block in wire.blocks for ms in block.received_ms.tolist())
    assert before_ms <= first <= between_ms < second


def _read_until(wire: Wire, is_enough: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 30
    while not is_enough():
        assert time.monotonic() < until_s
        with contextlib.suppress(BlockingIOError):
            wire.near.recv(1)


@pytest.mark.parametrize("is_reset", [False, True])
def test_what_waits_for_more_is_given_away_when_the_connection_ends(wire: Wire, *, is_reset: bool) -> None:
    wire.far.sendall(_publish(0x30, DATA[0], b"last"))
    _read_until(wire, lambda: wire.near.pending() > 0)
    if is_reset:
        wire.far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wire.far.close()
    assert wire.read(1) == b""
    assert wire.came == [(DATA[0], b"last")]


def test_a_length_that_never_ends_is_left_to_the_reader(wire: Wire) -> None:
    wire.far.sendall(b"\x30\xff\xff\xff\xff\x01rest")
    assert wire.read(1) == b"\x30"
    assert wire.read(100) == b"\xff\xff\xff\xff\x01rest"


def test_what_follows_one_another_is_found_in_one_look() -> None:
    topics = [b"spBv1.0/g/DDATA/n/d%d" % (n * n * n) for n in range(8)]  # texts of several lengths
    said = [(topics[n % 8], bytes(n % 200)) for n in range(500)]
    text = b"".join(_publish(0x30, *each) for each in said)
    names = TopicNames()
    found = Frames(_publish(0x30, OTHERS[0], b"") + text).data(0, names)
    assert (len(found.ends), found.end) == (0, 0)  # what stands first is none of data
    found = Frames(text + _publish(0x30, OTHERS[0], b"")).data(0, names)
    assert found.end == len(text)
    assert [names[name] for name in found.name.tolist()] == [topic for topic, _ in said]
    places = zip(found.starts.tolist(), found.ends.tolist(), strict=True)
    assert [text[start:end] for start, end in places] == [payload for _, payload in said]


def test_blocks_of_two_connections_are_joined_under_names_of_their_own() -> None:
    said = [(DATA[n % 2], bytes((n,))) for n in range(6)]
    blocks = [
        Block.of([Arrival(topic.decode(), payload, 0) for topic, payload in part])
        for part in (said[:1], said[1:2], said[2:])
    ]
    joined = Block.joined(blocks)
    assert len(blocks[0].names) == 1  # its connection may name more at any time
    assert [(one.topic.encode(), one.payload) for one in (joined.take() for _ in said)] == said
