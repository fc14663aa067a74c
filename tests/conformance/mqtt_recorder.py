"""A recorder between an MQTT client and its broker: each packet both ways, taken apart."""

import socket
import struct
import threading
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from wire.sparkplug import Payload, decode

CONNECT, CONNACK, PUBLISH, SUBSCRIBE, SUBACK, DISCONNECT = 1, 2, 3, 8, 9, 14


@dataclass(frozen=True)
class Packet:
    """One control packet; what does not apply to its kind keeps its default."""

    kind: int
    connection: int
    from_client: bool
    topic: str = ""
    qos: int = 0
    retain: bool = False
    raw: bytes = b""
    level: int = 0
    is_clean: bool = False
    session_expiry_s: int = 0
    will: "Packet | None" = None
    filters: tuple[tuple[str, int], ...] = ()
    reason: int = 0
    client_id: str = ""

    @property
    def payload(self) -> Payload:
        return decode(self.raw)

    @property
    def message_type(self) -> str:
        return self.topic.split("/")[2] if self.topic.startswith("spBv1.0/") else ""


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.data[self.at - count : self.at]

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int(struct.unpack(">H", self.take(2))[0])

    def block(self) -> bytes:
        return self.take(self.u16())

    def text(self) -> str:
        return self.block().decode()

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def properties(self) -> bytes:
        return self.take(self.varint())


def _connect(reader: _Reader, connection: int) -> Packet:
    reader.text()
    level, flags = reader.u8(), reader.u8()
    reader.u16()
    properties = reader.properties() if level == 5 else b""
    expiry_s = struct.unpack(">I", properties[1:5])[0] if properties[:1] == b"\x11" else 0
    client_id = reader.text()
    will = None
    if flags & 4:
        if level == 5:
            reader.properties()
        topic, raw = reader.text(), reader.block()
        will = Packet(PUBLISH, connection, True, topic, flags >> 3 & 3, bool(flags & 32), raw)
    return Packet(
        CONNECT,
        connection,
        True,
        level=level,
        is_clean=bool(flags & 2),
        session_expiry_s=expiry_s,
        will=will,
        client_id=client_id,
    )


def parse(first: int, body: bytes, connection: int, level: int, *, from_client: bool) -> Packet:
    kind, reader = first >> 4, _Reader(body)
    if kind == CONNECT:
        return _connect(reader, connection)
    if kind == PUBLISH:
        topic, qos = reader.text(), first >> 1 & 3
        if qos:
            reader.u16()
        if level == 5:
            reader.properties()
        return Packet(kind, connection, from_client, topic, qos, bool(first & 1), body[reader.at :])
    if kind == SUBSCRIBE:
        reader.u16()
        if level == 5:
            reader.properties()
        filters = []
        while reader.at < len(body):
            filters.append((reader.text(), reader.u8() & 3))
        return Packet(kind, connection, from_client, filters=tuple(filters))
    if kind == DISCONNECT and body:
        return Packet(kind, connection, from_client, reason=reader.u8())
    return Packet(kind, connection, from_client)


@dataclass(frozen=True)
class _Way:
    """One direction of one connection; both directions share the protocol level."""

    source: socket.socket
    sink: socket.socket
    number: list[int]
    level: list[int]
    from_client: bool


@dataclass
class Recorder:
    """Listens on `port` and passes everything on to the broker at `target`.

    Connections whose client id ends with `ignoring` are passed on but neither numbered nor recorded.
    """

    target: int
    port: int = 0
    ignoring: str = ""
    packets: list[Packet] = field(default_factory=list)
    open_connections: int = 0
    most_connections: int = 0

    def __enter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.1", self.port))
        self.port = self._server.getsockname()[1]
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._count = 0
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self._server.close()
        for opened in self._sockets:
            opened.close()

    def cut(self) -> None:
        """Break every connection, as a pulled cable does."""
        for opened in self._sockets:
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def sent(self, *kinds: str, connection: int | None = None) -> list[Packet]:
        """What the client published, by Sparkplug message type (all without), in order."""
        return [
            packet
            for packet in list(self.packets)
            if packet.kind == PUBLISH
            and packet.from_client
            and (not kinds or packet.message_type in kinds)
            and connection in (None, packet.connection)
        ]

    def of(self, kind: int) -> list[Packet]:
        """What the client sent of one packet kind."""
        return [packet for packet in list(self.packets) if packet.kind == kind and packet.from_client]

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
                broker = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                return
            self._sockets += [client, broker]
            with self._lock:
                self.open_connections += 1
                self.most_connections = max(self.most_connections, self.open_connections)
            level, number = [4], [0]
            up = _Way(client, broker, number, level, from_client=True)
            down = _Way(broker, client, number, level, from_client=False)
            for way in (up, down):
                threading.Thread(target=self._pass_on, args=(way,), daemon=True).start()

    def _pass_on(self, way: _Way) -> None:
        held = b""
        try:
            while data := way.source.recv(65536):
                held = self._record(held + data, way)
                way.sink.sendall(data)
        except OSError:
            pass
        finally:
            if way.from_client:
                with self._lock:
                    self.open_connections -= 1
            for end in (way.source, way.sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def _record(self, held: bytes, way: _Way) -> bytes:
        while len(held) >= 2:
            size = shift = 0
            at = 1
            while at < len(held):
                size |= (held[at] & 0x7F) << shift
                shift += 7
                at += 1
                if held[at - 1] < 0x80:
                    break
            else:
                return held
            if len(held) < at + size:
                return held
            body = held[at : at + size]
            packet = parse(held[0], body, way.number[0], way.level[0], from_client=way.from_client)
            with self._lock:
                if packet.kind == CONNECT:
                    way.level[0] = packet.level
                    packet = self._numbered(packet, way)
                if packet.connection >= 0:
                    self.packets.append(packet)
            held = held[at + size :]
        return held

    def _numbered(self, connect: Packet, way: _Way) -> Packet:
        if self.ignoring and connect.client_id.endswith(self.ignoring):
            way.number[0] = -1
        else:
            way.number[0], self._count = self._count, self._count + 1
        will = connect.will and replace(connect.will, connection=way.number[0])
        return replace(connect, connection=way.number[0], will=will)
