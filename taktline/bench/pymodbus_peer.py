"""The peer of the Modbus benchmark: a bare pymodbus client that reads and converts, and does nothing else."""

import time

from pymodbus.client import AsyncModbusTcpClient

ROUNDS = 100
PER_REQUEST = 60  # float32 values, 120 registers


async def us_per_value(endpoint: str, unit: int, address: int, tags: int) -> float:
    """Return the processor microseconds of reading one float32 value, over `ROUNDS` polls of `tags` values.

    Raises
    ------
    OSError
        When the device does not answer.
    """
    host, _, port = endpoint.rpartition(":")
    client = AsyncModbusTcpClient(host, port=int(port), timeout=5, retries=0, reconnect_delay=0)
    if not await client.connect():
        raise OSError(f"{endpoint} does not accept a connection")
    began = time.process_time()
    for _ in range(ROUNDS):
        for first in range(0, tags, PER_REQUEST):
            count = 2 * min(PER_REQUEST, tags - first)
            answer = await client.read_holding_registers(address + 2 * first, count=count, device_id=unit)
            client.convert_from_registers(answer.registers, client.DATATYPE.FLOAT32)
    used_s = time.process_time() - began
    client.close()
    return 1e6 * used_s / (ROUNDS * tags)
