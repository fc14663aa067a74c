"""The care for single nodes while a session runs: lost ones are noticed, missing ones tried again."""

import asyncio

from edge.devices.opcua import OpcUaDevice
from edge.drivers.opcua.items import Subscription
from edge.drivers.opcua.outlets import Outlets
from edge.intake import Intake, Sample
from wire.quality import BAD


async def tend(subscription: Subscription, outlets: Outlets, device: OpcUaDevice, intake: Intake) -> None:
    """Look after the nodes every `check_nodes_s`; never returns.

    A server may lose a node without a word, and gain one when a PLC program is loaded.
    """
    while True:
        await asyncio.sleep(device.check_nodes_s)
        await _try_again(subscription, outlets)
        await _look(subscription, outlets, intake)


async def _try_again(subscription: Subscription, outlets: Outlets) -> None:
    missing = [item for item in outlets.items if item.fault]
    if missing:
        await subscription.monitor(missing)
        outlets.find(item for item in missing if not item.fault)


async def _look(subscription: Subscription, outlets: Outlets, intake: Intake) -> None:
    gone = await subscription.missing([item for item in outlets.items if not item.fault])
    if not gone:
        return
    await subscription.release([item for item, _ in gone])
    for item, fault in gone:
        item.number, item.fault = None, fault
    intake.flag("bad_node", len(gone), f"{gone[-1][0].node}: {gone[-1][1]}")
    outlets.lose(item for item, _ in gone)
    now_ms = intake.clock.now_ms()
    intake.take([Sample(tag.name, now_ms, None, BAD) for item, _ in gone for tag in item.tags], None)
