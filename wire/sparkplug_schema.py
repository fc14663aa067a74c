"""The Sparkplug B payload schema (Eclipse Tahu, sparkplug_b.proto), built without a protobuf compiler."""

from typing import Any, Final

# protobuf publishes no types of its own; the classes leave this module only into wire.sparkplug.
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory  # type: ignore[import-untyped]

_PACKAGE: Final = "org.eclipse.tahu.protobuf"
_SCALARS: Final = {
    "double": 1,
    "float": 2,
    "uint64": 4,
    "bool": 8,
    "string": 9,
    "bytes": 12,
    "uint32": 13,
}
_MESSAGE: Final = 11
_OPTIONAL, _REPEATED = 1, 3

# One line per field: number, name, type; `*` repeats it, `|` puts it into the oneof `value`.
_MESSAGES: Final[dict[str, str]] = {
    "Payload": """
        1 timestamp uint64
        2 metrics *Payload.Metric
        3 seq uint64
        4 uuid string
        5 body bytes""",
    "Payload.Metric": """
        1 name string
        2 alias uint64
        3 timestamp uint64
        4 datatype uint32
        5 is_historical bool
        6 is_transient bool
        7 is_null bool
        8 metadata Payload.MetaData
        9 properties Payload.PropertySet
        10 int_value |uint32
        11 long_value |uint64
        12 float_value |float
        13 double_value |double
        14 boolean_value |bool
        15 string_value |string
        16 bytes_value |bytes
        17 dataset_value |Payload.DataSet
        18 template_value |Payload.Template
        19 extension_value |Payload.Extension""",
    "Payload.MetaData": """
        1 is_multi_part bool
        2 content_type string
        3 size uint64
        4 seq uint64
        5 file_name string
        6 file_type string
        7 md5 string
        8 description string""",
    "Payload.PropertySet": """
        1 keys *string
        2 values *Payload.PropertyValue""",
    "Payload.PropertyValue": """
        1 type uint32
        2 is_null bool
        3 int_value |uint32
        4 long_value |uint64
        5 float_value |float
        6 double_value |double
        7 boolean_value |bool
        8 string_value |string
        9 propertyset_value |Payload.PropertySet
        10 propertysets_value |Payload.PropertySetList
        11 extension_value |Payload.Extension""",
    "Payload.PropertySetList": "1 propertyset *Payload.PropertySet",
    "Payload.DataSet": """
        1 num_of_columns uint64
        2 columns *string
        3 types *uint32
        4 rows *Payload.Row""",
    "Payload.Row": "1 elements *Payload.DataSetValue",
    "Payload.DataSetValue": """
        1 int_value |uint32
        2 long_value |uint64
        3 float_value |float
        4 double_value |double
        5 boolean_value |bool
        6 string_value |string
        7 extension_value |Payload.Extension""",
    "Payload.Template": """
        1 version string
        2 metrics *Payload.Metric
        3 parameters *Payload.Parameter
        4 template_ref string
        5 is_definition bool""",
    "Payload.Parameter": """
        1 name string
        2 type uint32
        3 int_value |uint32
        4 long_value |uint64
        5 float_value |float
        6 double_value |double
        7 boolean_value |bool
        8 string_value |string
        9 extension_value |Payload.Extension""",
    "Payload.Extension": "",
}


def _add_field(message: Any, line: str) -> None:
    number, name, kind = line.split()
    field = message.field.add(number=int(number), name=name, label=_OPTIONAL)
    if kind.startswith("*"):
        field.label = _REPEATED
    if kind.startswith("|"):
        if not message.oneof_decl:
            message.oneof_decl.add(name="value")
        field.oneof_index = 0
    kind = kind.lstrip("*|")
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type = _MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"


def _payload_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="sparkplug_b.proto", package=_PACKAGE, syntax="proto2")
    payload = file.message_type.add(name="Payload")
    for name, fields in _MESSAGES.items():
        message = (
            payload if name == "Payload" else payload.nested_type.add(name=name.removeprefix("Payload."))
        )
        for line in fields.strip().splitlines():
            _add_field(message, line)
    pool = descriptor_pool.DescriptorPool()  # one of our own: another Sparkplug library may be loaded too
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


PayloadMessage: Final[Any] = _payload_class()
