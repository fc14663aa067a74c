"""RFID readers on a serial port: one session from opening the port to its end, whatever the protocol."""

from importlib import import_module
from typing import Protocol

from edge.devices.rfid_serial import RfidDevice
from edge.drivers.rfid_serial.port import Port
from edge.intake import Intake
from edge.sightings import Sightings

PROTOCOLS = {
    "lines": "edge.drivers.rfid_serial.printing",
    "chafon18": "edge.drivers.rfid_serial.chafon18",
    "r200": "edge.drivers.rfid_serial.r200",
}


class Talk(Protocol):
    """How one protocol is spoken until the port is gone; never returns."""

    async def __call__(self, device: RfidDevice, intake: Intake, port: Port, sightings: Sightings) -> None:
        """Hand every read to `sightings` and flush them with the time that was observed."""


async def watch(device: RfidDevice, intake: Intake) -> None:
    """Read `device` until the port is gone; never returns.

    Raises
    ------
    DeviceUnreachable
        When the port cannot be opened, hangs up or is silent where the protocol asks for an answer.
    DeviceRefused
        When the reader answers that it will not.
    """
    talk: Talk = import_module(PROTOCOLS[device.protocol]).talk
    sightings = Sightings.of(device, intake)
    with Port(device.endpoint, device.baud) as port:
        try:
            await talk(device, intake, port, sightings)
        finally:
            # What was read before the end of the session has happened.
            sightings.flush(None)
