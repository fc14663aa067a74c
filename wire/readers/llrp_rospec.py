"""The ROSpec: what a reader is asked to do, on which antennas with how much power, to report what."""

import struct
import zlib
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Self

from wire.readers.llrp import Fields, LlrpWrong, tlv

ROSPEC, BOUNDARY, START_TRIGGER, STOP_TRIGGER = 177, 178, 179, 182
AISPEC, AISPEC_STOP, INVENTORY, REPORT, CONTENT = 183, 184, 186, 237, 238
ANTENNA_CONFIGURATION, TRANSMITTER, INVENTORY_COMMAND, RF_CONTROL, SINGULATION = 222, 224, 330, 335, 336
EPC_GEN2 = 1
TAG_OBSERVATION = 185
NULL_TRIGGER, IMMEDIATE = 0, 1
UPON_N_TAGS_OR_END_OF_AISPEC = 1
# Antenna, peak RSSI, first seen, last seen, seen count; bits of TagReportContentSelector from its 16th down.
CONTENT_WANTED = 0b0001_0111_1000_0000
MINE = 0x5A00_0000
FINGERPRINT = 0x00FF_FFFF


class State(IntEnum):
    """CurrentState of a ROSpec."""

    DISABLED = 0
    INACTIVE = 1
    ACTIVE = 2


@dataclass(frozen=True, slots=True)
class AntennaPlan:
    """One antenna's share of an inventory.

    Attributes
    ----------
    port : int
        From 1.
    power : int or None
        Index into the reader's table of transmit powers; None leaves the reader's setting.
    mode : int
        Identifier of the reader's RF mode; used together with `session` and `population`.
    session : int
        Gen2 session, 0 to 3.
    population : int
        Expected number of tags in the field at once.
    hop_table, channel : int
        Frequencies, as the regulation of the reader's region gives them.
    """

    port: int
    power: int | None = None
    mode: int = 0
    session: int = 1
    population: int = 32
    hop_table: int = 1
    channel: int = 1

    def encode(self) -> bytes:
        """AntennaConfiguration of an inventory."""
        parts = [struct.pack(">H", self.port)]
        if self.power is not None:
            parts.append(tlv(TRANSMITTER, struct.pack(">HHH", self.hop_table, self.channel, self.power)))
        control = tlv(RF_CONTROL, struct.pack(">HH", self.mode, 0))
        singulation = tlv(SINGULATION, struct.pack(">BHI", self.session << 6, self.population, 0))
        parts.append(tlv(INVENTORY_COMMAND, b"\0", control, singulation))
        return tlv(ANTENNA_CONFIGURATION, *parts)

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """The plan in an AntennaConfiguration's value; what it leaves open keeps its default."""
        fields = Fields("AntennaConfiguration", value)
        plan = cls(*fields.take("H"))
        inner = fields.rest()
        for transmitter in inner.get(TRANSMITTER, []):
            hop_table, channel, power = Fields("RFTransmitter", transmitter).take("HHH")
            plan = replace(plan, hop_table=hop_table, channel=channel, power=power)
        for command in inner.get(INVENTORY_COMMAND, []):
            command_fields = Fields("C1G2InventoryCommand", command)
            command_fields.take("B")
            controls = command_fields.rest()
            for control in controls.get(RF_CONTROL, []):
                mode, _tari = Fields("C1G2RFControl", control).take("HH")
                plan = replace(plan, mode=mode)
            for singulation in controls.get(SINGULATION, []):
                session, population, _transit = Fields("C1G2SingulationControl", singulation).take("BHI")
                plan = replace(plan, session=session >> 6, population=population)
        return plan


