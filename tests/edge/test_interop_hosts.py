"""Our edge node and an independent host: pysparkplug understands it and commands it."""

from collections.abc import Callable
from pathlib import Path

from interop.peer import pysparkplug
from uplink_world import MOSQUITTO, free_port, mosquitto, until

from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.uplink import Uplink
from edge.write_rules import CommandSettings, WriteRule, Writing
from edge.writes import Writes
from wire.clock import REAL_TIME, real_ms
from wire.sparkplug import DataType

SPEC = DeviceSpec(
    "press",
    {"good": DataType.INT64, "temp": DataType.DOUBLE, "name": DataType.STRING, "run": DataType.BOOLEAN},
)


def test_pysparkplug_hears_births_data_and_deaths_and_has_a_value_written(
    tmp_path: Path, require: Callable[[object, str], None]
) -> None:
    require(MOSQUITTO.exists(), "Mosquitto")
    port = free_port()
    with mosquitto(tmp_path / "broker", port), pysparkplug(require, "host", port) as peer:
        spool = Spool(
            SpoolSettings(tmp_path / "gw.spool", commit_s=0.02), GatewayIdentity("plant", "gw"), [SPEC]
        )
        writes = Writes()
        writes.open()
        writing = Writing(
            lambda: {("press", "good"): WriteRule("Int64")},
            {"press": writes}.get,
            CommandSettings(plain=True),
        )
        settings = UplinkSettings(port=port, waits_for_host=False, receipts=False)
        uplink = Uplink(settings, [SPEC], spool, REAL_TIME, writing)
        uplink.start()
        birth = peer.until(lambda line: line.get("kind") == "DBIRTH")
        assert {m["name"] for m in birth["metrics"]} == {*SPEC.tags, "observed_since"}
        assert birth["seq"] == 1
        now_ms = real_ms()
        values: dict[str, bool | int | float | str] = {
            "good": -(2**40),
            "temp": 21.5,
            "name": "压机",
            "run": True,
        }
        readings = tuple(Reading("press", name, now_ms, value) for name, value in values.items())
        spool.put(Scan("press", readings, (now_ms, now_ms)))
        peer.until(lambda line: line.get("kind") == "DDATA")
        assert {name: peer.values("DDATA", name) for name in values} == {n: [v] for n, v in values.items()}

        peer.tell({"kind": "DCMD", "device": "press", "name": "good", "datatype": "INT64", "value": 7})
        found = []
        until(lambda: found.append(write) if (write := writes.take()) else found)
        assert (found[0].tag, found[0].value) == ("good", 7)
        found[0].done(7)
        peer.until(lambda line: line.get("kind") == "NDATA")
        (result,) = peer.values("NDATA", "Node Control/Command Result")
        assert '"outcome": "done"' in str(result)

        rebirth = {"kind": "NCMD", "name": "Node Control/Rebirth", "datatype": "BOOLEAN", "value": True}
        peer.tell(rebirth)
        until(lambda: sum(line.get("kind") == "NBIRTH" for line in list(peer.said)) == 2)
        uplink.set_online("press", is_online=False)
        peer.until(lambda line: line.get("kind") == "DDEATH" and line["device"] == "press")
        uplink.stop()
        peer.until(lambda line: line.get("kind") == "NDEATH")
        spool.close()
