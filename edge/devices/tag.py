"""What every device and tag of a gateway file has, whatever the driver."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from edge.filters import Deadband
from edge.scaling import DATATYPES, INTEGER_RANGES, NUMERIC, Scaling

Datatype = Literal[
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "Float",
    "Double",
    "Boolean",
    "String",
    "Text",
    "UUID",
    "DateTime",
]
assert set(DATATYPES) == set(Datatype.__args__)  # type: ignore[attr-defined]  # noqa: S101 - one list, two forms

HISTORY_REQUIRED = ("seq", "ts_ms")
HIGHEST_PORT = 65_535
RESERVED_TAGS = ("observed_since", "bad_input", "bdSeq")


def _sparkplug_id(text: str) -> str:
    if not text or any(sign in text for sign in "+/#") or not text.isprintable():
        raise ValueError("accepted: printable text without + / #")
    return text


def _tag_name(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("accepted: printable text")
    if text in RESERVED_TAGS or text.startswith(("Node Control/", "Device Control/")):
        raise ValueError("this name belongs to the gateway itself; accepted: any other name")
    return text


def _tcp_endpoint(text: str) -> str:
    host_and_port(text)
    return text


def host_and_port(endpoint: str) -> tuple[str, int]:
    """Host and port of a `host:port` endpoint, e.g. `10.0.0.7:502` → ("10.0.0.7", 502).

    Raises
    ------
    ValueError
        Naming the accepted form.
    """
    host, separator, port = endpoint.rpartition(":")
    if not separator or not host or not port.isdigit() or not 1 <= int(port) <= HIGHEST_PORT:
        raise ValueError("accepted: host:port, e.g. 10.0.0.7:502")
    return host.strip("[]"), int(port)


SparkplugId = Annotated[str, AfterValidator(_sparkplug_id)]
TagName = Annotated[str, AfterValidator(_tag_name)]
TcpEndpoint = Annotated[str, AfterValidator(_tcp_endpoint)]


class Strict(BaseModel):
    """A table of the file in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class DeadbandKeys(Strict):
    """`deadband = { absolute = 0.1 }` or `{ percent = 2.0 }`."""

    absolute: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    percent: float = Field(default=0.0, ge=0, le=100, allow_inf_nan=False)


class Tag(Strict):
    """What every tag has, whatever the driver.

    Only a `writable` tag takes commands; a number outside `write_min … write_max` (metric values) is refused.
    """

    name: TagName
    datatype: Datatype
    scale: float = Field(default=1.0, allow_inf_nan=False)
    offset: float = Field(default=0.0, allow_inf_nan=False)
    deadband: DeadbandKeys | None = None
    writable: bool = False
    write_min: float | None = Field(default=None, allow_inf_nan=False)
    write_max: float | None = Field(default=None, allow_inf_nan=False)

    @property
    def scaling(self) -> Scaling:
        """The map from raw number to value."""
        return Scaling(self.datatype, self.scale, self.offset)

    @property
    def change(self) -> Deadband | None:
        """The deadband, or None where every change counts."""
        return Deadband(self.deadband.absolute, self.deadband.percent) if self.deadband else None

    @model_validator(mode="after")
    def _fits(self) -> "Tag":
        mapped = self.scale != 1 or self.offset != 0
        if self.scale == 0:
            raise ValueError("scale = 0 would make every value the same; accepted: any other number")
        if self.datatype not in NUMERIC and (mapped or self.deadband):
            raise ValueError(
                f"{self.datatype} takes no scale, offset or deadband; accepted: a numeric datatype"
            )
        fractional = not (float(self.scale).is_integer() and float(self.offset).is_integer())
        if self.datatype in INTEGER_RANGES and fractional:
            raise ValueError(
                f"{self.datatype} cannot carry a fractional scale or offset; accepted: Float, Double"
            )
        return self

    @model_validator(mode="after")
    def _write_limits(self) -> "Tag":
        if self.write_min is None and self.write_max is None:
            return self
        if not self.writable:
            raise ValueError("write_min and write_max limit commands; accepted: with writable = true")
        if self.datatype not in NUMERIC:
            raise ValueError(f"{self.datatype} takes no write_min or write_max; accepted: a numeric datatype")
        if self.write_min is not None and self.write_max is not None and self.write_min > self.write_max:
            raise ValueError(
                f"write_min {self.write_min:g} lies above write_max {self.write_max:g}; accepted: min ≤ max"
            )
        return self


def refuse_doubled(names: Iterable[str]) -> None:
    """Raise ValueError, which pydantic shows at its place, when a name stands twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{name!r} stands twice; accepted: each name once")
        seen.add(name)


def refuse_strangers(columns: Iterable[str], tags: list[str]) -> None:
    """Raise ValueError when a history names a column that is no tag of the device."""
    strangers = [name for name in columns if name not in (*HISTORY_REQUIRED, *tags)]
    if strangers:
        raise ValueError(f"history names {', '.join(strangers)}; accepted: seq, ts_ms, {', '.join(tags)}")
