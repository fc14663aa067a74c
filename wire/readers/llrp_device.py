"""What an LLRP reader says about itself, what it is set to, and what it announces."""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple, Self

from wire.readers.llrp import Fields, LlrpWrong, Message, Status, Type, parameters, tlv

UTC_TIMESTAMP, UPTIME = 128, 129
GENERAL, SENSITIVITY, GPIO, ANTENNA_PROTOCOL = 137, 139, 141, 140
LLRP_CAPABILITIES, REGULATORY, BAND, POWER, FREQUENCIES, FIXED_TABLE = 142, 143, 144, 145, 146, 148
MODE_TABLE, MODE, GEN2_CAPABILITIES = 328, 329, 327
KEEPALIVE_SPEC, HOLD, EVENT_SPEC, EVENT_STATE, EVENTS = 220, 226, 244, 245, 246
ANTENNA_PROPERTIES = 221
BUFFER_LEVEL, BUFFER_OVERFLOW, READER_EXCEPTION, ANTENNA_EVENT = 250, 251, 252, 255
CONNECTION_ATTEMPT, CONNECTION_CLOSE = 256, 257
CAN_SET_ANTENNA, HAS_UTC_CLOCK = 0x8000, 0x4000
CAN_HOLD = 0x08
HOLD_BIT = RESET_BIT = ENABLED_BIT = 0x80
# Events the driver wants: 3 buffer level, 4 reader exception, 8 antenna.
WANTED_EVENTS = (3, 4, 8)
# GET_READER_CAPABILITIES and GET_READER_CONFIG: everything; GET_READER_CONFIG: whether reports are held.
ALL, ONLY_HOLD = 0, 11


class Attempt(IntEnum):
    """How a reader answers a client that connects."""

    SUCCESS = 0
    READER_ALREADY_CONNECTED_ITSELF = 1
    ANOTHER_CLIENT_IS_CONNECTED = 2
    FAILED = 3
    ANOTHER_CLIENT_TRIED = 4


