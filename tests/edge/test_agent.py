"""The agent: devices fail and recover on their own, each without the others."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog
from edge_plcs import (
    CLOCK,
    T0,
    ModbusPlc,
    OpcUaPlc,
    Proxy,
    Pty,
    Sink,
    config,
    modbus_device,
    opcua_device,
    until,
)

from edge.errors import DeviceRefused, DeviceUnreachable
from edge.watches import Backoff, Watches

FAST = Backoff(first_s=0.02, longest_s=0.1, refused_s=0.1)


@asynccontextmanager
async def watching(sink: Sink, *devices: dict[str, object]) -> AsyncIterator[Watches]:
    watches = Watches(config(*devices), CLOCK, sink.hand, sink.mark, backoff=FAST)
    watches.start()
    try:
        yield watches
    finally:
        await watches.stop()


def test_a_plc_that_restarts_is_read_again_and_the_time_between_is_not_covered() -> None:
    async def main() -> None:
        sink, plc = Sink(), ModbusPlc()
        await plc.start()
        await plc.show(T0)
        with structlog.testing.capture_logs() as logs:
            async with watching(sink, modbus_device("M1", plc.port)) as watches:
                await until(lambda: sink.scans)
                await plc.show(T0 + 1000)
                await until(lambda: sink.coverage() == [(T0, T0 + 1000)])
                await plc.stop()
                await until(lambda: watches.health.devices["M1"].errors > 2)
                await plc.note(T0 + 1400, 5, 0, 3)
                await plc.show(T0 + 5000, 5, 0, 4)
                await plc.start()
                await until(lambda: len(sink.coverage()) == 2)
                assert watches.health.devices["M1"].state == "up"
        await plc.stop()
        assert sink.coverage() == [(T0, T0 + 1000), (T0 + 5000, T0 + 5000)]
        assert (T0 + 1400, 5) in sink.values("state")
        said = [entry["event"] for entry in logs if entry.get("device") == "M1"]
        assert said == ["device_failed", "device_recovered"]

    asyncio.run(main())


@pytest.mark.slow
def test_an_opcua_server_that_restarts_is_read_again_without_losing_its_history() -> None:
    async def main() -> None:
        sink = Sink()
        async with OpcUaPlc() as plc:
            await plc.change(T0, 1, 100, 0)
            await plc.write("clock_ms", T0, T0)
            async with watching(sink, opcua_device("M1", plc.port)) as watches:
                await until(lambda: sink.coverage() == [(T0, T0)])
                await plc.stop()
                await until(lambda: watches.health.devices["M1"].state == "down")
                await plc.change(T0 + 1200, 5, 100, 7)
                await plc.change(T0 + 1900, 1, 100, 7)
                await plc.write("clock_ms", T0 + 9000, T0 + 9000)
                await plc.start()
                await until(lambda: len(sink.coverage()) == 2)
        assert sink.coverage() == [(T0, T0), (T0 + 9000, T0 + 9000)]
        assert sink.values("state") == [(T0, 1), (T0 + 1200, 5), (T0 + 1900, 1)]

    asyncio.run(main())


def test_a_device_that_is_unreachable_at_start_is_read_when_it_appears() -> None:
    async def main() -> None:
        sink, plc = Sink(), ModbusPlc()
        await plc.start()
        await plc.stop()
        async with watching(sink, modbus_device("M1", plc.port)) as watches:
            await until(lambda: watches.health.devices["M1"].errors > 2)
            assert watches.health.devices["M1"].state == "down"
            await plc.show(T0)
            await plc.start()
            await until(lambda: sink.coverage() == [(T0, T0)])
        await plc.stop()

    asyncio.run(main())


@pytest.mark.slow
def test_dead_devices_do_not_slow_the_others() -> None:
    async def main() -> None:
        sink, pty = Sink(), Pty()
        async with ModbusPlc(units=(1, 2)) as plc, Proxy(plc.port) as hole:
            hole.is_black_hole = True
            await plc.show(T0)
            devices = [
                modbus_device("HOLE", hole.port, period_s=0.02),
                modbus_device("NONE", 1, period_s=0.02),
                opcua_device("OPC", hole.port),
                modbus_device("M1", plc.port, period_s=0.05),
                {
                    "id": "R1",
                    "driver": "rfid_serial",
                    "endpoint": pty.path,
                    "tag": [{"name": "tag", "datatype": "String"}],
                },
            ]
            async with watching(sink, *devices) as watches:
                health = watches.health.devices
                await until(lambda: health["M1"].polls > 0 and health["HOLE"].errors > 0)
                polls, began = health["M1"].polls, time.monotonic()
                await until(lambda: time.monotonic() - began > 3)
                period_s = (time.monotonic() - began) / (health["M1"].polls - polls)
                assert period_s < 0.05 * 1.25
                assert health["HOLE"].state == health["NONE"].state == "down"
                assert health["R1"].state == "up"
        pty.close()

    asyncio.run(main())


def test_a_unit_that_refuses_is_named_once_and_asked_rarely() -> None:
    async def main() -> None:
        sink = Sink()
        async with ModbusPlc() as plc:
            await plc.show(T0)
            stranger = modbus_device(
                "M1",
                plc.port,
                history=None,
                tag=[{"name": "x", "datatype": "Int32", "address": 5000, "type": "uint16"}],
            )
            with structlog.testing.capture_logs() as logs:
                async with watching(sink, stranger) as watches:
                    await until(lambda: watches.health.devices["M1"].errors > 2)
                    assert watches.health.devices["M1"].state == "refused"
            failed = [entry for entry in logs if entry["event"] == "device_failed"]
            assert len(failed) == 1
            assert "illegal address" in failed[0]["error"]

    asyncio.run(main())


def test_readings_that_the_spool_refuses_end_the_session_so_that_coverage_starts_anew() -> None:
    class Full(Sink):
        is_full = False

        def hand(self, scan: object) -> bool:
            return not self.is_full and super().hand(scan)

    async def main() -> None:
        sink = Full()
        async with ModbusPlc() as plc:
            await plc.show(T0)
            async with watching(sink, modbus_device("M1", plc.port)) as watches:
                await until(lambda: sink.coverage() == [(T0, T0)])
                sink.is_full = True
                await plc.show(T0 + 1000, good=1)
                await until(lambda: watches.health.devices["M1"].bad["spool_refused"])
                sink.is_full = False
                await plc.show(T0 + 2000, good=2)
                await until(lambda: len(sink.coverage()) == 2)
        assert sink.coverage()[0] == (T0, T0)
        assert sink.values("good")[-1] == (T0 + 2000, 2)

    asyncio.run(main())


def test_backoff_doubles_to_its_cap_with_jitter() -> None:
    backoff = Backoff()
    error = DeviceUnreachable()
    for failures, longest in ((0, 0.2), (1, 0.4), (2, 0.8), (10, 5.0), (10_000, 5.0)):
        waits = [backoff.wait_s(failures, error) for _ in range(50)]
        assert longest / 2 <= min(waits) <= max(waits) <= longest
        assert len(set(waits)) > 10
    assert backoff.wait_s(0, DeviceRefused()) > 5


def test_a_device_s_file_says_how_long_waits_get() -> None:
    patient, hasty, silent = (
        config(modbus_device("M1", 502, **keys)).device[0]
        for keys in ({"retry_max_s": 60}, {"retry_max_s": 0.5}, {})
    )
    error = DeviceUnreachable()
    waits = [Backoff().of(patient).wait_s(100, error) for _ in range(50)]
    assert 30 <= min(waits) < max(waits) <= 60
    assert len(set(waits)) > 10
    assert 30 <= Backoff().of(patient).wait_s(0, DeviceRefused()) <= 60
    assert Backoff().of(patient).wait_s(0, error) <= 0.2
    assert max(Backoff().of(hasty).wait_s(100, error) for _ in range(50)) <= 0.5
    assert 7.5 <= Backoff().of(hasty).wait_s(0, DeviceRefused()) <= 15
    assert Backoff().of(silent) == Backoff()
