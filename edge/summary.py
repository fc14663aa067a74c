"""What a checked configuration means, in lines for a person."""

from collections.abc import Iterator

from edge.config import GatewayConfig
from edge.devices import Device
from edge.devices.modbus import ModbusDevice
from edge.devices.mqtt_sensor import MqttSensorDevice
from edge.devices.opcua import OpcUaDevice
from edge.devices.reader import Reader
from edge.devices.rfid_llrp import LlrpDevice
from edge.devices.serial_sensor import SerialSensorDevice
from edge.devices.vibration import VibrationDevice


def lines(config: GatewayConfig) -> Iterator[str]:
    """One line for the gateway, one for the spool, one per device with what reading it costs."""
    gateway, uplink, spool = config.gateway, config.uplink, config.spool
    yield (
        f"gateway {gateway.group}/{gateway.node}: {_count(len(config.device), 'device')}, "
        f"broker {uplink.host}:{uplink.port}, receipts of {uplink.primary_host}"
    )
    yield f"  spool {spool.path}, at most {spool.max_mb} MB, committed every {spool.commit_s:g} s"
    width = max(len(device.id) for device in config.device)
    for device in config.device:
        tags = _count(len(device.tag), "tag")
        cost = f"{tags}{_cost(device)}{_derived(device)}"
        yield f"  {device.id:<{width}}  {device.driver:<13}  {device.endpoint}: {cost}"
    for name in dict.fromkeys(tag.device for tag in config.derived):
        computed = _count(sum(tag.device == name for tag in config.derived), "tag")
        yield f"  {name:<{width}}  {'(derived)':<13}  {computed} computed from the devices above"


def _derived(device: Device) -> str:
    return f", {len(device.derived)} derived" if device.derived else ""


def plan_lines(config: GatewayConfig) -> Iterator[str]:
    """Every request that the Modbus devices of a gateway are asked, and what they cost a second."""
    # Here, so that a gateway without Modbus does not import what speaks it.
    from edge.drivers.modbus.scans import scans_of  # noqa: PLC0415 - see above

    requests_s = 0.0
    for device in config.device:
        if not isinstance(device, ModbusDevice):
            continue
        yield f"{device.id}  {device.endpoint} unit {device.unit}"
        for scan in scans_of(device):
            requests_s += len(scan.requests) / scan.period_s
            name = f"scan {scan.name}" if scan.name else "scan"
            yield (
                f"  {name} every {scan.period_s:g} s, {_count(len(scan.tags), 'tag')}: "
                f"{_count(len(scan.requests), 'request')} for {_count(scan.registers, 'register')}"
            )
            for request in scan.requests:
                span, tags = request.span, _count(request.tags, "tag")
                yield f"    {span.table} {span.address}-{span.end - 1} ({span.count}) for {tags}"
    yield f"{requests_s:g} requests/s in all"


def _cost(device: Device) -> str:
    if isinstance(device, ModbusDevice):
        return _modbus_cost(device)
    if isinstance(device, OpcUaDevice):
        history = ", history read once per session" if device.history else ""
        return f", published every {device.publishing_ms} ms{history}"
    if isinstance(device, SerialSensorDevice | MqttSensorDevice | VibrationDevice):
        return _sensor_cost(device)
    if isinstance(device, LlrpDevice):
        ports = ", ".join(str(antenna.port) for antenna in device.antenna) or "all"
        return f", LLRP, antennas {ports}{_presence(device)}"
    return f", {device.protocol}, {device.baud} baud{_presence(device)}"


def _presence(device: Reader) -> str:
    return f", gone after {device.presence.gone_s:g} s" if device.presence else ""


def _sensor_cost(device: SerialSensorDevice | MqttSensorDevice | VibrationDevice) -> str:
    if isinstance(device, SerialSensorDevice):
        return f", {device.framing.type}{_asked(device)}"
    if isinstance(device, MqttSensorDevice):
        topics = len({tag.topic for tag in device.tag})
        return f", {_count(topics, 'topic')}"
    return f", windows of {device.window_s:g} s"


def _asked(device: SerialSensorDevice) -> str:
    return f", asked every {device.poll.period_s:g} s" if device.poll else ", listened to"


def _modbus_cost(device: ModbusDevice) -> str:
    # Here, so that a gateway without Modbus does not import what speaks it.
    from edge.drivers.modbus.scans import limits_of, ring_of, scans_of  # noqa: PLC0415 - see above

    scans = [
        f"every {scan.period_s:g} s {_count(len(scan.requests), 'request')} for "
        f"{_count(scan.registers, 'register')}"
        for scan in scans_of(device)
    ]
    cost = f", unit {device.unit}, {', '.join(scans)}"
    if device.history:
        ring = len(ring_of(device.history).requests(1, device.history.entries, limits_of(device)))
        cost += f", ring of {device.history.entries} in at most {_count(ring, 'request')}"
    return cost


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
