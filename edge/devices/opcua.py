"""What a gateway file may say about an OPC UA server."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from edge.devices.device import DeviceKeys
from edge.devices.tag import HISTORY_REQUIRED, Strict, Tag, refuse_doubled, refuse_strangers
from edge.filters import Deadband

SecurityPolicy = Literal["none", "Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss"]
# Parts of a structure's path: a name, or the number of an element in brackets.
PATH_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
PATH = re.compile(r"[^.\[\]]+(\[\d+\])*(\.[^.\[\]]+(\[\d+\])*)*")


def _node(text: str) -> str:
    if not re.fullmatch(r"(ns=\d+;)?([sgb]=.+|i=\d+)", text):
        raise ValueError("accepted: an OPC UA node id such as ns=2;s=L1-OP10.state or ns=3;i=1001")
    return text


def _path(text: str) -> str:
    if not PATH.fullmatch(text):
        raise ValueError("accepted: a structure's field such as speed, axis.position or axes[1].position")
    return text


NodeId = Annotated[str, AfterValidator(_node)]
FieldPath = Annotated[str, AfterValidator(_path)]


class OpcUaTag(Tag):
    """A tag in an OPC UA variable, or in one part of it.

    `queue` is how many changes the server keeps between two publishes, `sampling_ms` how often it looks (0:
    as fast as it can, -1: once per publish). `index` takes one element of an array, `flatten` = N makes tags
    `name[0]` to `name[N-1]` of it, `field` takes one field of a structure. `range` is what a percent deadband
    refers to when the node does not say so itself.
    """

    node: NodeId
    queue: int = Field(default=100, ge=1, le=10_000)
    sampling_ms: int | None = Field(default=None, ge=-1, le=3_600_000)
    index: int | None = Field(default=None, ge=0, le=1_000_000)
    flatten: int | None = Field(default=None, ge=1, le=1000)
    field: FieldPath | None = None
    range: Annotated[tuple[float, float], Field(strict=False)] | None = None

    @property
    def is_part(self) -> bool:
        """Whether the tag takes one part of a larger value."""
        return self.index is not None or self.field is not None

    @property
    def path(self) -> tuple[int | str, ...]:
        """The way from the node's value to the tag's: index first, then the field."""
        parts: list[int | str] = [] if self.index is None else [self.index]
        for name, number in PATH_PART.findall(self.field or ""):
            parts.append(name or int(number))
        return tuple(parts)

    @property
    def change(self) -> Deadband | None:
        """The deadband, or None where every change counts; a percentage of `range` is an absolute one."""
        return self.deadband_over(self.range)

    def deadband_over(self, span: tuple[float, float] | None) -> Deadband | None:
        """The deadband for an instrument of this range, in the node's own unit; e.g. 2 % of (0, 50): 1.0.

        Without a range a percentage refers to the value reported last, as in the other drivers.
        """
        if self.deadband is None or span is None or not self.deadband.percent:
            return super().change
        share = abs(self.scale) * abs(span[1] - span[0]) * self.deadband.percent / 100
        return Deadband(max(self.deadband.absolute, share))

    def parts(self) -> Iterator["OpcUaTag"]:
        """The tags this one stands for: itself, or one for each element it is flattened to."""
        if self.flatten is None:
            yield self
            return
        for index in range(self.flatten):
            yield self.model_copy(update={"name": f"{self.name}[{index}]", "index": index, "flatten": None})

    @model_validator(mode="after")
    def _consistent(self) -> "OpcUaTag":
        if self.flatten is not None and self.index is not None:
            raise ValueError("index and flatten exclude each other; accepted: one of them")
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"range {list(self.range)} is empty; accepted: [low, high] with low < high")
        if self.writable and (self.is_part or self.flatten):
            raise ValueError("a part of an array or structure cannot be written; accepted: a scalar node")
        return self


class NodeKey(Strict):
    """The variable in which the device's own clock stands, in Unix milliseconds."""

    node: NodeId


class OpcUaHistory(Strict):
    """The array variable with the device's last changes, flattened rows of `columns`, newest row last."""

    node: NodeId
    columns: list[str] = Field(min_length=2)

    @model_validator(mode="after")
    def _whole(self) -> "OpcUaHistory":
        missing = [name for name in HISTORY_REQUIRED if name not in self.columns]
        if missing:
            raise ValueError(
                f"columns lacks {', '.join(missing)}; accepted: seq, ts_ms and tags of the device"
            )
        refuse_doubled(self.columns)
        return self


class OpcUaDevice(DeviceKeys):
    """Variables of one OPC UA server, read by one subscription.

    `deadband_at` says who applies deadbands: `server`, `gateway`, or `auto`, the server unless it refuses or
    is known to get them wrong. `check_nodes_s` is how often nodes that failed are tried again and the others
    are looked for.
    """

    driver: Literal["opcua"]
    endpoint: Annotated[str, Field(pattern=r"^opc\.tcp://[^/\s@]+(/\S*)?$")]
    publishing_ms: int = Field(default=200, ge=20, le=60_000)
    sampling_ms: int = Field(default=0, ge=-1, le=3_600_000)
    timeout_s: float = Field(default=4.0, ge=0.2, le=60)
    check_nodes_s: float = Field(default=60.0, ge=0.1, le=86_400)
    deadband_at: Literal["auto", "server", "gateway"] = "auto"
    security: SecurityPolicy = "none"
    mode: Literal["sign", "sign_and_encrypt"] = "sign_and_encrypt"
    pki: str = Field(default="pki", min_length=1)
    username: str | None = Field(default=None, min_length=1)
    password: str | None = None
    password_in_clear: bool = False
    clock: NodeKey | None = None
    history: OpcUaHistory | None = None
    tag: list[OpcUaTag] = Field(min_length=1, max_length=20_000)

    def located(self, folder: Path) -> Self:
        """The same device with a relative `pki` starting at the configuration file's folder."""
        return self.model_copy(update={"pki": str(folder / self.pki)})

    @field_validator("tag")
    @classmethod
    def _flattened(cls, tags: list[OpcUaTag]) -> list[OpcUaTag]:
        return [part for tag in tags for part in tag.parts()]

    @model_validator(mode="after")
    def _consistent(self) -> "OpcUaDevice":
        refuse_doubled(tag.name for tag in self.tag)
        refuse_doubled(" ".join(map(str, (tag.node, *tag.path))) for tag in self.tag)
        if self.history:
            if self.clock is None:
                raise ValueError("a history needs the device's clock; accepted: a [device.clock] table")
            refuse_strangers(self.history.columns, [tag.name for tag in self.tag])
        self._refuse_open_password()
        return self

    def _refuse_open_password(self) -> None:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together; accepted: both or neither")
        is_encrypted = self.security != "none" and self.mode == "sign_and_encrypt"
        if self.username is not None and not is_encrypted and not self.password_in_clear:
            raise ValueError(
                "the password would cross a channel that is not encrypted; accepted: security with mode = "
                '"sign_and_encrypt", or password_in_clear = true'
            )
