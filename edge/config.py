"""A gateway's TOML file, read and checked without touching any device."""

import tomllib
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from edge.devices import Device
from edge.devices.derived import GatewayDerivedTag, derivations, sources_of
from edge.devices.modbus import ModbusDevice, refuse_quarrels
from edge.devices.mqtt_sensor import MqttSensorDevice
from edge.devices.opcua import OpcUaDevice
from edge.devices.tag import SparkplugId, Strict, TcpEndpoint
from edge.devices.vibration import VibrationDevice
from edge.errors import ConfigWrong
from edge.gateway import WhenFull

DRIVERS = (
    "modbus",
    "opcua",
    "rfid_llrp",
    "rfid_serial",
    "mqtt_sensor",
    "serial_sensor",
    "vibration",
)


class GatewayKeys(Strict):
    """Who this gateway is: Sparkplug group (the plant) and edge node."""

    group: SparkplugId
    node: SparkplugId
    metrics_s: float = Field(default=10.0, ge=1, le=3600)


UPLINK_FILES = ("ca_file", "cert_file", "key_file", "password_file")


class UplinkKeys(Strict):
    """Which broker, and which host's receipts count; relative paths start at the file's folder."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=1883, ge=1, le=65_535)
    username: str | None = None
    password: str | None = None
    password_file: str | None = Field(default=None, min_length=1)
    password_env: str | None = Field(default=None, min_length=1)
    tls: bool = False
    ca_file: str | None = Field(default=None, min_length=1)
    cert_file: str | None = Field(default=None, min_length=1)
    key_file: str | None = Field(default=None, min_length=1)
    primary_host: SparkplugId = "taktline"
    waits_for_host: bool = True
    servers: list[TcpEndpoint] = Field(default_factory=list, max_length=16)
    mqtt: Literal["3.1.1", "5"] = "3.1.1"
    receipts: bool = True
    qos: Literal[0, 1] = 0
    backlog_kb_s: float | None = Field(default=None, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _one_way_to_send(self) -> "UplinkKeys":
        if self.servers and not self.model_fields_set.isdisjoint({"host", "port"}):
            raise ValueError("host and port name one broker, servers several; accepted: one of the two")
        if len(set(self.servers)) < len(self.servers):
            raise ValueError("servers names a broker twice; accepted: each once")
        if self.qos and self.receipts:
            raise ValueError("qos = 1 replaces receipts; accepted: with receipts = false")
        return self

    @model_validator(mode="after")
    def _login_is_whole(self) -> "UplinkKeys":
        passwords = ("password", "password_file", "password_env")
        given = [key for key in passwords if getattr(self, key) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are both given; accepted: one of {', '.join(passwords)}")
        if given and self.username is None:
            raise ValueError(f"{given[0]} is given without username; accepted: both or neither")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file belong together; accepted: both or neither")
        if self.cert_file is not None and self.ca_file is None and not self.tls:
            raise ValueError("cert_file needs TLS; accepted: with ca_file, or with tls = true")
        return self


class CommandKeys(Strict):
    """How values may be written to tags that are marked writable."""

    plain: bool = False
    per_minute: int = Field(default=60, ge=1, le=6000)
    timeout_s: float = Field(default=10.0, ge=0.1, le=600)


class SpoolKeys(Strict):
    """Where batches wait for their receipt; a relative path starts at the configuration file's folder."""

    path: str = Field(min_length=1)
    max_mb: int = Field(default=512, ge=1, le=1_000_000)
    max_age_h: float | None = Field(default=None, gt=0, le=87_600)
    when_full: WhenFull = "oldest"
    keep_after_receipt_h: float = Field(default=24.0, ge=0, le=8760)
    commit_s: float = Field(default=0.25, ge=0.01, le=10)


class GatewayConfig(Strict):
    """One gateway as its file describes it."""

    gateway: GatewayKeys
    uplink: UplinkKeys = UplinkKeys()
    spool: SpoolKeys
    commands: CommandKeys = CommandKeys()
    device: list[Device] = Field(min_length=1)
    derived: list[GatewayDerivedTag] = Field(default_factory=list, max_length=500)

    @model_validator(mode="after")
    def _devices_differ(self) -> "GatewayConfig":
        seen: dict[str, int] = {}
        for position, device in enumerate(self.device):
            if device.id in seen:
                raise ValueError(
                    f"device[{position}].id: {device.id!r} is already the id of device[{seen[device.id]}]; "
                    "accepted: an id of its own for each device"
                )
            seen[device.id] = position
        refuse_quarrels(device for device in self.device if isinstance(device, ModbusDevice))
        return self

    @model_validator(mode="after")
    def _derived_fit(self) -> "GatewayConfig":
        ids = {device.id for device in self.device}
        for position, device in enumerate(self.device):
            try:
                derivations(device.id, sources_of([device], with_derived=False), device.derived, {})
            except ValueError as wrong:
                raise ValueError(f"device[{position}]({device.id}).{wrong}") from wrong
        for index, tag in enumerate(self.derived):
            if tag.device in ids:
                raise ValueError(
                    f"derived[{index}]({tag.name}).device: {tag.device!r} is a device that is read; "
                    "accepted: an id that no [[device]] has"
                )
        derivations(None, sources_of(self.device), self.derived, {})
        return self


