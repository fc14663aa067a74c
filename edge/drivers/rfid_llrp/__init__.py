"""RFID readers that speak LLRP: one session from connecting to its end."""

from edge.devices.rfid_llrp import LlrpDevice
from edge.drivers.rfid_llrp.link import Link
from edge.drivers.rfid_llrp.session import Session
from edge.intake import Intake
from edge.sightings import Sightings


async def watch(device: LlrpDevice, intake: Intake) -> None:
    """Watch `device` until the session ends; never returns.

    Raises
    ------
    DeviceUnreachable
        When the reader cannot be reached, does not answer in time, misses keepalives or says what is no LLRP.
    DeviceRefused
        When the reader serves another client or will not be set up as configured.
    """
    sightings = Sightings.of(device, intake)
    async with Link(device.endpoint, device.timeout_s) as link:
        await Session(device, intake, link, sightings).run()
