"""The gateway as a whole: PLC to receipt, deaths and births, a clean stop, nothing lost over a restart."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from amqtt.broker import Broker
from edge_host import Host
from edge_plcs import CLOCK, T0, ModbusPlc, modbus_device, until

from edge.agent import Gateway
from edge.config import GatewayConfig
from edge.spool_opening import SpoolWrong

MODBUS_TOML = """
[gateway]
group = "g"
node = "n"
[uplink]
port = {port}
[spool]
path = "n.spool"
commit_s = 0.05
[[device]]
id = "M1"
driver = "modbus"
endpoint = "127.0.0.1:{plc}"
period_s = 0.05
clock = {{ address = 0, type = "uint64" }}
tag = [{{ name = "good", datatype = "Int64", address = 7, type = "uint32" }}]
"""


@asynccontextmanager
async def broker() -> AsyncIterator[int]:
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    server = Broker({"listeners": {"default": {"type": "tcp", "bind": "127.0.0.1:0"}}, "plugins": plugins})
    await server.start()
    try:
        yield server._servers["default"].instance.sockets[0].getsockname()[1]
    finally:
        await server.shutdown()


def config(folder: Path, port: int, *devices: dict[str, object]) -> GatewayConfig:
    tree = {
        "gateway": {"group": "g", "node": "n"},
        "uplink": {"port": port},
        "spool": {"path": str(folder / "n.spool"), "commit_s": 0.05},
        "device": list(devices),
    }
    return GatewayConfig.model_validate(tree)


def test_from_register_to_receipt_and_a_clean_farewell(tmp_path: Path) -> None:
    async def main() -> None:
        async with broker() as port, ModbusPlc() as plc:
            await plc.show(T0, 1, 4210, 7)
            host = await asyncio.to_thread(Host, port)
            gateway = Gateway(config(tmp_path, port, modbus_device("M1", plc.port)), CLOCK)
            stop = asyncio.Event()
            running = asyncio.create_task(gateway.run(stop))
            await until(lambda: host.values("good"))
            await plc.show(T0 + 1000, 1, 4210, 8)
            await until(lambda: host.values("good") == [(T0, 7), (T0 + 1000, 8)])
            stop.set()
            assert await asyncio.wait_for(running, 60)
            await until(lambda: host.events[-1] == "NDEATH")
            assert host.events[:2] == ["NBIRTH", "DBIRTH M1"]
            observed = host.values("observed_since")
            assert observed[-1] == (T0 + 1000, T0)
            host.close()

    asyncio.run(main())


@pytest.mark.slow
def test_a_device_that_fails_dies_alone_and_is_born_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with broker() as port, ModbusPlc() as plc:
            other = ModbusPlc()
            await other.start()
            await plc.show(T0)
            await other.show(T0)
            host = await asyncio.to_thread(Host, port)
            devices = [modbus_device("M1", plc.port), modbus_device("M2", other.port)]
            gateway = Gateway(config(tmp_path, port, *devices), CLOCK)
            stop = asyncio.Event()
            running = asyncio.create_task(gateway.run(stop))
            await until(lambda: len(host.values("good")) == 2)
            await other.stop()
            await until(lambda: "DDEATH M2" in host.events)
            await other.start()
            await until(lambda: host.events.count("DBIRTH M2") == 2)
            assert "DDEATH M1" not in host.events
            stop.set()
            await asyncio.wait_for(running, 60)
            await other.stop()
            host.close()

    asyncio.run(main())


@pytest.mark.slow
def test_what_the_host_did_not_receipt_comes_after_the_next_start(tmp_path: Path) -> None:
    async def main() -> None:
        async with broker() as port, ModbusPlc() as plc:
            settings = config(tmp_path, port, modbus_device("M1", plc.port))
            await plc.note(T0 - 500, 1, 0, 3)
            await plc.show(T0, good=3)
            stop = asyncio.Event()
            gateway = Gateway(settings, CLOCK, drain_s=0.3)  # no host is online: nothing can be receipted
            running = asyncio.create_task(gateway.run(stop))
            await until(lambda: gateway.health.devices["M1"].readings)
            stop.set()
            assert not await asyncio.wait_for(running, 60)

            host = await asyncio.to_thread(Host, port)
            await plc.note(T0 + 700, 5, 0, 4)
            await plc.show(T0 + 9000, 5, good=4)
            stop = asyncio.Event()
            running = asyncio.create_task(Gateway(settings, CLOCK).run(stop))
            await until(lambda: (T0 + 9000, T0 + 9000) in host.values("observed_since"))
            stop.set()
            assert await asyncio.wait_for(running, 60)
            # The ring is replayed from where the first run had seen the device, and nothing twice.
            assert sorted(host.values("state")) == [(T0 - 500, 1), (T0 + 700, 5)]
            assert sorted(set(host.values("observed_since"))) == [(T0, T0), (T0 + 9000, T0 + 9000)]
            host.close()

    asyncio.run(main())


def environment(root: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(root), "TAKTLINE_CLOCK": str(CLOCK)}


@pytest.mark.slow
def test_sigterm_ends_the_program_cleanly(root: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with broker() as port, ModbusPlc() as plc:
            await plc.show(T0)
            host = await asyncio.to_thread(Host, port)
            file = tmp_path / "gw.toml"
            file.write_text(MODBUS_TOML.format(port=port, plc=plc.port))
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "edge", "run", file), env=environment(root), stderr=subprocess.PIPE
            )
            try:
                await until(lambda: host.values("good"))
                program.send_signal(signal.SIGTERM)
                _, said = await asyncio.wait_for(program.communicate(), 60)
            finally:
                if program.returncode is None:
                    program.kill()
            assert program.returncode == 0, said
            assert b"gateway_left" in said
            assert b"is_drained=True" in said
            assert b"Traceback" not in said
            await until(lambda: host.events[-1] == "NDEATH")
            host.close()

    asyncio.run(main())


@pytest.mark.slow
def test_sighup_has_the_program_read_its_file(root: Path, tmp_path: Path) -> None:
    async def main() -> None:
        async with broker() as port, ModbusPlc() as plc:
            await plc.show(T0, good=3)
            host = await asyncio.to_thread(Host, port)
            file = tmp_path / "gw.toml"
            file.write_text(MODBUS_TOML.format(port=port, plc=plc.port))
            program = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "edge", "run", file), env=environment(root), stderr=subprocess.PIPE
            )
            await until(lambda: host.values("good"))
            # By time, size and inode nothing has changed, so only the signal can have it read.
            before = file.stat()
            file.write_text(file.read_text().replace('"good"', '"gute"'))
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
            program.send_signal(signal.SIGHUP)
            await until(lambda: host.values("gute"))
            program.send_signal(signal.SIGTERM)
            _, said = await asyncio.wait_for(program.communicate(), 60)
            assert program.returncode == 0, said
            assert said.count(b"gateway_started") == 1
            assert b"config_taken" in said
            host.close()

    asyncio.run(main())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("clock", "text", "expected"),
    [
        ("", "gateway = 1", "gateway: 1 is not accepted"),
        ("yesterday", None, "TAKTLINE_CLOCK: 'yesterday' is not a plant clock; accepted: <plant origin>@"),
    ],
)
def test_what_a_person_must_change_is_said_in_a_line(
    root: Path, tmp_path: Path, clock: str, text: str | None, expected: str
) -> None:
    file = tmp_path / "gw.toml"
    file.write_text(text or MODBUS_TOML.format(port=1, plc=1))
    ran = subprocess.run(
        [sys.executable, "-m", "edge", "run", file],
        env=environment(root) | {"TAKTLINE_CLOCK": clock},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 2
    assert expected in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.slow
def test_a_gateway_whose_spool_s_writer_dies_ends_with_an_error(tmp_path: Path) -> None:
    def break_down(*_: object) -> None:
        raise RuntimeError("nobody thought of this")

    async def main() -> None:
        async with broker() as port, ModbusPlc() as plc:
            gateway = Gateway(config(tmp_path, port, modbus_device("M1", plc.port)), CLOCK)
            running = asyncio.create_task(gateway.run(asyncio.Event()))
            await until(lambda: gateway.uplink.status().state != "offline")
            gateway.spool.soon(break_down)
            with pytest.raises(SpoolWrong, match="nobody thought of this"):
                await asyncio.wait_for(running, 60)

    asyncio.run(main())
