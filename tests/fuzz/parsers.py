"""Every parser of what comes from outside, with the errors that it may say: what is fuzzed."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.config import GatewayConfig, load
from edge.devices.mqtt_sensor import MqttSensorDevice
from edge.devices.serial_sensor import SerialSensorDevice
from edge.drivers.mqtt_sensor.messages import Message, Messages, PayloadWrong
from edge.drivers.serial_sensor.frames import FrameReader
from edge.drivers.serial_sensor.lines import LineReader
from edge.drivers.vibration.blocks import BlockReader
from edge.errors import ConfigWrong
from edge.patterns import PatternWrong, checked
from wire.commands import CommandHeader, CommandResult, MalformedCommand
from wire.host_state import HostState, MalformedState
from wire.readers import lines, llrp, llrp_device, llrp_reports, llrp_rospec, r200, uhf18
from wire.receipts import BatchHeader, MalformedReceipt, Receipt, receipt_command
from wire.session import HostSessions
from wire.sparkplug import DataType, MalformedPayload, Metric, Payload, decode, encode
from wire.sparkplug_arrays import MalformedArray, pack_array, unpack_array
from wire.sparkplug_structures import MalformedStructure, data_set, property_set, template
from wire.telemetry import MalformedTelemetry, parse_telemetry
from wire.topics import TopicWrong, parse, split_tag

MOST_EACH = 64  # things that one byte may become: more would be memory out of bounds


@dataclass(frozen=True, slots=True)
class Parser:
    """Takes bytes from outside and says nothing but `errors`; `samples` are good input to mutate."""

    take: Callable[[bytes], object]
    errors: tuple[type[Exception], ...]
    samples: tuple[bytes, ...]

    def __call__(self, raw: bytes) -> None:
        """Nothing comes back, and nothing but a bug comes out."""
        with suppress(*self.errors):
            self.take(raw)


def _chunks(raw: bytes) -> Iterator[bytes]:
    """The bytes as a line would bring them: the first says how many come at once."""
    size = (raw[0] % 50 + 1) if raw else 1
    for start in range(1, len(raw), size):
        yield raw[start : start + size]


def _feeding(
    make: Callable[[], Any], kept: str | None, most: int, then: Callable[[Any], object] = bool
) -> Any:
    """A parser that feeds a fresh stream chunk by chunk and looks at what it keeps."""

    def take(raw: bytes) -> None:
        stream = make()
        came = 0
        for chunk in _chunks(raw):
            for found in stream.feed(chunk):
                came += 1
                then(found)
            if kept is not None:
                assert len(getattr(stream, kept)) <= most, "it keeps too much"
        assert came <= MOST_EACH * (len(raw) + 1), "it makes too much of it"

    return take


def _quietly_parsed(line: bytes) -> None:
    with suppress(lines.LineWrong):
        lines.parse(line)


def _serial(framing: dict[str, Any]) -> SerialSensorDevice:
    tag = {"name": "n", "datatype": "Double"}
    return SerialSensorDevice.model_validate(
        {"id": "S", "driver": "serial_sensor", "endpoint": "/dev/ttyS0", "framing": framing, "tag": [tag]}
    )


DELIMITED = _serial({"type": "delimited", "separator": ";", "columns": ["n", ""], "decimal": ","})
REGEX = _serial({"type": "regex", "pattern": r"(?P<kind>ST|US),GS,\s*(?P<n>[-+]?[\d.]+)\s*kg"})
BINARY = _serial(
    {
        "type": "binary",
        "sync": "AA 55",
        "size": 10,
        "length": {"offset": 2, "type": "uint8", "plus": 3},
        "checksum": {"type": "crc16-modbus", "start": 2},
        "fields": {"n": {"offset": 4, "type": "float32"}},
    }
)


MQTT_SENSOR = Messages(
    MqttSensorDevice.model_validate(
        {
            "id": "S",
            "driver": "mqtt_sensor",
            "endpoint": "127.0.0.1:1883",
            "time": {"path": "ts"},
            "tag": [
                {"name": "n", "datatype": "Double", "topic": "hall/{room}/t", "path": "values[0].t"},
                {"name": "count", "datatype": "Int64", "topic": "hall/+/t", "path": "count"},
                {"name": "room", "datatype": "String", "topic": "hall/{room}/t", "capture": "room"},
            ],
        }
    )
)


def _load(raw: bytes) -> GatewayConfig:
    with tempfile.NamedTemporaryFile(suffix=".toml") as file:
        file.write(raw)
        file.flush()
        return load(Path(file.name))


def _llrp(raw: bytes) -> None:
    """What either end does with a message: by the first byte, one of the decoders."""
    decoders: tuple[Callable[[bytes], object], ...] = (
        llrp_reports.decode_report,
        llrp_rospec.RoSpec.decode,
        llrp_device.Capabilities.decode,
        llrp_device.Settings.decode,
        llrp_device.Announcement.decode,
        lambda body: llrp.Status.of(llrp.Message(llrp.Type.ADD_ROSPEC_RESPONSE, 1, body)),
        lambda body: list(llrp.parameters(body)),
    )
    decoders[raw[0] % len(decoders) if raw else 0](raw[1:])


def _session(raw: bytes) -> None:
    """A host that hears births, data and commands of a node, each payload as it comes."""
    sessions = HostSessions()
    kinds = ("NBIRTH", "DBIRTH", "NDATA", "DDATA", "NDEATH", "DDEATH")
    for number, part in enumerate(raw.split(b"\xff\xfe\xfd")):
        kind = kinds[part[0] % len(kinds)] if part else kinds[0]
        device = "/dev" if kind.startswith("D") else ""
        list(sessions.receive(parse(f"spBv1.0/g/{kind}/n{device}"), decode(part[1:]), float(number)))


def _text(use: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda raw: use(raw.decode("utf-8", "surrogateescape"))


def _birth() -> bytes:
    metrics = [
        Metric(name="bdSeq", timestamp_ms=1, datatype=DataType.INT64, value=0),
        Metric(name="good", timestamp_ms=1, datatype=DataType.INT64, value=5, alias=3),
        Metric(name="text", timestamp_ms=1, datatype=DataType.STRING, value="running", alias=4),
        Metric(name="none", timestamp_ms=1, datatype=DataType.DOUBLE, value=None, alias=5),
    ]
    return encode(Payload(timestamp_ms=1, seq=0, metrics=metrics))


RECEIPT = Receipt("taktline", 1, b"\x01" * 16, 7)
HEADER = BatchHeader(b"\x02" * 16, 1, 2)
EXAMPLE = Path(__file__).parents[2] / "edge" / "examples"

PARSERS: Mapping[str, Parser] = {
    "sparkplug": Parser(decode, (MalformedPayload,), (_birth(), encode(receipt_command(RECEIPT, 1)))),
    "sparkplug-session": Parser(
        _session,
        (MalformedPayload,),
        (b"\x00" + _birth(), b"\x00" + _birth() + b"\xff\xfe\xfd\x01" + _birth()),
    ),
    "sparkplug-array": Parser(
        lambda raw: unpack_array(22 + raw[0] % 13 if raw else 22, raw[1:]),
        (MalformedArray,),
        (b"\x00" + pack_array(22, [1, 2]),),
    ),
    "sparkplug-data-set": Parser(data_set, (MalformedStructure,), (b"\x08\x01\x12\x01a\x18\x03",)),
    "sparkplug-template": Parser(template, (MalformedStructure,), (b"\x0a\x011",)),
    "sparkplug-properties": Parser(
        property_set, (MalformedStructure,), (b"\x0a\x01a\x12\x04\x08\x03\x18\x01",)
    ),
    "topic": Parser(_text(parse), (TopicWrong,), (b"spBv1.0/g/DDATA/n/d", b"spBv1.0/STATE/taktline")),
    "tag": Parser(_text(split_tag), (TopicWrong, ValueError), (b"g/n/d/m",)),
    "receipt": Parser(_text(Receipt.parse), (MalformedReceipt,), (str(RECEIPT).encode(),)),
    "batch-header": Parser(BatchHeader.from_body, (MalformedReceipt,), (HEADER.to_bytes(),)),
    "host-state": Parser(HostState.parse, (MalformedState,), (HostState(True, 5).to_bytes(),)),
    "command-header": Parser(CommandHeader.from_body, (MalformedCommand,), (b'TC{"id":"a","expires_ms":5}',)),
    "command-result": Parser(
        _text(CommandResult.parse), (MalformedCommand,), (b'{"id":"a","outcome":"done"}',)
    ),
    "llrp-stream": Parser(
        _feeding(llrp.MessageStream, None, 0),
        (llrp.LlrpWrong,),
        (b"\x20" + llrp.Message(llrp.Type.KEEPALIVE, 1, b"").encode(),),
    ),
    "llrp-message": Parser(_llrp, (llrp.LlrpWrong,), (b"\x00" + bytes(8), b"\x06" + bytes(16))),
    "rfid-lines": Parser(
        _feeding(lines.LineStream, "_rest", lines.LONGEST_LINE, _quietly_parsed),
        (),
        (b"\x14E28011700000020F;1;-50;2026-03-02T08:00:00+00:00\r\n",),
    ),
    "rfid-r200": Parser(
        _feeding(r200.FrameStream, "_rest", 1100, lambda frame: r200.decode_tag(frame.parameters)),
        (r200.FrameWrong,),
        (b"\x20" + r200.Frame(r200.Type.NOTICE, r200.Command.POLL, bytes(17)).encode(),),
    ),
    "rfid-uhf18": Parser(
        _feeding(
            lambda: uhf18.FrameStream(is_answer=True),
            "_rest",
            600,
            lambda frame: uhf18.decode_tags(frame.data),
        ),
        (uhf18.FrameWrong,),
        (b"\x20" + uhf18.Frame(0, 1, uhf18.encode_tags([bytes(12)]), 1).encode(),),
    ),
    "serial-delimited": Parser(_feeding(lambda: LineReader(DELIMITED), None, 0), (), (b"\x0521,5;OK\r\n",)),
    "serial-regex": Parser(_feeding(lambda: LineReader(REGEX), None, 0), (), (b"\x30ST,GS,  12.50 kg\r\n",)),
    "serial-binary": Parser(
        _feeding(lambda: FrameReader(BINARY.framing), "_buffer", 64), (), (b"\x09\xaaU\x07" + bytes(7),)
    ),
    "vibration-blocks": Parser(_feeding(BlockReader, None, 0), (), (b"\x20" + bytes(40),)),
    "telemetry": Parser(
        lambda raw: parse_telemetry("taktline/v1/s/d/telemetry", raw),
        (MalformedTelemetry,),
        (b'{"ts":"2026-03-02T08:00:00Z","id":"a","metrics":{"n":1.5,"on":true,"text":"a"}}',),
    ),
    "mqtt-sensor": Parser(
        lambda raw: MQTT_SENSOR.taken(Message("hall/1/t", raw), 1),
        (PayloadWrong,),
        (b'{"ts":"2026-03-02T08:00:00Z","values":[{"t":21.5}],"count":3}',),
    ),
    "pattern": Parser(
        lambda raw: checked(raw.decode("utf-8", "replace"), 256),
        (PatternWrong,),
        (rb"(?P<n>[-+]?[\d.]+)\s*kg",),
    ),
    "gateway-file": Parser(
        _load, (ConfigWrong,), tuple(path.read_bytes() for path in sorted(EXAMPLE.glob("*.toml")))
    ),
}
