"""Monitored items: what is asked of the server for each node, and what came of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.status_codes import StatusCodes

from edge.devices.opcua import OpcUaDevice, OpcUaTag
from edge.drivers.opcua.values import status_name
from edge.filters import Deadband

T = TypeVar("T")
# Nodes in one request where the server does not set a limit of its own.
CHUNK: Final = 1000
# A filter that the server does not take; its deadband is then applied here.
REFUSES_FILTER: Final = frozenset(
    {
        StatusCodes.BadMonitoredItemFilterUnsupported,
        StatusCodes.BadMonitoredItemFilterInvalid,
        StatusCodes.BadFilterNotAllowed,
        StatusCodes.BadDeadbandFilterInvalid,
    }
)
# Servers that compare with the sample before instead of the value reported last (against OPC 10000-4,
# 7.22.2), so that slow drift never leaves the deadband: asyncua's own.
DRIFTS_UNSEEN: Final = ("urn:freeopcua",)


@dataclass(slots=True)
class Item:
    """One node with the tags that are fed from it.

    Attributes
    ----------
    handle : int
        Client handle; 0 is the device's clock.
    node : str
        Node id as configured.
    tags : tuple of OpcUaTag
        One for a scalar; several for parts of an array or structure.
    number : int or None
        The server's number of the item while it is monitored.
    fault : str
        Why it is not, e.g. `BadNodeIdUnknown`; empty while it is.
    deadband : float
        Asked of the server, in the node's unit; 0 when there is none or it is applied here.
    band : Deadband or None
        What the tag wants, in its own unit, whoever applies it.
    """

    handle: int
    node: str
    tags: tuple[OpcUaTag, ...] = ()
    number: int | None = None
    fault: str = ""
    deadband: float = 0.0
    band: Deadband | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the node's value is the tag's."""
        return len(self.tags) == 1 and not self.tags[0].is_part

    def request(self, device: OpcUaDevice) -> ua.MonitoredItemCreateRequest:
        """What to ask of the server."""
        samplings = [device.sampling_ms if t.sampling_ms is None else t.sampling_ms for t in self.tags]
        wanted = ua.MonitoringParameters(
            ClientHandle=self.handle,
            SamplingInterval=float(min(samplings, default=0)),
            QueueSize=max((tag.queue for tag in self.tags), default=1),
            DiscardOldest=True,
        )
        if self.deadband:
            wanted.Filter = ua.DataChangeFilter(
                Trigger=ua.DataChangeTrigger.StatusValue,
                DeadbandType=ua.DeadbandType.Absolute,
                DeadbandValue=self.deadband,
            )
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(
                NodeId=ua.NodeId.from_string(self.node), AttributeId=AttributeIds.Value
            ),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=wanted,
        )


def items_of(device: OpcUaDevice) -> list[Item]:
    """One item for each node, handles from 1 in the order of the configuration."""
    by_node: dict[str, list[OpcUaTag]] = {}
    for tag in device.tag:
        by_node.setdefault(tag.node, []).append(tag)
    return [Item(handle, node, tuple(tags)) for handle, (node, tags) in enumerate(by_node.items(), start=1)]