class Mode(NamedTuple):
    """An RF mode: its identifier and bit rate (b/s)."""

    id: int
    bit_rate: int = 640_000


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a reader can do.

    Attributes
    ----------
    antennas : int
        Number of ports.
    powers : mapping of int to int
        Transmit power by index, dBm × 100.
    modes : tuple of Mode
        RF modes.
    maker, model : int
        IANA enterprise number and the maker's model number.
    firmware : str
        Its version.
    has_clock : bool
        Times are UTC, otherwise µs since power-on.
    can_hold : bool
        Keeps events and reports for a client that is not connected.
    """

    antennas: int = 4
    powers: MappingProxyType[int, int] = field(default_factory=lambda: MappingProxyType({1: 3000}))
    modes: tuple[Mode, ...] = (Mode(0),)
    maker: int = 0
    model: int = 0
    firmware: str = ""
    has_clock: bool = True
    can_hold: bool = True

    def encode(self) -> bytes:
        """Body of a successful GET_READER_CAPABILITIES_RESPONSE."""
        flags = CAN_SET_ANTENNA | (HAS_UTC_CLOCK if self.has_clock else 0)
        firmware = self.firmware.encode()
        protocols = (
            tlv(ANTENNA_PROTOCOL, struct.pack(">HHB", port, 1, 1)) for port in range(1, self.antennas + 1)
        )
        general = tlv(
            GENERAL,
            struct.pack(">HHIIH", self.antennas, flags, self.maker, self.model, len(firmware)),
            firmware,
            tlv(SENSITIVITY, struct.pack(">HH", 1, 0)),
            tlv(GPIO, struct.pack(">HH", 0, 0)),
            *protocols,
        )
        llrp = tlv(
            LLRP_CAPABILITIES,
            struct.pack(">BBHIIIII", CAN_HOLD if self.can_hold else 0, 1, 0, 4, 8, 8, 0, 0),
        )
        powers = (tlv(POWER, struct.pack(">Hh", index, level)) for index, level in self.powers.items())
        frequencies = tlv(FREQUENCIES, b"\0", tlv(FIXED_TABLE, struct.pack(">HI", 1, 920_625)))
        modes = (
            tlv(MODE, struct.pack(">IBBBBIIIII", m.id, 0, 0, 2, 0, m.bit_rate, 1500, 6250, 25000, 0))
            for m in self.modes
        )
        band = tlv(BAND, *powers, frequencies, tlv(MODE_TABLE, *modes))
        regulatory = tlv(REGULATORY, struct.pack(">HH", 156, 0), band)
        gen2 = tlv(GEN2_CAPABILITIES, struct.pack(">BH", 0, 0))
        return b"".join([Status().encode(), general, llrp, regulatory, gen2])

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """The capabilities in a GET_READER_CAPABILITIES_RESPONSE.

        Raises
        ------
        LlrpWrong
            When its general part is missing or anything is malformed.
        """
        found = dict(parameters(body))
        if GENERAL not in found:
            raise LlrpWrong("capabilities without GeneralDeviceCapabilities")
        fields = Fields("GeneralDeviceCapabilities", found[GENERAL])
        antennas, flags, maker, model = fields.take("HHII")
        firmware = fields.text()
        can_hold = False
        if LLRP_CAPABILITIES in found:
            can_hold = bool(Fields("LLRPCapabilities", found[LLRP_CAPABILITIES]).take("B")[0] & CAN_HOLD)
        powers: dict[int, int] = {}
        modes: list[Mode] = []
        if REGULATORY in found:
            regulatory = Fields("RegulatoryCapabilities", found[REGULATORY])
            regulatory.take("HH")
            for band in regulatory.rest().get(BAND, []):
                inner = Fields("UHFBandCapabilities", band).rest()
                for level in inner.get(POWER, []):
                    index, hundredths = Fields("TransmitPowerLevelTableEntry", level).take("Hh")
                    powers[index] = hundredths
                for table in inner.get(MODE_TABLE, []):
                    for entry in Fields("UHFC1G2RFModeTable", table).rest().get(MODE, []):
                        mode_id, *_, bit_rate = Fields("UHFC1G2RFModeTableEntry", entry).take("IBBBBI")
                        modes.append(Mode(mode_id, bit_rate))
        has_clock = bool(flags & HAS_UTC_CLOCK)
        return cls(
            antennas, MappingProxyType(powers), tuple(modes), maker, model, firmware, has_clock, can_hold
        )

    def power_index(self, dbm: float) -> int:
        """Index of the strongest level that is not above `dbm`, e.g. 27.6 dBm among 25 and 30 gives 25's.

        Raises
        ------
        LlrpWrong
            When every level is above it, or the reader named none.
        """
        fitting = {index: level for index, level in self.powers.items() if level <= round(dbm * 100)}
        if not fitting:
            levels = sorted(self.powers.values())
            accepted = f"{levels[0] / 100:g} to {levels[-1] / 100:g} dBm" if levels else "none named"
            raise LlrpWrong(f"no transmit power of {dbm:g} dBm or less; accepted: {accepted}")
        return max(fitting, key=lambda index: fitting[index])


@dataclass(frozen=True, slots=True)
class Settings:
    """What SET_READER_CONFIG sets; None leaves a setting as it is.

    Attributes
    ----------
    keepalive_ms : int or None
        Period of KEEPALIVE messages; 0 sends none.
    is_held : bool or None
        Whether events and reports wait for ENABLE_EVENTS_AND_REPORTS after a connection.
    events : frozenset of int or None
        Event types that are announced.
    is_reset : bool
        Factory defaults first.
    """

    keepalive_ms: int | None = None
    is_held: bool | None = None
    events: frozenset[int] | None = None
    is_reset: bool = False

    def encode(self) -> bytes:
        """The body of SET_READER_CONFIG."""
        return bytes([RESET_BIT if self.is_reset else 0]) + self.parameters()

    def parameters(self) -> bytes:
        """The settings alone, as GET_READER_CONFIG_RESPONSE carries them behind its status."""
        parts = []
        if self.events is not None:
            states = (
                tlv(EVENT_STATE, struct.pack(">HB", event, ENABLED_BIT)) for event in sorted(self.events)
            )
            parts.append(tlv(EVENT_SPEC, *states))
        if self.keepalive_ms is not None:
            trigger = 1 if self.keepalive_ms else 0
            parts.append(tlv(KEEPALIVE_SPEC, struct.pack(">BI", trigger, self.keepalive_ms)))
        if self.is_held is not None:
            parts.append(tlv(HOLD, bytes([HOLD_BIT if self.is_held else 0])))
        return b"".join(parts)

    @classmethod
    def decode(cls, body: bytes, start: int = 1) -> Self:
        """The settings in the body of SET_READER_CONFIG or, from byte 0, of a GET_READER_CONFIG_RESPONSE."""
        if len(body) < start:
            raise LlrpWrong("SET_READER_CONFIG without its flags")
        found = dict(parameters(body, start))
        keepalive_ms = is_held = events = None
        if KEEPALIVE_SPEC in found:
            trigger, period = Fields("KeepaliveSpec", found[KEEPALIVE_SPEC]).take("BI")
            keepalive_ms = period if trigger else 0
        if HOLD in found:
            is_held = bool(Fields("EventsAndReports", found[HOLD]).take("B")[0] & HOLD_BIT)
        if EVENT_SPEC in found:
            states = Fields("ReaderEventNotificationSpec", found[EVENT_SPEC]).rest().get(EVENT_STATE, [])
            pairs = [Fields("EventNotificationState", state).take("HB") for state in states]
            events = frozenset(event for event, enabled in pairs if enabled & ENABLED_BIT)
        return cls(keepalive_ms, is_held, events, bool(start and body[0] & RESET_BIT))


@dataclass(frozen=True, slots=True)
class Announcement:
    """One READER_EVENT_NOTIFICATION.

    Attributes
    ----------
    utc_us, uptime_us : int or None
        When, by the reader's clock or since its power-on.
    attempt : Attempt or None
        The answer to a connection.
    antennas : mapping of int to bool
        Ports that were connected (True) or disconnected.
    buffer_percent : int or None
        How full the buffer of held reports is.
    is_overflown, is_closing : bool
        Reports were lost; the reader is about to close the connection.
    fault : str
        Text of an exception of the reader.
    """

    utc_us: int | None = None
    uptime_us: int | None = None
    attempt: Attempt | None = None
    antennas: MappingProxyType[int, bool] = field(default_factory=lambda: MappingProxyType({}))
    buffer_percent: int | None = None
    is_overflown: bool = False
    is_closing: bool = False
    fault: str = ""

    def encode(self, number: int) -> bytes:
        """The message with this id."""
        parts = []
        if self.utc_us is not None:
            parts.append(tlv(UTC_TIMESTAMP, struct.pack(">Q", self.utc_us)))
        if self.uptime_us is not None:
            parts.append(tlv(UPTIME, struct.pack(">Q", self.uptime_us)))
        if self.buffer_percent is not None:
            parts.append(tlv(BUFFER_LEVEL, bytes([self.buffer_percent])))
        if self.is_overflown:
            parts.append(tlv(BUFFER_OVERFLOW))
        if self.fault:
            raw = self.fault.encode()
            parts.append(tlv(READER_EXCEPTION, struct.pack(">H", len(raw)), raw))
        for port, is_connected in self.antennas.items():
            parts.append(tlv(ANTENNA_EVENT, struct.pack(">BH", is_connected, port)))
        if self.attempt is not None:
            parts.append(tlv(CONNECTION_ATTEMPT, struct.pack(">H", self.attempt)))
        if self.is_closing:
            parts.append(tlv(CONNECTION_CLOSE))
        return Message(Type.READER_EVENT_NOTIFICATION, number, tlv(EVENTS, *parts)).encode()

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """What a READER_EVENT_NOTIFICATION says; unknown events are passed over.

        Raises
        ------
        LlrpWrong
            When it is malformed.
        """
        found = dict(parameters(body))
        inner = Fields("ReaderEventNotificationData", found.get(EVENTS, b"")).rest()
        first = {kind: Fields(f"event {kind}", values[0]) for kind, values in inner.items()}
        attempt = first[CONNECTION_ATTEMPT].take("H")[0] if CONNECTION_ATTEMPT in first else None
        antennas = [Fields("AntennaEvent", value).take("BH") for value in inner.get(ANTENNA_EVENT, [])]
        if attempt is not None and attempt not in set(Attempt):
            attempt = Attempt.FAILED
        return cls(
            first[UTC_TIMESTAMP].take("Q")[0] if UTC_TIMESTAMP in first else None,
            first[UPTIME].take("Q")[0] if UPTIME in first else None,
            None if attempt is None else Attempt(attempt),
            MappingProxyType({port: bool(is_connected) for is_connected, port in antennas}),
            first[BUFFER_LEVEL].take("B")[0] if BUFFER_LEVEL in first else None,
            BUFFER_OVERFLOW in first,
            CONNECTION_CLOSE in first,
            first[READER_EXCEPTION].text() if READER_EXCEPTION in first else "",
        )
