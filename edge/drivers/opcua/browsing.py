"""What an OPC UA server has to offer: its variables, found by following its folders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

from edge.drivers.opcua.items import Limits, chunks
from edge.drivers.opcua.values import kind_of

WRITABLE: Final = 1 << 1
READABLE: Final = 1 << 0
DEEPEST: Final = 50
# Longest array that is offered as tags of its own.
LONGEST_ARRAY: Final = 100
OF_THE_SERVER: Final = (ObjectIds.Server, ObjectIds.Aliases, ObjectIds.Locations)
SIMPLE_TYPES: Final = {
    ua.VariantType.Boolean: "Boolean",
    ua.VariantType.SByte: "Int8",
    ua.VariantType.Byte: "UInt8",
    ua.VariantType.Int16: "Int16",
    ua.VariantType.UInt16: "UInt16",
    ua.VariantType.Int32: "Int32",
    ua.VariantType.UInt32: "UInt32",
    ua.VariantType.Int64: "Int64",
    ua.VariantType.UInt64: "UInt64",
    ua.VariantType.Float: "Float",
    ua.VariantType.Double: "Double",
    ua.VariantType.String: "String",
    ua.VariantType.DateTime: "DateTime",
    ua.VariantType.Guid: "UUID",
    ua.VariantType.ByteString: "String",
    ua.VariantType.XmlElement: "Text",
    ua.VariantType.LocalizedText: "Text",
    ua.VariantType.QualifiedName: "String",
    ua.VariantType.NodeId: "String",
    ua.VariantType.StatusCode: "UInt32",
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that can be a tag, or the reason why not.

    Attributes
    ----------
    path : str
        Browse names from where the browsing began, e.g. `L1-OP10/state`.
    node : str
        Node id.
    datatype : str
        Sparkplug datatype, empty when it cannot be a tag.
    elements : int or None
        Of an array.
    is_writable : bool
        Whether this user may write it, by its access level.
    refusal : str
        Why it cannot be a tag.
    """

    path: str
    node: str
    datatype: str = ""
    elements: int | None = None
    is_writable: bool = False
    refusal: str = ""


@dataclass(slots=True)
class _Found:
    paths: dict[str, str] = field(default_factory=dict)
    is_cut: bool = False


async def variables(client: Client, under: str, most: int, limits: Limits) -> tuple[list[Variable], bool]:
    """The variables below node `under` in the order of the server, and whether `most` cut them off.

    Folders, objects and variables with variables below them are followed; the server's own object (`Server`)
    and properties are not.
    """
    found = await _walk(client, under, most, limits)
    described: list[Variable] = []
    for some in chunks(list(found.paths.items()), max(1, limits.reads // 4)):
        described += await _describe(client, some)
    return described, found.is_cut


async def _walk(client: Client, under: str, most: int, limits: Limits) -> _Found:
    found, seen = _Found(), {under}
    level: list[tuple[str, str]] = [(under, "")]
    for _ in range(DEEPEST):
        deeper: list[tuple[str, str]] = []
        for some in chunks(level, limits.reads):
            for (_, path), references in zip(some, await _children(client, some), strict=True):
                for reference in references:
                    node = ua.NodeId(reference.NodeId.Identifier, reference.NodeId.NamespaceIndex).to_string()
                    if node in seen or _is_left_out(reference):
                        continue
                    seen.add(node)
                    name = f"{path}/{reference.BrowseName.Name}".lstrip("/")
                    deeper.append((node, name))
                    if reference.NodeClass != ua.NodeClass.Variable:
                        continue
                    if len(found.paths) >= most:
                        found.is_cut = True
                        return found
                    found.paths[node] = name
        if not deeper:
            return found
        level = deeper
    return found


def _is_left_out(reference: ua.ReferenceDescription) -> bool:
    """Whether this is a property (a unit, a range) or something of the server itself."""
    kind, node = reference.ReferenceTypeId, reference.NodeId
    is_property = kind.NamespaceIndex == 0 and kind.Identifier == ObjectIds.HasProperty
    return is_property or (node.NamespaceIndex == 0 and node.Identifier in OF_THE_SERVER)


async def _children(client: Client, nodes: Sequence[tuple[str, str]]) -> list[list[Any]]:
    session = client.uaclient.session
    wanted = ua.BrowseParameters()
    wanted.NodesToBrowse = [_description(node) for node, _ in nodes]
    found = []
    for result in await session.browse(wanted):
        references = list(result.References or ())
        point = result.ContinuationPoint
        while point:
            more = ua.BrowseNextParameters()
            more.ReleaseContinuationPoints = False
            more.ContinuationPoints = [point]
            (result,) = await session.browse_next(more)  # noqa: PLW2901 - the same node, continued
            references += result.References or ()
            point = result.ContinuationPoint
        found.append(references)
    return found


def _description(node: str) -> ua.BrowseDescription:
    made = ua.BrowseDescription()
    made.NodeId = ua.NodeId.from_string(node)
    made.BrowseDirection = ua.BrowseDirection.Forward
    made.ReferenceTypeId = ua.NodeId(ua.Int32(ObjectIds.HierarchicalReferences))
    made.IncludeSubtypes = True
    made.NodeClassMask = ua.UInt32(ua.NodeClass.Object | ua.NodeClass.Variable)
    made.ResultMask = ua.UInt32(ua.BrowseResultMask.All)
    return made


async def _describe(client: Client, found: Sequence[tuple[str, str]]) -> list[Variable]:
    nodes = [ua.NodeId.from_string(node) for node, _ in found]
    session = client.uaclient.session
    values = await session.read_attributes(nodes, AttributeIds.Value)
    levels = await session.read_attributes(nodes, AttributeIds.UserAccessLevel)
    described = []
    for (node, path), value, level in zip(found, values, levels, strict=True):
        rights = level.Value.Value if level.Value is not None and isinstance(level.Value.Value, int) else 0
        described.append(await _variable(client, (path, node), value, rights))
    return described


async def _variable(client: Client, place: tuple[str, str], value: ua.DataValue, rights: int) -> Variable:
    path, node = place
    if not rights & READABLE:
        return Variable(path, node, refusal="cannot be read by this user")
    variant = value.Value
    if variant is None or variant.VariantType is ua.VariantType.Null:
        kind = await _declared(client, node)
        raw: Any = None
    else:
        kind, raw = variant.VariantType, variant.Value
    datatype = SIMPLE_TYPES.get(kind) if kind is not None else None
    if datatype is None:
        what = kind_of(raw) if raw is not None else "of a type unknown here"
        return Variable(path, node, refusal=f"is {what}; a field of it can be a tag (field = …)")
    if isinstance(raw, list | tuple):
        if not raw or len(raw) > LONGEST_ARRAY or isinstance(raw[0], list):
            return Variable(path, node, refusal=f"is {kind_of(raw)}; an element can be a tag (index = …)")
        return Variable(path, node, datatype, len(raw))
    return Variable(path, node, datatype, None, bool(rights & WRITABLE))


async def _declared(client: Client, node: str) -> ua.VariantType | None:
    """The type of a variable that has no value at this moment."""
    try:
        return await client.get_node(node).read_data_type_as_variant_type()
    except (UaError, ValueError):
        return None
