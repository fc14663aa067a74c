"""A running gateway takes a changed file: what changed begins anew, the rest notices nothing."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from edge_host import Host
from edge_plcs import CLOCK, T0, ModbusPlc, until
from test_gateway import broker

from edge.agent import Gateway
from edge.config import load
from edge.errors import ConfigWrong
from edge.node_report import node_spec
from edge.reload import FileInUse, version_of
from edge.status import ask, main, socket_path

pytestmark = pytest.mark.slow

HEAD = """
[gateway]
group = "g"
node = "{node}"
metrics_s = 1
[uplink]
port = {port}
{uplink}
[spool]
path = "n.spool"
commit_s = 0.05
"""
DEVICE = """
[[device]]
id = "{id}"
driver = "modbus"
endpoint = "127.0.0.1:{plc}"
period_s = 0.05
clock = {{ address = 0, type = "uint64" }}
tag = [{tags}]
"""
GOOD = '{ name = "good", datatype = "Int64", address = 7, type = "uint32" },'
REJECT = '{ name = "reject", datatype = "Int64", address = 9, type = "uint32" },'


class Plant:
    """A gateway with its file, followed as the program does."""

    def __init__(self, folder: Path, port: int, plcs: dict[str, ModbusPlc]) -> None:
        self.file, self.port, self.plcs = folder / "gw.toml", port, plcs

    def write(self, devices: dict[str, str], node: str = "n", uplink: str = "", more: str = "") -> None:
        text = HEAD.format(node=node, port=self.port, uplink=uplink)
        for name, tags in devices.items():
            text += DEVICE.format(id=name, plc=self.plcs[name].port, tags=tags)
        self.file.write_text(text + more)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Gateway]:
        gateway, stop = Gateway(load(self.file), CLOCK), asyncio.Event()
        self.in_use = FileInUse(self.file, gateway.in_use, lambda wanted: gateway.apply(wanted, self.file))
        following = asyncio.create_task(self.in_use.follow(0.05))
        run = asyncio.create_task(gateway.run(stop))
        try:
            yield gateway
        finally:
            stop.set()
            await asyncio.wait_for(run, 60)
            following.cancel()

    async def taken(self, gateway: Gateway) -> None:
        await until(lambda: gateway.in_use.version == version_of(self.file))


def scenario(folder: Path, act: Callable[[Plant, Gateway, Host], Awaitable[None]]) -> None:
    async def play() -> None:
        async with broker() as port, ModbusPlc() as one, ModbusPlc() as two, ModbusPlc() as three:
            plcs = {"M1": one, "M2": two, "M3": three}
            for plc in plcs.values():
                await plc.show(T0, good=3)
            host = await asyncio.to_thread(Host, port)
            plant = Plant(folder, port, plcs)
            plant.write({"M1": GOOD, "M2": GOOD})
            async with plant.running() as gateway:
                await until(lambda: len(host.values("good")) == 2)
                await act(plant, gateway, host)
            host.close()

    asyncio.run(play())


def test_new_changed_and_removed_devices_alone_begin_anew(tmp_path: Path) -> None:
    async def act(plant: Plant, gateway: Gateway, host: Host) -> None:
        connects = gateway.uplink.status().connects
        untouched = gateway._watches._tasks["M1"]
        plant.write({"M1": GOOD, "M2": GOOD + REJECT, "M3": GOOD})
        await plant.taken(gateway)
        await until(lambda: host.values("reject") and len(host.values("good")) >= 4)
        assert gateway._watches._tasks["M1"] is untouched
        assert gateway.health.devices["M1"].sessions == 1
        assert list(gateway.health.devices) == ["M1", "M2", "M3"]
        assert "DBIRTH M3" in host.events
        plant.write({"M1": GOOD, "M2": GOOD})  # a tag and a device go
        await until(lambda: "DDEATH M3" in host.events)
        assert gateway.uplink.status().connects == connects
        assert gateway._watches._tasks["M1"] is untouched
        with sqlite3.connect(plant.file.with_name("n.spool")) as spool:
            names = {row[0] for row in spool.execute("SELECT name FROM aliases WHERE device = 'M2'")}
        assert "reject" in names  # its history keeps its alias

    scenario(tmp_path, act)


def test_a_wrong_file_is_refused_with_its_findings_and_the_old_one_goes_on(tmp_path: Path) -> None:
    async def act(plant: Plant, gateway: Gateway, host: Host) -> None:
        before = gateway.in_use.version
        plant.write({"M1": GOOD.replace("Int64", "Int65")})
        await until(lambda: "datatype: 'Int65' is not accepted" in gateway.in_use.error)
        plant.write({"M1": GOOD}, node="other")
        await until(lambda: "gateway.node: cannot change from 'n'" in gateway.in_use.error)
        await until(lambda: any("gateway.node" in str(v) for _, v in host.values("Gateway/Config Error")))
        assert gateway.in_use.version == before
        assert set(gateway.health.devices) == {"M1", "M2"}
        plant.write({"M1": GOOD, "M2": GOOD})
        await until(lambda: not gateway.in_use.error)

    scenario(tmp_path, act)


def test_other_uplink_keys_lead_to_a_new_connection_and_nothing_else(tmp_path: Path) -> None:
    async def act(plant: Plant, gateway: Gateway, host: Host) -> None:
        tasks = dict(gateway._watches._tasks)
        live = gateway.spool.live.id
        plant.write({"M1": GOOD, "M2": GOOD}, uplink='username = "gw"\npassword = "x"')
        await plant.taken(gateway)
        await until(lambda: host.events.count("NBIRTH") == 2 and "NDEATH" in host.events)
        assert gateway._watches._tasks == tasks
        assert gateway.spool.live.id != live

    scenario(tmp_path, act)


DERIVED = """
[[device.derived]]
name = "parts"
datatype = "Int64"
count = "good > {limit}"
"""
ACROSS = """
[[derived]]
device = "LINE"
name = "{name}"
datatype = "Int64"
expression = "{expression}"
"""


def test_derived_tags_change_while_the_gateway_runs_and_counters_go_on(tmp_path: Path) -> None:
    async def act(plant: Plant, gateway: Gateway, host: Host) -> None:
        def newest(tag: str) -> object:
            return host.values(tag)[-1][1] if host.values(tag) else None

        async def write(limit: int, *across: str) -> None:
            plant.write({"M2": GOOD, "M1": GOOD}, more=DERIVED.format(limit=limit) + "".join(across))
            await plant.taken(gateway)

        total = ACROSS.format(name="total", expression="tag('M1', 'good') + tag('M2', 'good')")
        await write(5, total)
        await until(lambda: (newest("total"), newest("parts")) == (6, 0))
        assert "DBIRTH LINE" in host.events
        for number, good in enumerate((6, 3, 7), 1):
            await plant.plcs["M1"].show(T0 + number, good=good)
            await until(lambda: newest("total") == good + 3)  # noqa: B023  waited for here
        await until(lambda: newest("parts") == 2)
        untouched = gateway._watches._tasks["M2"]
        # Another formula over devices: the devices themselves go on as they were.
        sessions = gateway.health.devices["M1"].sessions
        await write(5, total, ACROSS.format(name="double", expression="2 * tag('M1', 'good')"))
        await plant.plcs["M1"].show(T0 + 10, good=8)
        await until(lambda: (newest("double"), newest("total")) == (16, 11))
        assert gateway.health.devices["M1"].sessions == sessions
        # Another condition of the device's own counter: it begins anew, its count goes on.
        await write(9, total)
        await plant.plcs["M1"].show(T0 + 11, good=4)
        await until(lambda: newest("total") == 7)
        await plant.plcs["M1"].show(T0 + 12, good=10)
        await until(lambda: newest("parts") == 3)
        doubles = len(host.values("double"))
        await plant.plcs["M1"].show(T0 + 13, good=11)
        await until(lambda: newest("total") == 14)
        assert len(host.values("double")) == doubles
        assert gateway._watches._tasks["M2"] is untouched
        plant.write({"M1": GOOD, "M2": GOOD})
        await until(lambda: "DDEATH LINE" in host.events)

    scenario(tmp_path, act)


def test_a_file_that_was_only_touched_changes_nothing_until_asked(tmp_path: Path) -> None:
    async def act(plant: Plant, gateway: Gateway, _host: Host) -> None:
        tasks = dict(gateway._watches._tasks)
        plant.file.write_text(plant.file.read_text())
        plant.in_use.ask()
        await plant.taken(gateway)
        assert gateway._watches._tasks == tasks

    scenario(tmp_path, act)


def test_the_gateway_tells_how_it_is_to_the_host_and_to_who_asks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def act(plant: Plant, gateway: Gateway, host: Host) -> None:
        await until(lambda: any(v == "up" for _, v in host.values("Gateway/Devices/M1/State")))
        await until(lambda: [v for _, v in host.values("Gateway/Config Version") if v])
        said = await asyncio.to_thread(ask, Path(gateway.spool.settings.path))
        assert said is not None
        assert said["metrics"]["Gateway/Config Version"] == version_of(plant.file)
        assert said["metrics"]["Gateway/Memory"] > 1 << 20
        assert await asyncio.to_thread(main, [str(plant.file)]) == 0
        shown = capsys.readouterr().out
        assert "gateway g/n: running, uplink online (127.0.0.1:" in shown
        assert "M2  up" in shown

    scenario(tmp_path, act)
    file = tmp_path / "gw.toml"
    assert not socket_path(tmp_path / "n.spool").exists()
    assert main([str(file), "--json"]) == 3
    resting = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (resting["running"], resting["waiting_batches"]) == (False, 0)
    assert main([str(file)]) == 3
    assert "gateway g/n: NOT RUNNING" in capsys.readouterr().out


def test_a_socket_that_a_killed_gateway_left_is_not_a_running_one(tmp_path: Path) -> None:
    import socket  # noqa: PLC0415

    left = socket.socket(socket.AF_UNIX)
    left.bind(str(socket_path(tmp_path / "n.spool")))
    left.close()
    assert ask(tmp_path / "n.spool") is None
    with pytest.raises(ConfigWrong):
        load(tmp_path / "none.toml")


def test_the_documented_file_is_usable_and_every_metric_is_sampled(root: Path, tmp_path: Path) -> None:
    text = (root / "docs/edge/operation.md").read_text().split("```toml\n")[1].split("```")[0]
    (tmp_path / "gw.toml").write_text(text)
    gateway = Gateway(load(tmp_path / "gw.toml"), CLOCK)
    sampled = gateway.report.sample()
    assert set(sampled) == set(node_spec(["L1-OP20"]).tags)
    gateway.spool.close()
