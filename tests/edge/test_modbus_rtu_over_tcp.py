"""RTU frames over TCP, as gateways from Ethernet to a serial line pass them on."""

import asyncio
import time

from edge_plcs import T0, ModbusPlc, Sink, config, intake_of, modbus_device, until
from pymodbus import FramerType

from edge.drivers.modbus import watch

TAG = {"name": "setpoint", "datatype": "Int32", "address": 18, "type": "uint16", "writable": True}


def test_rtu_frames_over_tcp_are_read_and_written() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc(framer=FramerType.RTU) as plc:
            await plc.show(T0, good=41)
            raw = modbus_device("M1", plc.port, framing="rtu")
            del raw["history"]
            device = config({**raw, "tag": [*raw["tag"], TAG]}).device[0]  # type: ignore[misc]  a list of tags
            assert device.is_rtu
            intake = intake_of(device, sink)
            intake.open_session()
            session = asyncio.create_task(watch(device, intake))
            try:
                await until(lambda: (T0, 41) in sink.values("good"))
                answer = intake.writes.put("setpoint", 1234, time.monotonic() + 20)
                assert await asyncio.wrap_future(answer) == 1234
                await plc.show(T0 + 1, good=42)
                await until(lambda: (T0 + 1, 42) in sink.values("good"))
            finally:
                session.cancel()
                await asyncio.gather(session, return_exceptions=True)
        assert not intake.health.bad

    asyncio.run(main())


def test_a_server_of_the_other_framing_is_unreachable_in_time() -> None:
    async def main() -> None:
        async with ModbusPlc() as plc:  # speaks with transaction numbers
            raw = modbus_device("M1", plc.port, framing="rtu", timeout_s=0.1)
            device = config(raw).device[0]
            intake = intake_of(device, Sink())
            intake.open_session()
            end = await asyncio.gather(asyncio.wait_for(watch(device, intake), 60), return_exceptions=True)
            assert type(end[0]).__name__ == "DeviceUnreachable"

    asyncio.run(main())
