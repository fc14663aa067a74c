"""The Modbus simulators, asked by pymodbus: what their registers hold, and each fault of theirs."""

import asyncio
import math
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from simulators.serve import running
from simulators.serve.modbus_units import age_ms
from wire.clock import real_ms

Client = AsyncModbusTcpClient | AsyncModbusSerialClient


def client_of(place: dict[str, Any], timeout_s: float = 0.4) -> Client:
    endpoint = place["endpoint"]
    if endpoint.startswith("/"):
        return AsyncModbusSerialClient(endpoint, baudrate=115_200, timeout=timeout_s, retries=0)
    host, port = endpoint.split(":")
    return AsyncModbusTcpClient(host, port=int(port), timeout=timeout_s, retries=0, reconnect_delay=0)


async def say(place: dict[str, Any], line: str) -> str:
    """The answer of a simulator's control socket to one line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", place["control"])
    writer.write(f"{line}\n".encode())
    answer = (await reader.readline()).decode().strip()
    writer.close()
    return answer


async def registers(client: Client, unit: int, address: int, count: int) -> bytes:
    answer = await client.read_holding_registers(address, count=count, device_id=unit)
    if answer.isError():
        raise ModbusException(f"exception {answer.exception_code}")
    return struct.pack(f">{count}H", *answer.registers)


def test_values_tell_how_old_they_are_on_every_endpoint() -> None:
    async def main() -> None:
        async with running("modbus-tcp", "--devices", "3", "--units", "2", "--tags", "5") as said:
            places = said["endpoints"]
            assert [place["unit"] for place in places] == [1, 2, 1]
            assert len({place["endpoint"] for place in places}) == 2
            for place in places:
                client = client_of(place)
                assert await client.connect()
                raw = await registers(client, place["unit"], 0, 20)
                now_ms = real_ms()
                clock_ms, count, state = struct.unpack_from(">QIH", raw)
                assert 0 <= now_ms - clock_ms < 5000
                assert state == 1
                assert count < 100
                ages = [age_ms(value, now_ms) for value in struct.unpack_from(">5f", raw, 20)]
                assert all(0 <= age < 5000 for age in ages)
                client.close()

    asyncio.run(main())


def test_only_the_setpoint_can_be_written() -> None:
    async def main() -> None:
        async with running("modbus-tcp", "--devices", "1", "--tags", "1") as said:
            client = client_of(said["endpoints"][0])
            await client.connect()
            assert not (await client.write_register(8, 1234, device_id=1)).isError()
            assert await registers(client, 1, 8, 1) == bytes.fromhex("04d2")
            assert (await client.write_register(4, 1, device_id=1)).isError()
            client.close()

    asyncio.run(main())


async def with_fault(kind: str, line: str, check: Callable[[Client, int], Awaitable[None]]) -> None:
    """`check` holds while the fault lasts; afterwards the unit answers as before."""
    async with running(kind, "--devices", "2", "--tags", "4") as said:
        place = said["endpoints"][0]
        client = client_of(place)
        assert await client.connect()
        await registers(client, place["unit"], 0, 18)
        assert await say(said, f"fault {line}") == "ok"
        await check(client, place["unit"])
        assert await say(said, "clear") == "ok"
        client.close()
        again = client_of(place, 30)
        assert await again.connect()
        assert len(await registers(again, place["unit"], 0, 18)) == 36
        again.close()


async def silent_or_wrong(client: Client, unit: int) -> None:
    with pytest.raises(ModbusException):
        await registers(client, unit, 0, 18)


async def stands_still(client: Client, unit: int) -> None:
    first = await registers(client, unit, 0, 18)
    await asyncio.sleep(0.01)
    assert await registers(client, unit, 0, 18) == first


async def no_numbers(client: Client, unit: int) -> None:
    values = struct.unpack_from(">4f", await registers(client, unit, 10, 8))
    assert all(map(math.isnan, values))


async def counts_from_zero(client: Client, unit: int) -> None:
    assert struct.unpack(">I", await registers(client, unit, 4, 2))[0] < 100


async def nearly_rolled(client: Client, unit: int) -> None:
    count = struct.unpack(">I", await registers(client, unit, 4, 2))[0]
    assert count > 2**32 - 6 or count < 100


async def refuses(client: Client, unit: int) -> None:
    with pytest.raises(ModbusException, match="exception 6"):
        await registers(client, unit, 0, 18)


BOTH = [
    ("black_hole unit=1", silent_or_wrong),
    ("latency ms=900", silent_or_wrong),
    ("truncate unit=1", silent_or_wrong),
    ("wrong_unit unit=1", silent_or_wrong),
    ("freeze", stands_still),
    ("nan unit=1", no_numbers),
    ("counter_reset", counts_from_zero),
    ("rollover", nearly_rolled),
    ("exception code=6", refuses),
]
FAULTS = [
    *(("modbus-tcp", *case) for case in BOTH),
    *(("modbus-rtu", *case) for case in BOTH),
    ("modbus-tcp", "wrong_transaction", silent_or_wrong),
    ("modbus-tcp", "reset 60", silent_or_wrong),
    ("modbus-tcp", "restart away=0.01", silent_or_wrong),
    ("modbus-rtu", "bad_checksum", silent_or_wrong),
]


@pytest.mark.parametrize(("kind", "line", "check"), FAULTS, ids=[f"{f[0]} {f[1]}" for f in FAULTS])
def test_each_fault_shows_and_passes(
    kind: str, line: str, check: Callable[[Client, int], Awaitable[None]]
) -> None:
    asyncio.run(with_fault(kind, line, check))


def test_a_fault_of_one_unit_leaves_the_other_alone() -> None:
    async def main() -> None:
        async with running("modbus-rtu", "--devices", "2", "--tags", "4") as said:
            assert await say(said, "fault black_hole unit=1") == "ok"
            client = client_of(said["endpoints"][0], 30)
            await client.connect()
            assert len(await registers(client, 2, 0, 18)) == 36
            client.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("kind", "arguments", "said"),
    [
        ("modbus-tcp", ["--devices", "0"], "--devices 0"),
        ("modbus-tcp", ["--units", "300"], "1 to 247"),
        ("modbus-rtu", ["--devices", "248"], "1 to 247"),
        ("modbus-tcp", ["--tags", "40000"], "65536 registers"),
        ("modbus-tcp", ["--period", "-1"], "0 or more"),
    ],
)
def test_an_impossible_size_is_refused(kind: str, arguments: list[str], said: str) -> None:
    async def main() -> None:
        async with running(kind, *arguments):
            pass

    with pytest.raises(ValueError, match=said):
        asyncio.run(main())
