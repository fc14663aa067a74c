"""What OPC UA says in the words of a reading: qualities from status codes, plain values from all types."""

from collections.abc import Callable
from datetime import datetime
from enum import IntEnum
from typing import Any, Final
from uuid import UUID

from asyncua import ua
from asyncua.ua.status_codes import get_name_and_doc

from edge.drivers.opcua.publishes import to_ms
from wire.quality import BAD, GOOD, STALE

# The two highest bits of a status code (OPC 10000-4, 7.39): 00 good, 01 uncertain, 10 and 11 bad.
SEVERITY: Final = 30
# Status bits "limit/overflow" of a data value: the server's queue has dropped values.
OVERFLOW: Final = 0x0480
SCALARS: Final = (bool, int, float, str)


class NoScalar(ValueError):
    """The node's value is no scalar and the tag does not say which part of it to take; names what it is."""


def quality_of(status: int) -> int:
    """Sparkplug quality of a status code: 192 good, 500 uncertain (the value is kept), 0 bad (it is not)."""
    return (GOOD, STALE, BAD, BAD)[status >> SEVERITY & 3]


def status_name(status: int) -> str:
    """What the standard calls a status code, e.g. BadNodeIdUnknown."""
    name: str = get_name_and_doc(status)[0]
    return name


def part_of(value: Any, path: tuple[int | str, ...]) -> Any:
    """The part of an array or structure at `path`, as a plain value.

    Raises
    ------
    NoScalar
        When there is no such part, or it is no scalar itself.
    """
    for step in path:
        value = _element(value, step) if isinstance(step, int) else _field(value, step)
    return plain(value)


def _element(value: Any, index: int) -> Any:
    if not isinstance(value, list | tuple):
        raise NoScalar(f"no array but {kind_of(value)}, so it has no element {index}")
    if index >= len(value):
        raise NoScalar(f"an array of {len(value)}, so it has no element {index}")
    return value[index]


def _field(value: Any, name: str) -> Any:
    if isinstance(value, ua.Variant):
        value = value.Value
    if isinstance(value, list | tuple) or value is None:
        raise NoScalar(f"{kind_of(value)}, so it has no field {name}; accepted: index = N before the field")
    names = fields_of(value)
    if name not in names:
        raise NoScalar(f"{kind_of(value)} without a field {name}; accepted: {', '.join(names) or 'none'}")
    return getattr(value, name)


def fields_of(value: Any) -> list[str]:
    """Names of the fields of a structure whose type the server has described; empty for anything else."""
    return [name for name in getattr(type(value), "__dataclass_fields__", ()) if name != "Encoding"]


def plain(value: Any) -> Any:
    """A scalar as bool, int, float, str or None; bytes as hexadecimal text, times as Unix milliseconds.

    Raises
    ------
    NoScalar
        For arrays and structures.
    """
    if value is None or type(value) in SCALARS:
        return value
    for kind, form in _FORMS:
        if isinstance(value, kind):
            return form(value)
    raise NoScalar(f"{kind_of(value)}; {_advice(value)}")


def _advice(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"accepted: index = 0 to {max(len(value) - 1, 0)}, or flatten = {max(len(value), 1)}"
    names = fields_of(value)
    if isinstance(value, ua.ExtensionObject) or not names:
        return "accepted: a node of its own for each part; the server does not describe this type"
    return f"accepted: field = one of {', '.join(names)}"


def kind_of(value: Any) -> str:
    """What a value is, for a person, e.g. `an array of 8`."""
    if isinstance(value, list | tuple):
        return f"an array of {len(value)}"
    if value is None or isinstance(value, SCALARS):
        return f"a single value ({type(value).__name__})"
    return f"a structure ({type(value).__name__})"


def _nested(value: Any) -> Any:
    return plain(value.Value)


# Built-in types that are no Python scalar, in the order of asking (OPC 10000-6, table 1).
_FORMS: Final[tuple[tuple[type, Callable[[Any], Any]], ...]] = (
    (IntEnum, int),
    (bool, bool),
    (int, int),
    (float, float),
    (str, str),
    (datetime, to_ms),
    (bytes, bytes.hex),
    (UUID, str),
    (ua.LocalizedText, lambda text: text.Text),
    (ua.QualifiedName, lambda name: name.Name),
    (ua.NodeId, lambda node: node.to_string()),
    (ua.StatusCode, lambda status: int(status.value)),
    (ua.Variant, _nested),
    (ua.DataValue, _nested),
)
