"""A gateway's TOML file, read and checked without touching any device."""

import tomllib
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from edge.devices import Device, SparkplugId, Strict
from edge.errors import ConfigWrong

DRIVERS = ("modbus", "opcua", "rfid_serial")


class GatewayKeys(Strict):
    """Who this gateway is: Sparkplug group (the plant) and edge node."""

    group: SparkplugId
    node: SparkplugId


class UplinkKeys(Strict):
    """Which broker, and which host's receipts count; a relative `ca_file` starts at the file's folder too."""

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int = Field(default=1883, ge=1, le=65_535)
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    primary_host: SparkplugId = "taktline"


class SpoolKeys(Strict):
    """Where batches wait for their receipt; a relative path starts at the configuration file's folder."""

    path: str = Field(min_length=1)
    max_mb: int = Field(default=512, ge=1, le=1_000_000)
    keep_after_receipt_h: float = Field(default=24.0, ge=0, le=8760)
    commit_s: float = Field(default=0.25, ge=0.01, le=10)


class GatewayConfig(Strict):
    """One gateway as its file describes it."""

    gateway: GatewayKeys
    uplink: UplinkKeys = UplinkKeys()
    spool: SpoolKeys
    device: list[Device] = Field(min_length=1)

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
    uplink = config.uplink
    if uplink.ca_file:
        uplink = uplink.model_copy(update={"ca_file": str(folder / uplink.ca_file)})
    return config.model_copy(update={"spool": spool, "uplink": uplink})


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
            place = f"{place}.driver"
            got = f"{context['tag']!r} is not a driver" if "tag" in context else "is missing"
            said = f"{got}; accepted: {', '.join(DRIVERS)}"
        case "value_error":
            said = str(context["error"])
        case "string_pattern_mismatch":
            said = f"{given} is not accepted; accepted: opc.tcp://host:port"
        case _:
            wanted = detail["msg"].removeprefix("Input should be ").removeprefix("Input should have ")
            said = f"{given} is not accepted; accepted: {wanted}"
    return f"{place}: {said}" if place else said


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


def _driver_model(driver: str) -> type[BaseModel] | None:
    for model in get_args(get_args(Device)[0]):
        if get_args(model.model_fields["driver"].annotation) == (driver,):
            return model  # type: ignore[no-any-return]
    return None