def chunks(whole: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Consecutive pieces of at most `size`, e.g. 2,500 in pieces of 1,000: 1,000, 1,000, 500."""
    for start in range(0, len(whole), size):
        yield whole[start : start + size]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many nodes the server takes in one request, and who it is."""

    items: int = CHUNK
    reads: int = CHUNK
    product: str = ""

    @property
    def sees_drift(self) -> bool:
        """Whether its deadbands refer to the value reported last, as far as is known."""
        return not self.product.startswith(DRIFTS_UNSEEN)


async def limits_of(client: Client) -> Limits:
    """What the server says about itself; what it does not say is taken for usual."""
    asked = (
        ObjectIds.Server_ServerCapabilities_OperationLimits_MaxMonitoredItemsPerCall,
        ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead,
        ObjectIds.Server_ServerStatus_BuildInfo_ProductUri,
    )
    said = await client.uaclient.session.read_attributes(
        [ua.NodeId(ua.Int32(number)) for number in asked], AttributeIds.Value
    )
    items, reads, product = (value.Value.Value if value.Value is not None else None for value in said)
    return Limits(_bounded(items), _bounded(reads), product if isinstance(product, str) else "")


def _bounded(limit: Any) -> int:
    return min(CHUNK, limit) if isinstance(limit, int) and limit > 0 else CHUNK


class Subscription:
    """The items of one subscription on the server."""

    def __init__(self, client: Client, number: int, device: OpcUaDevice, limits: Limits) -> None:
        self._session = client.uaclient.session
        self._number = number
        self._device = device
        self.limits = limits
        self.shortened_queues = 0

    async def monitor(self, items: Sequence[Item]) -> None:
        """Have the items monitored; each knows afterwards whether it is.

        A deadband that the server refuses is given up, and the item asked for again without it.
        """
        refused: list[Item] = []
        for some in chunks(items, self.limits.items):
            refused += await self._monitor(some)
        if refused:
            await self.monitor(refused)

    async def _monitor(self, items: Sequence[Item]) -> list[Item]:
        wanted = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self._number,
            TimestampsToReturn=ua.TimestampsToReturn.Both,
            ItemsToCreate=[item.request(self._device) for item in items],
        )
        results = await self._session.create_monitored_items(wanted)
        refused = []
        for item, result in zip(items, results, strict=True):
            status = int(result.StatusCode.value)
            if item.deadband and status in REFUSES_FILTER:
                item.deadband = 0.0
                refused.append(item)
            elif result.StatusCode.is_good():
                item.number, item.fault = int(result.MonitoredItemId), ""
                queue = max((tag.queue for tag in item.tags), default=1)
                self.shortened_queues += 0 < result.RevisedQueueSize < queue
            else:
                item.number, item.fault = None, status_name(status)
        return refused

    async def release(self, items: Sequence[Item]) -> None:
        """Stop monitoring what the server no longer has."""
        numbers = [item.number for item in items if item.number is not None]
        for some in chunks(numbers, self.limits.items):
            await self._session.delete_monitored_items(
                ua.DeleteMonitoredItemsParameters(self._number, list(some))
            )

    async def missing(self, items: Sequence[Item]) -> list[tuple[Item, str]]:
        """Those whose node the server no longer has, each with the status that says so."""
        found = []
        for some in chunks(items, self.limits.reads):
            nodes = [ua.NodeId.from_string(item.node) for item in some]
            classes = await self._session.read_attributes(nodes, AttributeIds.NodeClass)
            for item, node_class in zip(some, classes, strict=True):
                status = node_class.StatusCode
                if status is not None and status.value in {
                    StatusCodes.BadNodeIdUnknown,
                    StatusCodes.BadNodeIdInvalid,
                }:
                    found.append((item, status_name(int(status.value))))
        return found


async def ranges_of(client: Client, nodes: Iterable[str], limits: Limits) -> dict[str, tuple[float, float]]:
    """The EURange of those nodes that have one (OPC 10000-8, 5.3.2.3), by node."""
    step = ua.RelativePathElement(
        ReferenceTypeId=ua.NodeId(ua.Int32(ObjectIds.HasProperty)), TargetName=ua.QualifiedName("EURange", 0)
    )
    # The library's default is the other way round.
    step.IsInverse = False  # type: ignore[assignment]
    path = ua.RelativePath(Elements=[step])
    found: dict[str, tuple[float, float]] = {}
    for some in chunks(list(nodes), limits.reads):
        paths = [ua.BrowsePath(ua.NodeId.from_string(node), path) for node in some]
        results = await client.uaclient.session.translate_browsepaths_to_nodeids(paths)
        targets = {
            node: result.Targets[0].TargetId
            for node, result in zip(some, results, strict=True)
            if result.StatusCode.is_good() and result.Targets
        }
        said = await client.uaclient.session.read_attributes(list(targets.values()), AttributeIds.Value)
        for node, value in zip(targets, said, strict=True):
            span = None if value.Value is None else value.Value.Value
            if isinstance(span, ua.Range) and span.High > span.Low:
                found[node] = (span.Low, span.High)
    return found
