"""What a gateway file may say about any RFID reader: its antennas, its tags, when a tag is there."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from edge.devices.device import DeviceKeys
from edge.devices.tag import Strict, Tag, refuse_doubled
from edge.presence import Smoothing
from edge.scaling import INTEGER_RANGES, TEXTS

TagField = Literal["epc", "epc_uri", "antenna", "role", "rssi", "seen", "first_seen", "last_seen", "event"]
TEXT_FIELDS = frozenset({"epc", "epc_uri", "role", "event"})
TIME_FIELDS = frozenset({"first_seen", "last_seen"})
TIME_TYPES = frozenset({"DateTime", "Int64", "UInt64"})


class ReaderTag(Tag):
    """A tag fed by one field of each read, or of each arrival or departure.

    `on` chooses which; with `role`, only those at antennas of this role. `event` is the whole visit as JSON.
    """

    on: Literal["read", "arrived", "departed"] = "read"
    field: TagField = "epc"
    role: str | None = Field(default=None, min_length=1)

    @model_validator(mode="after")
    def _carries(self) -> "ReaderTag":
        if self.field in TEXT_FIELDS:
            is_fitting, accepted = self.datatype in TEXTS, "String"
        elif self.field in TIME_FIELDS:
            is_fitting, accepted = self.datatype in TIME_TYPES, ", ".join(sorted(TIME_TYPES))
        else:
            is_fitting = self.datatype in INTEGER_RANGES and self.datatype != "DateTime"
            accepted = "Int32 or another integer"
        if not is_fitting:
            raise ValueError(f"field {self.field} does not fit {self.datatype}; accepted: {accepted}")
        if self.deadband:
            raise ValueError("every read counts: a reader's tag takes no deadband")
        if self.writable:
            raise ValueError("a reader's tag takes no commands; accepted: writable = false")
        if self.field == "event" and self.on == "read":
            raise ValueError('field event tells a visit; accepted: with on = "arrived" or "departed"')
        return self


class AntennaKeys(Strict):
    """One antenna: its port, what it watches, how strongly it sends."""

    port: int = Field(ge=1, le=255)
    role: str = Field(default="", max_length=64)
    power_dbm: float | None = Field(default=None, ge=-10, le=40, allow_inf_nan=False)


class PresenceKeys(Strict):
    """When a tag counts as present; times by the reader's clock."""

    glimpse_s: float = Field(default=0.0, ge=0, le=3600, allow_inf_nan=False)
    min_reads: int = Field(default=1, ge=1, le=10_000)
    gone_s: float = Field(default=2.0, ge=0.05, le=86_400, allow_inf_nan=False)
    per: Literal["reader", "antenna"] = "reader"
    max_tags: int = Field(default=100_000, ge=1, le=1_000_000)

    @property
    def smoothing(self) -> Smoothing:
        """The same as the smoothing takes it."""
        return Smoothing(self.glimpse_s, self.min_reads, self.gone_s, self.per == "antenna", self.max_tags)


class Reader(DeviceKeys):
    """What every RFID reader has, whatever the driver."""

    # Fields that the reader's protocol cannot fill.
    UNTOLD: ClassVar[frozenset[str]] = frozenset()

    antenna: list[AntennaKeys] = Field(default_factory=list, max_length=255)
    presence: PresenceKeys | None = None
    tag: list[ReaderTag] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> "Reader":
        refuse_doubled(tag.name for tag in self.tag)
        refuse_doubled(f"antenna port {antenna.port}" for antenna in self.antenna)
        roles = self.roles
        for tag in self.tag:
            if tag.role is not None and tag.role not in roles.values():
                accepted = ", ".join(sorted(set(roles.values()) - {""})) or "none, no antenna has a role"
                raise ValueError(f"tag {tag.name}: no antenna has role {tag.role!r}; accepted: {accepted}")
            if tag.on != "read" and self.presence is None:
                raise ValueError(
                    f"tag {tag.name}: arrivals and departures need a [device.presence] table; "
                    'accepted: with it, or on = "read"'
                )
        return self

    @property
    def roles(self) -> dict[int, str]:
        """The role of each antenna that was given one."""
        return {antenna.port: antenna.role for antenna in self.antenna if antenna.role}
