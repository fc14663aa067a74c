"""What a checked configuration means, in lines for a person."""

from collections.abc import Iterator

from edge.config import GatewayConfig
from edge.devices import Device, ModbusDevice, OpcUaDevice


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
        yield f"  {device.id:<{width}}  {device.driver:<11}  {device.endpoint}: {tags}{_cost(device)}"


def _cost(device: Device) -> str:
    if isinstance(device, ModbusDevice):
        return _modbus_cost(device)
    if isinstance(device, OpcUaDevice):
        history = ", history read once per session" if device.history else ""
        return f", published every {device.publishing_ms} ms{history}"
    return f", {device.baud} baud"


def _modbus_cost(device: ModbusDevice) -> str:
    # Here, so that a gateway without Modbus does not import the Modbus library.
    from edge.drivers.modbus import limits_of, requests_of, ring_of  # noqa: PLC0415 - see above

    requests = requests_of(device)
    registers = sum(request.count for request in requests)
    cost = (
        f", unit {device.unit}, every {device.period_s:g} s "
        f"{_count(len(requests), 'request')} for {_count(registers, 'register')}"
    )
    if device.history:
        ring = len(ring_of(device.history).requests(1, device.history.entries, limits_of(device)))
        cost += f", ring of {device.history.entries} in at most {_count(ring, 'request')}"
    return cost


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
