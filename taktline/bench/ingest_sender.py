"""Gateways that send a load, paced or not: argv = load, points, gateways, port, points/s (none), times."""

import json
import selectors
import socket
import struct
import sys
import time
from collections.abc import Iterator
from typing import Final

from taktline.bench.ingest_load import GROUP, Gateway, gateways_of
from wire.clock import real_ms
from wire.host_state import HostState, MalformedState
from wire.point_bytes import varint
from wire.receipts import REBIRTH, Receipt
from wire.sparkplug import decode

WINDOW: Final = 1024
WINDOW_BYTES: Final = 4 << 20
SILENCE_S: Final = 3.0
BUFFERED: Final = 128 << 10
AT_ONCE: Final = 64
_CONNECT, _PUBLISH, _SUBSCRIBE = 0x10, 0x30, 0x82


def _text(text: str) -> bytes:
    raw = text.encode()
    return struct.pack(">H", len(raw)) + raw


def _frame(kind: int, content: bytes) -> bytes:
    return bytes((kind,)) + varint(len(content)) + content


class Frames:
    """Whole MQTT frames out of what comes from a socket."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, came: bytes) -> Iterator[tuple[int, bytes]]:
        """Return (first byte, content) of each frame that is complete now."""
        buffer = self._rest + came
        place = 0
        while place + 2 <= len(buffer):
            length = shift = 0
            at = place + 1
            while at < len(buffer):
                length |= (buffer[at] & 0x7F) << shift
                shift += 7
                at += 1
                if buffer[at - 1] < 0x80:  # noqa: PLR2004 -- the bit that says another digit follows
                    break
            if buffer[at - 1] >= 0x80 or at + length > len(buffer):  # noqa: PLR2004 -- the same
                break
            yield buffer[place], buffer[at : at + length]
            place = at + length
        self._rest = buffer[place:]


class Sender:
    """One gateway on a connection of its own, with everything encoded beforehand but seq."""

    def __init__(self, gateway: Gateway, port: int) -> None:
        self.gateway = gateway
        self.stored = 0
        self.sent_messages = 0
        self.births = 0
        self.is_host_online = False
        self.allowed = len(gateway.batches)
        self._cursor = 0
        self._seq = 0
        self._in_flight = 0
        self._heard_s = time.monotonic()
        self._frames = Frames()
        self._out = bytearray()
        self._parts = [self._encoded(index) for index in range(len(gateway.batches))]
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connect = _text("MQTT") + bytes((4, 2)) + struct.pack(">H", 600) + _text(f"bench-{gateway.node}")
        topics = (f"spBv1.0/{GROUP}/NCMD/{gateway.node}", "spBv1.0/STATE/taktline")
        subscribe = struct.pack(">H", 1) + b"".join(_text(topic) + b"\x00" for topic in topics)
        self.socket.sendall(_frame(_CONNECT, connect) + _frame(_SUBSCRIBE, subscribe))
        self.socket.setblocking(False)

    def _encoded(self, index: int) -> tuple[bytes, bytes, bytes, int]:
        """Return a batch's bytes around seq: frame with seq of one byte, of two, the rest, their size."""
        gateway = self.gateway
        topic = _text(f"spBv1.0/{GROUP}/DDATA/{gateway.node}/d{gateway.batches[index].device}")
        head = b"\x08" + varint(gateway.sent_ms(index)) + b"\x18"
        header = gateway.header(index)
        rest = b"\x2a" + varint(len(header)) + header + gateway.section(index)
        size = len(topic) + len(head) + len(rest)
        short, long = (b"\x30" + varint(size + digits) + topic + head for digits in (1, 2))
        return short, long, rest, size

    @property
    def is_done(self) -> bool:
        """Say whether everything is receipted."""
        return self.stored == len(self._parts)

    @property
    def has_room(self) -> bool:
        """Say whether something is there to be sent that the window allows."""
        is_full = self._cursor - self.stored >= WINDOW or self._in_flight >= WINDOW_BYTES
        return self._cursor < self.allowed and not is_full

    def begin(self) -> None:
        """Give birth, and go back to what is not receipted."""
        self._cursor, self._in_flight, self._seq = self.stored, 0, 0
        self._heard_s = time.monotonic()
        self.births += 1
        for end, payload in self.gateway.births(real_ms()):
            self._out += _frame(_PUBLISH, _text(f"spBv1.0/{GROUP}/{end}") + payload)
            self._seq = self._seq + 1 if end[0] == "D" else 0

    def fill(self) -> None:
        """Take what the window allows; births again after a long silence."""
        if self._cursor > self.stored and time.monotonic() - self._heard_s > SILENCE_S:
            self.begin()
        while len(self._out) < BUFFERED and self.has_room:
            for short, long, rest, size in self._parts[
                self._cursor : min(self.allowed, self._cursor + AT_ONCE)
            ]:
                self._seq = (self._seq + 1) & 0xFF
                self._out += short if self._seq < 0x80 else long  # noqa: PLR2004 -- varint's digit
                self._out += varint(self._seq)
                self._out += rest
                self._in_flight += size
                self._cursor += 1
                self.sent_messages += 1

    def flush(self) -> bool:
        """Send what is ready; say whether something is left."""
        if self._out:
            try:
                sent = self.socket.send(self._out)
            except BlockingIOError:
                return True
            del self._out[:sent]
        return bool(self._out)

    def hear(self) -> None:
        """Take what the broker has sent."""
        came = self.socket.recv(1 << 16)
        if not came:
            raise ConnectionError("the broker closed the connection")
        for kind, content in self._frames.take(came):
            if kind & 0xF0 != _PUBLISH:
                continue
            length = int.from_bytes(content[:2], "big")
            topic, payload = content[2 : 2 + length], content[2 + length :]
            if b"/STATE/" in topic:
                self._hear_state(payload)
            else:
                self._hear_command(payload)

    def _hear_state(self, payload: bytes) -> None:
        try:
            self.is_host_online = HostState.parse(payload).is_online
        except MalformedState:
            self.is_host_online = False

    def _hear_command(self, payload: bytes) -> None:
        for metric in decode(payload).metrics:
            if metric.name == REBIRTH:
                self.begin()
                continue
            position = Receipt.parse(str(metric.value)).position
            if position > self.stored:
                self._in_flight -= sum(part[3] for part in self._parts[self.stored : position])
                self.stored, self._heard_s = position, time.monotonic()
                self._cursor = max(self._cursor, position)


