"""The drivers: which module speaks which protocol, imported when a configuration names it."""

from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from edge.intake import Intake

MODULES = {
    "modbus": "edge.drivers.modbus",
    "mqtt_sensor": "edge.drivers.mqtt_sensor",
    "opcua": "edge.drivers.opcua",
    "rfid_llrp": "edge.drivers.rfid_llrp",
    "rfid_serial": "edge.drivers.rfid_serial",
    "serial_sensor": "edge.drivers.serial_sensor",
    "vibration": "edge.drivers.vibration",
}

# A driver is one coroutine function: it opens one session with the device, hands what it sees to the intake
# and never returns; DeviceUnreachable or DeviceRefused end the session. Reconnecting is the agent's.
Watch = Callable[[Any, Intake], Awaitable[None]]


def driver(name: str) -> Watch:
    """The `watch` coroutine function of the driver called `name` in a configuration.

    Raises
    ------
    KeyError
        When there is no such driver.
    """
    watch: Watch = import_module(MODULES[name]).watch
    return watch
