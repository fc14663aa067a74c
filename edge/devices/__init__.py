"""What a gateway file may say about one device: one module per driver."""

from typing import Annotated

from pydantic import Field

from edge.devices.modbus import ModbusDevice
from edge.devices.mqtt_sensor import MqttSensorDevice
from edge.devices.opcua import OpcUaDevice
from edge.devices.rfid_llrp import LlrpDevice
from edge.devices.rfid_serial import RfidDevice
from edge.devices.serial_sensor import SerialSensorDevice
from edge.devices.vibration import VibrationDevice

Device = Annotated[
    ModbusDevice
    | OpcUaDevice
    | LlrpDevice
    | RfidDevice
    | MqttSensorDevice
    | SerialSensorDevice
    | VibrationDevice,
    Field(discriminator="driver"),
]
