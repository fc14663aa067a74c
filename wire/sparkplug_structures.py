"""Sparkplug's values with parts of their own: property sets, data sets, templates; both ways, bounded."""

from dataclasses import dataclass
from typing import Any, Final

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf publishes no types

from wire.sparkplug_schema import PayloadMessage
from wire.sparkplug_values import DataType, Unencodable, Value, encoder, typed

# What a message may hold at most; more is a sender gone wrong, and is refused before it costs memory.
MAX_DEPTH: Final = 8
MAX_CELLS: Final = 100_000
_BASIC: Final = frozenset(range(DataType.INT8, DataType.UUID + 1)) - {DataType.UUID}


class MalformedStructure(ValueError):
    """These bytes are no property set, data set or template of Sparkplug, or too large a one."""


@dataclass(frozen=True, slots=True)
class Property:
    """One property: a key, the datatype (1 to 15, 20 or 21) of its value, and the value; None is null."""

    key: str
    datatype: int
    value: "Value | PropertySet | tuple[PropertySet, ...]"


@dataclass(frozen=True, slots=True)
class PropertySet:
    """Properties in their order; keys and values are equally many by construction."""

    properties: tuple[Property, ...] = ()


@dataclass(frozen=True, slots=True)
class DataSet:
    """A table: a name and a datatype (1 to 14) for each column, and rows as long as those."""

    columns: tuple[str, ...]
    types: tuple[int, ...]
    rows: tuple[tuple[Value, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A template's parameter with the datatype (1 to 14) of its value; None is absent."""

    name: str
    datatype: int
    value: Value = None


@dataclass(frozen=True, slots=True)
class Member:
    """A template's member: a scalar metric, or with datatype Template another `Template`; None is null."""

    name: str
    datatype: int
    value: "Value | Template" = None


@dataclass(frozen=True, slots=True)
class Template:
    """A template definition (`is_definition`, without `ref`) or an instance of the definition `ref`.

    Raises
    ------
    Unencodable
        When an instance names no definition, or a definition names one.
    """

    is_definition: bool
    ref: str | None = None
    version: str | None = None
    members: tuple[Member, ...] = ()
    parameters: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        if self.is_definition == (self.ref is not None):
            raise Unencodable("a template definition has no template_ref, an instance has one")


# ---- to bytes ----


def property_set_bytes(properties: PropertySet) -> bytes:
    """Bytes of a `PropertySet` message.

    Raises
    ------
    Unencodable
        When a value does not fit its datatype.
    """
    message = _blank().properties
    _fill_properties(message, properties, MAX_DEPTH)
    return bytes(message.SerializeToString())


def data_set_bytes(table: DataSet) -> bytes:
    """Bytes of a `DataSet` message.

    Raises
    ------
    Unencodable
        When rows, columns and types differ in length, or a value does not fit its column.
    """
    if len(table.columns) != len(table.types) or any(len(row) != len(table.types) for row in table.rows):
        raise Unencodable("a data set needs as many types, and values in each row, as columns")
    message = _blank().dataset_value
    message.num_of_columns = len(table.columns)
    message.columns.extend(table.columns)
    message.types.extend(table.types)
    for row in table.rows:
        elements = message.rows.add().elements
        for datatype, value in zip(table.types, row, strict=True):
            _set_basic(elements.add(), datatype, value)
    return bytes(message.SerializeToString())


def template_bytes(template: Template) -> bytes:
    """Bytes of a `Template` message.

    Raises
    ------
    Unencodable
        When a value does not fit its datatype.
    """
    message = _blank().template_value
    _fill_template(message, template, MAX_DEPTH)
    return bytes(message.SerializeToString())


def _set_basic(message: Any, datatype: int, value: Value) -> None:
    if datatype not in _BASIC:
        raise Unencodable(f"datatype {datatype} is none of the basic ones")
    if value is not None:
        field, convert = encoder(datatype)
        _assign(message, field, convert(value))


def _assign(message: Any, field: str, value: Any) -> None:
    try:
        setattr(message, field, value)
    except (TypeError, ValueError) as wrong:
        raise Unencodable(f"{field} cannot hold {value!r}: {wrong}") from wrong


def _fill_properties(message: Any, properties: PropertySet, depth: int) -> None:
    if depth == 0:
        raise Unencodable(f"properties are nested deeper than {MAX_DEPTH}")
    for item in properties.properties:
        try:
            message.keys.append(item.key)
        except ValueError as wrong:
            raise Unencodable(f"{item.key!r} is no key: {wrong}") from wrong
        held = message.values.add(type=item.datatype)
        value = item.value
        if value is None:
            held.is_null = True
        elif item.datatype == DataType.PROPERTY_SET and isinstance(value, PropertySet):
            held.propertyset_value.SetInParent()
            _fill_properties(held.propertyset_value, value, depth - 1)
        elif item.datatype == DataType.PROPERTY_SET_LIST and isinstance(value, tuple):
            held.propertysets_value.SetInParent()
            for inner in value:
                _fill_properties(held.propertysets_value.propertyset.add(), inner, depth - 1)
        elif isinstance(value, PropertySet | tuple):
            raise Unencodable(f"datatype {item.datatype} holds no property set")
        else:
            datatype = DataType.STRING if item.datatype == DataType.UUID else item.datatype
            _set_basic(held, datatype, value)


def _fill_template(message: Any, template: Template, depth: int) -> None:
    if depth == 0:
        raise Unencodable(f"templates are nested deeper than {MAX_DEPTH}")
    message.is_definition = template.is_definition
    if template.ref is not None:
        _assign(message, "template_ref", template.ref)
    if template.version is not None:
        _assign(message, "version", template.version)
    for parameter in template.parameters:
        held = message.parameters.add(type=parameter.datatype)
        _assign(held, "name", parameter.name)
        _set_basic(held, parameter.datatype, parameter.value)
    for member in template.members:
        metric = message.metrics.add(datatype=member.datatype)
        _assign(metric, "name", member.name)
        if member.value is None:
            metric.is_null = True
        elif isinstance(member.value, Template):
            _fill_template(metric.template_value, member.value, depth - 1)
        else:
            field, convert = encoder(member.datatype)
            _assign(metric, field, convert(member.value))


# ---- from bytes ----


def property_set(raw: bytes) -> PropertySet:
    """Property set that `raw` holds.

    Raises
    ------
    MalformedStructure
        When it holds none, keys and values differ in number, or it is too large or too deep.
    """
    return _properties(_parsed(_blank().properties, raw), MAX_DEPTH)


def data_set(raw: bytes) -> DataSet:
    """Data set that `raw` holds.

    Raises
    ------
    MalformedStructure
        When it holds none, columns, types and rows differ in length, or it is too large.
    """
    message = _parsed(_blank().dataset_value, raw)
    width = len(message.columns)
    if len(message.types) != width or message.num_of_columns != width:
        raise MalformedStructure(
            f"{width} columns, {len(message.types)} types, {message.num_of_columns} said"
        )
    if not _BASIC.issuperset(message.types):
        raise MalformedStructure("a column has a datatype that is none of the basic ones")
    if width * len(message.rows) > MAX_CELLS or len(message.rows) > MAX_CELLS:
        raise MalformedStructure(f"more than {MAX_CELLS} cells")
    types = tuple(message.types)
    rows = []
    for row in message.rows:
        if len(row.elements) != width:
            raise MalformedStructure(f"a row of {len(row.elements)} values under {width} columns")
        rows.append(tuple(_basic(held, kind) for held, kind in zip(row.elements, types, strict=True)))
    return DataSet(tuple(message.columns), types, tuple(rows))


def template(raw: bytes) -> Template:
    """Template that `raw` holds.

    Raises
    ------
    MalformedStructure
        When it holds none, or it is too large or too deep.
    """
    return _template(_parsed(_blank().template_value, raw), MAX_DEPTH)


def _blank() -> Any:
    """A metric to take a part of: protobuf gives nested classes by no other way."""
    return PayloadMessage().metrics.add()


def _parsed(message: Any, raw: bytes) -> Any:
    try:
        message.ParseFromString(raw)
    except (DecodeError, UnicodeDecodeError) as wrong:
        raise MalformedStructure(f"not of this form: {wrong}") from wrong
    return message


def _basic(held: Any, datatype: int) -> Value:
    field = held.WhichOneof("value")
    if field is None or field == "extension_value":
        return None
    return typed(getattr(held, field), datatype)


def _properties(message: Any, depth: int) -> PropertySet:
    if depth == 0:
        raise MalformedStructure(f"properties are nested deeper than {MAX_DEPTH}")
    if len(message.keys) != len(message.values):
        raise MalformedStructure(f"{len(message.keys)} keys for {len(message.values)} values")
    if len(message.keys) > MAX_CELLS:
        raise MalformedStructure(f"more than {MAX_CELLS} properties")
    found = []
    for key, held in zip(message.keys, message.values, strict=True):
        field = held.WhichOneof("value")
        value: Value | PropertySet | tuple[PropertySet, ...]
        if held.is_null:
            value = None
        elif field == "propertyset_value":
            value = _properties(held.propertyset_value, depth - 1)
        elif field == "propertysets_value":
            value = tuple(_properties(inner, depth - 1) for inner in held.propertysets_value.propertyset)
        else:
            value = _basic(held, held.type)
        found.append(Property(key, held.type, value))
    return PropertySet(tuple(found))


def _template(message: Any, depth: int) -> Template:
    if depth == 0:
        raise MalformedStructure(f"templates are nested deeper than {MAX_DEPTH}")
    if len(message.metrics) + len(message.parameters) > MAX_CELLS:
        raise MalformedStructure(f"more than {MAX_CELLS} members and parameters")
    members = []
    for metric in message.metrics:
        field = metric.WhichOneof("value")
        value: Value | Template
        if metric.is_null or field is None:
            value = None
        elif field == "template_value":
            value = _template(metric.template_value, depth - 1)
        elif field in ("dataset_value", "extension_value"):
            raise MalformedStructure("a template's members are scalars or templates here")
        else:
            value = typed(getattr(metric, field), metric.datatype)
        members.append(Member(metric.name, metric.datatype, value))
    parameters = tuple(Parameter(p.name, p.type, _basic(p, p.type)) for p in message.parameters)
    ref = message.template_ref if message.HasField("template_ref") else None
    version = message.version if message.HasField("version") else None
    try:
        return Template(message.is_definition, ref, version, tuple(members), parameters)
    except Unencodable as wrong:
        raise MalformedStructure(str(wrong)) from wrong