@dataclass(frozen=True, slots=True)
class RoSpec:
    """An inventory that runs until it is stopped.

    Attributes
    ----------
    id : int
        1 to 2³²−1; `fingerprinted` makes it from the rest.
    antennas : tuple of AntennaPlan
        Empty: all antennas with the reader's own settings.
    report_tags : int
        A report is sent whenever so many tags wait; 0: only at the end or when asked.
    is_immediate : bool
        Starts as soon as it is enabled, otherwise when it is told to.
    state : State
        As the reader says it; a spec is added disabled.
    """

    id: int
    antennas: tuple[AntennaPlan, ...] = ()
    report_tags: int = 1
    is_immediate: bool = False
    state: State = State.DISABLED

    def fingerprinted(self) -> Self:
        """The same with an id that tells whether a reader still runs exactly this: 0x5A, 24 bits of a CRC.

        Readers give a ROSpec back with their own defaults filled in, so its text cannot be compared; its id
        can.
        """
        blank = replace(self, id=0, state=State.DISABLED)
        return replace(self, id=MINE | zlib.crc32(blank.encode()) & FINGERPRINT)

    def encode(self) -> bytes:
        """The ROSpec parameter."""
        start = tlv(START_TRIGGER, bytes([IMMEDIATE if self.is_immediate else NULL_TRIGGER]))
        stop = tlv(STOP_TRIGGER, struct.pack(">BI", NULL_TRIGGER, 0))
        ports = [plan.port for plan in self.antennas] or [0]
        inventory = tlv(
            INVENTORY, struct.pack(">HB", 1, EPC_GEN2), *(plan.encode() for plan in self.antennas)
        )
        aispec = tlv(
            AISPEC,
            struct.pack(f">H{len(ports)}H", len(ports), *ports),
            tlv(AISPEC_STOP, struct.pack(">BI", NULL_TRIGGER, 0)),
            inventory,
        )
        report = tlv(
            REPORT,
            struct.pack(">BH", UPON_N_TAGS_OR_END_OF_AISPEC, self.report_tags),
            tlv(CONTENT, struct.pack(">H", CONTENT_WANTED)),
        )
        head = struct.pack(">IBB", self.id, 0, self.state)
        return tlv(ROSPEC, head, tlv(BOUNDARY, start, stop), aispec, report)

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """The inventory in a ROSpec's value.

        Raises
        ------
        LlrpWrong
            When parts that every ROSpec has are missing or malformed.
        """
        fields = Fields("ROSpec", value)
        number, _priority, state = fields.take("IBB")
        if state not in set(State):
            raise LlrpWrong(f"ROSpec state {state}; accepted: 0, 1, 2")
        inner = fields.rest()
        if BOUNDARY not in inner or AISPEC not in inner:
            raise LlrpWrong("a ROSpec without ROBoundarySpec or AISpec")
        boundary = Fields("ROBoundarySpec", inner[BOUNDARY][0]).rest()
        triggers = [Fields("ROSpecStartTrigger", v).take("B")[0] for v in boundary.get(START_TRIGGER, [])]
        report_tags = 0
        for report in inner.get(REPORT, []):
            _trigger, report_tags = Fields("ROReportSpec", report).take("BH")
        report_tags = report_tags or _observed_tags(inner[AISPEC])
        return cls(number, _antennas(inner[AISPEC]), report_tags, triggers[:1] == [IMMEDIATE], State(state))


def _observed_tags(aispecs: list[bytes]) -> int:
    """After how many tags an AISpec ends and reports, 0 if not by number."""
    for value in aispecs:
        for trigger in _inside(value).get(AISPEC_STOP, []):
            fields = Fields("AISpecStopTrigger", trigger)
            fields.take("BI")
            for observation in fields.rest().get(TAG_OBSERVATION, []):
                _type, _reserved, tags = Fields("TagObservationTrigger", observation).take("BBH")
                return tags
    return 0


def _inside(aispec: bytes) -> dict[int, list[bytes]]:
    fields = Fields("AISpec", aispec)
    (count,) = fields.take("H")
    fields.take(f"{count}H")
    return fields.rest()


def _antennas(aispecs: list[bytes]) -> tuple[AntennaPlan, ...]:
    """The antennas of all AISpecs; a port that is only named keeps the defaults, port 0 means all of them."""
    plans: dict[int, AntennaPlan] = {}
    for value in aispecs:
        fields = Fields("AISpec", value)
        (count,) = fields.take("H")
        ports = fields.take(f"{count}H")
        plans |= {port: AntennaPlan(port) for port in ports}
        for inventory in fields.rest().get(INVENTORY, []):
            inventory_fields = Fields("InventoryParameterSpec", inventory)
            inventory_fields.take("HB")
            found = [AntennaPlan.decode(v) for v in inventory_fields.rest().get(ANTENNA_CONFIGURATION, [])]
            plans |= {plan.port: plan for plan in found}
    if 0 in plans:
        return ()
    return tuple(plans[port] for port in sorted(plans))
