"""The OPC UA simulator alone: its size, its faults on command, its security; read by the library's client."""

import asyncio
import json
import math
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.client.client import Client

DEADLINE_S = 60.0


@contextmanager
def served(root: Path, *words: str) -> Iterator[dict[str, Any]]:
    world = subprocess.Popen(
        [sys.executable, "-m", "simulators", "serve", "opcua", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
    )
    try:
        assert world.stdout is not None
        yield json.loads(world.stdout.readline())
    finally:
        world.terminate()
        assert world.wait(60) == 0
        world.stdout.close()


async def say(port: int, line: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{line}\n".encode())
    answer = (await reader.readline()).decode().strip()
    writer.close()
    return answer


async def reads(client: Client, node: str, claim: Callable[[ua.DataValue], object]) -> ua.DataValue:
    async with asyncio.timeout(DEADLINE_S):
        while True:
            value = await client.get_node(node).read_data_value(raise_on_bad_status=False)
            if claim(value):
                return value
            await asyncio.sleep(0.02)


@pytest.mark.slow
def test_values_change_and_faults_come_and_go_on_command(root: Path) -> None:
    async def main(said: dict[str, Any]) -> None:
        control = said["control"]
        async with Client(said["endpoint"], timeout=60) as client:
            counted = await reads(client, "ns=2;s=n0001", lambda v: v.Value.Value > 3)
            assert (await client.get_node("ns=2;s=folder1").get_children())[0].nodeid.Identifier == "n0500"
            assert await say(control, "fault nan") == "ok"
            await reads(client, "ns=2;s=n0001", lambda v: math.isnan(v.Value.Value))
            assert await say(control, "clear nan") == "ok"
            assert await say(control, "fault bad_status code=2156658688") == "ok"
            await reads(client, "ns=2;s=n0001", lambda v: v.StatusCode.name == "BadSensorFailure")
            assert await say(control, "clear") == "ok"
            assert await say(control, "fault clock_skew by=-7200") == "ok"
            late = await reads(
                client,
                "ns=2;s=n0001",
                lambda v: (counted.SourceTimestamp - v.SourceTimestamp).total_seconds() > 7000,
            )
            assert await say(control, "clear") == "ok"
            await reads(client, "ns=2;s=n0001", lambda v: v.SourceTimestamp > late.SourceTimestamp)
            before = await reads(client, "ns=2;s=n0001", lambda v: v.Value.Value > 10)
            assert await say(control, "fault counter_reset") == "ok"
            await reads(client, "ns=2;s=n0001", lambda v: v.Value.Value < before.Value.Value)
            assert await say(control, "fault remove_node node=2") == "ok"
            await reads(client, "ns=2;s=n0002", lambda v: v.StatusCode.name == "BadNodeIdUnknown")
            assert await say(control, "clear remove_node") == "ok"
            await reads(client, "ns=2;s=n0002", lambda v: v.StatusCode.is_good())
            assert await say(control, "fault freeze") == "ok"
            frozen = await reads(client, "ns=2;s=n0001", lambda v: v.StatusCode.is_good())
            now = await reads(client, "i=2258", lambda v: v.Value.Value is not None)
            half_s = timedelta(seconds=0.5)
            await reads(client, "i=2258", lambda v: v.Value.Value > now.Value.Value + half_s)
            await reads(client, "ns=2;s=n0001", lambda v: v.Value.Value == frozen.Value.Value)
            assert await say(control, "clear freeze") == "ok"
            await reads(client, "ns=2;s=n0001", lambda v: v.Value.Value != frozen.Value.Value)
            assert (await say(control, "fault melt")).startswith("error no fault 'melt'; accepted: latency")
        assert await say(control, "fault restart away=0.1") == "ok"
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    # Who connects while the server goes away may never be answered: the next attempt is.
                    async with Client(said["endpoint"], timeout=10) as again:
                        assert (await again.get_node("ns=2;s=n0001").read_value()) >= 0
                        return
                except (OSError, ua.UaError, TimeoutError):
                    await asyncio.sleep(0.05)

    with served(root, "--nodes", "502", "--rate", "5020", "--value", "counter") as said:
        asyncio.run(main(said))


@pytest.mark.slow
def test_a_secured_simulator_wants_certificate_and_login(root: Path, tmp_path: Path) -> None:
    async def main(said: dict[str, Any]) -> None:
        endpoints = await Client(said["endpoint"]).connect_and_get_server_endpoints()
        assert len(endpoints) == 6
        assert all(one.SecurityMode != ua.MessageSecurityMode.None_ for one in endpoints)
        assert len(said["thumbprint"]) == 40

    words = ["--nodes", "1", "--security", "only", "--user", "gw:secret", "--pki", str(tmp_path)]
    with served(root, *words) as said:
        asyncio.run(main(said))
    assert (tmp_path / "server.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
def test_wrong_options_are_named(root: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "simulators", "serve", "opcua", "--nodes", "0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=root,
    )
    assert done.returncode == 2
    assert "--nodes 0; accepted: 1 or more" in done.stderr