def send(senders: list[Sender], seconds: float = 0.0) -> float:
    """Send everything; returns how many seconds it took from the first birth to the last receipt.

    With `seconds` the batches become sendable evenly over that time.
    """
    selector = selectors.DefaultSelector()
    for sender in senders:
        selector.register(sender.socket, selectors.EVENT_READ, sender)
    while not all(sender.is_host_online for sender in senders):
        for key, _ in selector.select(1.0):
            key.data.hear()
    began_s = time.monotonic()
    for sender in senders:
        sender.begin()
    while not all(sender.is_done for sender in senders):
        share = min(1.0, (time.monotonic() - began_s) / seconds) if seconds else 1.0
        for sender in senders:
            sender.allowed = int(share * len(sender.gateway.batches))
            sender.fill()
            goes_on = sender.flush() or sender.has_room
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if goes_on else 0)
            selector.modify(sender.socket, events, sender)
        for key, mask in selector.select(0.01 if seconds else 0.1):
            if mask & selectors.EVENT_READ:
                key.data.hear()
    return time.monotonic() - began_s


def main(load: str, points: int, gateways: int, port: int, points_per_s: int = 0, *times: int) -> None:
    """Encode, say `ready`, wait for a line, send, print one JSON line.

    `times`, if given: plant ms of the first batches and how much later each next one of a device is.
    """
    senders = [Sender(gateway, port) for gateway in gateways_of(load, gateways, points, *times)]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    cpu_s, took_s = time.process_time(), send(senders, points / points_per_s if points_per_s else 0.0)
    messages = sum(sender.sent_messages for sender in senders)
    said = {
        "seconds": took_s,
        "cpu_s": time.process_time() - cpu_s,
        "messages": messages,
        "resent": messages - sum(len(sender.gateway.batches) for sender in senders),
        "births": sum(sender.births for sender in senders),
    }
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
