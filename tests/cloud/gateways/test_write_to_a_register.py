"""A write from the API through broker, uplink and driver into a real register, and back as its result."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from edge_player import wait_for
from fastapi.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parents[2] / "edge"))

from edge_plcs import ModbusPlc

from edge.agent import Gateway
from edge.config import GatewayConfig
from wire.clock import REAL_TIME

pytestmark = pytest.mark.slow

REGISTER = 4
TAG = "/gateways/suzhou/gw-l1/devices/PRESS/tags/setpoint"


def gateway_file(folder: Path, broker: int, plc: int) -> GatewayConfig:
    tag = {"name": "setpoint", "datatype": "Int32", "address": REGISTER, "type": "uint16"}
    return GatewayConfig.model_validate(
        {
            "gateway": {"group": "suzhou", "node": "gw-l1"},
            "uplink": {"port": broker},
            "spool": {"path": str(folder / "gw.spool"), "commit_s": 0.05},
            "device": [
                {
                    "id": "PRESS",
                    "driver": "modbus",
                    "endpoint": f"127.0.0.1:{plc}",
                    "period_s": 0.1,
                    "tag": [{**tag, "writable": True, "write_max": 100}],
                }
            ],
        }
    )


@pytest.fixture
def plc(client: TestClient, broker: int, tmp_path: Path) -> Iterator[ModbusPlc]:  # noqa: ARG001  the host first
    """A PLC behind a gateway, both at work in a loop of their own."""
    server, stop, loop = ModbusPlc(), asyncio.Event(), asyncio.new_event_loop()
    ready = threading.Event()

    async def work() -> None:
        async with server:
            await server.write(REGISTER, [7])
            gateway = Gateway(gateway_file(tmp_path, broker, server.port), REAL_TIME, drain_s=1.0)
            ready.set()
            await gateway.run(stop)

    thread = threading.Thread(target=loop.run_until_complete, args=(work(),), daemon=True)
    thread.start()
    assert ready.wait(60)
    yield server
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


def test_a_write_reaches_the_register_and_an_unfit_one_does_not(client: TestClient, plc: ModbusPlc) -> None:
    def newest() -> dict[str, object]:
        found: dict[str, object] = client.get("/gateways/commands?gateway=suzhou/gw-l1").json()[0]
        return found

    def register() -> object:
        tags = client.get(TAG.rsplit("/", 1)[0])
        return next((tag["value"] for tag in tags.json() if tag["tag"] == "setpoint"), None)

    wait_for(lambda: register() == 7, "the register's value has come up", 40)
    assert client.post(f"{TAG}/write", json={"value": 42, "reason": "new product"}).status_code == 202
    wait_for(lambda: newest()["state"] == "done", "settled", 40)
    assert (newest()["value_before"], newest()["value_after"]) == (7, 42)
    assert plc.requests
    wait_for(lambda: register() == 42, "read back by the next poll", 40)
    assert client.post(f"{TAG}/write", json={"value": 101, "reason": "too much"}).status_code == 202
    wait_for(lambda: newest()["state"] == "refused", "refused by the gateway", 40)
    assert "101 lies above write_max 100" in str(newest()["outcome"])
    assert register() == 42