def load(path: Path) -> GatewayConfig:
    """The checked configuration of `path`, with its paths made absolute.

    Raises
    ------
    ConfigWrong
        With one finding per mistake, each naming the key and what would be accepted.
    """
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigWrong(path, [f"cannot be read: {error.strerror}; accepted: a TOML file"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigWrong(path, [f"is not TOML: {error}"]) from error
    try:
        config = GatewayConfig.model_validate(tree)
    except ValidationError as error:
        findings = [_finding(detail, tree) for detail in error.errors(include_url=False, include_input=True)]
        raise ConfigWrong(path, findings) from error
    folder = path.resolve().parent
    spool = config.spool.model_copy(update={"path": str(folder / config.spool.path)})
    files = {key: str(folder / given) for key in UPLINK_FILES if (given := getattr(config.uplink, key))}
    uplink = config.uplink.model_copy(update=files)
    has_files = (OpcUaDevice, MqttSensorDevice, VibrationDevice)
    devices = [one.located(folder) if isinstance(one, has_files) else one for one in config.device]
    return config.model_copy(update={"spool": spool, "uplink": uplink, "device": devices})


def _finding(detail: ErrorDetails, tree: dict[str, Any]) -> str:
    place, model = _walk(detail["loc"], tree)
    context = detail.get("ctx", {})
    is_shown = not isinstance(detail["input"], dict | list) and detail["loc"][-1:] != ("password",)
    given = repr(detail["input"]) if is_shown else "this"
    match detail["type"]:
        case "extra_forbidden":
            said = f"unknown key; accepted here: {', '.join(model.model_fields) if model else 'none'}"
        case "missing":
            said = f"is missing{_wanted(detail['loc'], model)}"
        case "literal_error":
            said = f"{given} is not accepted; accepted: {context['expected']}"
        case "union_tag_invalid" | "union_tag_not_found":
            key = context["discriminator"].strip("'")
            place = f"{place}.{key}"
            known = ", ".join(DRIVERS if key == "driver" else _variants(detail["loc"], model))
            got = f"{context['tag']!r} is not a {key}" if "tag" in context else "is missing"
            said = f"{got}; accepted: {known}"
        case "value_error":
            said = str(context["error"])
        case "string_pattern_mismatch":
            said = f"{given} is not accepted; accepted: opc.tcp://host:port"
        case _:
            wanted = detail["msg"].removeprefix("Input should be ").removeprefix("Input should have ")
            said = f"{given} is not accepted; accepted: {wanted}"
    return f"{place}: {said}" if place else said


def _variants(loc: tuple[int | str, ...], model: type[BaseModel] | None) -> list[str]:
    """What the `type` of a table may say."""
    field = model.model_fields.get(str(loc[-1])) if model else None
    parts = get_args(field.annotation) if field else ()
    return [get_args(part.model_fields["type"].annotation)[0] for part in parts]


def _wanted(loc: tuple[int | str, ...], model: type[BaseModel] | None) -> str:
    field = model.model_fields.get(str(loc[-1])) if model else None
    choices = get_args(field.annotation) if field else ()
    if choices and all(isinstance(choice, str | int) for choice in choices):
        return f"; accepted: {', '.join(str(choice) for choice in choices)}"
    return "; it must be given"


def _walk(loc: tuple[int | str, ...], tree: dict[str, Any]) -> tuple[str, type[BaseModel] | None]:
    """The key path as a person writes it, and the model that holds the last key."""
    place = ""
    node: Any = tree
    model: type[BaseModel] | None = GatewayConfig
    annotation: Any = GatewayConfig
    for key in loc:
        if isinstance(key, str) and key in DRIVERS and isinstance(node, dict) and key == node.get("driver"):
            annotation = _driver_model(key)
            continue
        if isinstance(key, str) and (variant := _variant(annotation, key, node)):
            annotation = variant
            continue
        if isinstance(key, int):
            place += f"[{key}]"
            node = node[key] if isinstance(node, list) and key < len(node) else {}
            name = node.get("id", node.get("name")) if isinstance(node, dict) else None
            place += f"({name})" if isinstance(name, str) else ""
            annotation = (get_args(annotation) or (None,))[0]
            continue
        model = _model_of(annotation)
        place += f".{key}" if place else key
        node = node.get(key, {}) if isinstance(node, dict) else {}
        annotation = model.model_fields[key].annotation if model and key in model.model_fields else None
    return place, model


def _model_of(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) in {Union, UnionType}:
        return next((found for part in get_args(annotation) if (found := _model_of(part))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _variant(annotation: Any, key: str, node: Any) -> type[BaseModel] | None:
    """The model of a table that says by its `type` which of several it is, when `key` is that type."""
    if not isinstance(node, dict) or node.get("type") != key:
        return None
    for part in get_args(annotation):
        model = _model_of(part)
        field = model.model_fields.get("type") if model else None
        if field and get_args(field.annotation) == (key,):
            return model
    return None


def _driver_model(driver: str) -> type[BaseModel] | None:
    for model in get_args(get_args(Device)[0]):
        if get_args(model.model_fields["driver"].annotation) == (driver,):
            return model  # type: ignore[no-any-return]
    return None
