"""One recorded life of the real uplink on two brokers, for the conformance tests to judge."""

from pathlib import Path

from conformance.mqtt_recorder import DISCONNECT, Packet, Recorder
from uplink_world import StoringHost, until

from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from edge.uplink import Uplink
from edge.write_rules import CommandSettings, WriteRule, Writing
from edge.writes import Writes
from wire.clock import REAL_TIME, real_ms
from wire.host_state import HostState
from wire.receipts import rebirth_command
from wire.session import BD_SEQ
from wire.session_events import DeviceDied, NodeBorn
from wire.sparkplug import DataType, Metric, Payload, encode
from wire.topics import StateTopic

DEVICES = (
    DeviceSpec("press", {"good": DataType.INT64, "speed": DataType.INT32}),
    DeviceSpec("reader", {"tag": DataType.STRING}),
)
BIRTHS, DATA = ("NBIRTH", "DBIRTH"), ("NDATA", "DDATA")


class Life:
    """A node's life on two brokers in turn, recorded: births, data, commands, deaths."""

    def __init__(self, folder: Path, first: int, second: int) -> None:
        self.started_ms = real_ms()
        with Recorder(first) as one, Recorder(second) as two:
            self.one, self.two = one, two
            self._folder = folder
            self._live(first, second)
        self.ended_ms = real_ms()

    def _live(self, first: int, second: int) -> None:
        spool = Spool(
            SpoolSettings(self._folder / "gw.spool", commit_s=0.02), GatewayIdentity("plant", "gw"), DEVICES
        )
        writes = Writes()
        writing = Writing(
            lambda: {("press", "speed"): WriteRule("Int32")},
            {"press": writes}.get,
            CommandSettings(plain=True),
        )
        servers = [f"127.0.0.1:{self.one.port}", f"127.0.0.1:{self.two.port}"]
        settings = UplinkSettings(servers=servers, host_wait_s=30.0, max_reconnect_s=0.2)
        uplink = Uplink(settings, DEVICES, spool, REAL_TIME, writing)
        uplink.start()
        until(lambda: uplink.status().state == "waiting_for_host")
        self.before_host = list(self.one.sent())
        with StoringHost(first, host_id="stranger"):
            with StoringHost(first) as host:
                self._work(host, uplink, spool)
                stale = HostState(is_online=False, timestamp_ms=host._state_ms - 1).to_bytes()
                host._client.publish(str(StateTopic("taktline")), stale, 1).wait_for_publish(5)
                host.command("plant", "gw", encode(rebirth_command(real_ms())))
                until(lambda: len(host.of(NodeBorn)) == 3)
                self.births_after_stale_offline = len(self.one.sent("NBIRTH"))
                host.say_state(is_online=False)
                until(lambda: self.one.of(DISCONNECT))
            with StoringHost(second) as other:
                until(lambda: uplink.status().state == "online")
                until(lambda: len(self.two.sent("DBIRTH")) == 2)
                uplink.stop()
                self.host, self.other = host, other
        spool.close()

    def _work(self, host: StoringHost, uplink: Uplink, spool: Spool) -> None:
        until(lambda: uplink.status().state == "online")
        for n in range(1, 301):  # more than one turn of seq
            spool.put(Scan("press", (Reading("press", "good", self.started_ms + n, n),)))
            spool.flush()
        spool.put(Scan("reader", (Reading("reader", "tag", self.started_ms, None, 0),)))
        assert uplink.drain(30)
        unfit = Payload(real_ms(), metrics=(Metric(name="speed", datatype=DataType.STRING, value="fast"),))
        host._client.publish("spBv1.0/plant/DCMD/gw/press", encode(unfit), 1)
        ghost = Payload(real_ms(), metrics=(Metric(name="ghost", datatype=DataType.INT32, value=1),))
        host.command("plant", "gw", encode(ghost))
        until(lambda: uplink.status().commands.refused == 2)
        assert uplink.drain(30)
        host.command("plant", "gw", encode(rebirth_command(real_ms())))
        until(lambda: len(host.of(NodeBorn)) == 2)
        uplink.set_online("reader", is_online=False)
        until(lambda: host.of(DeviceDied))
        uplink.set_online("reader", is_online=True)
        spool.put(Scan("reader", (Reading("reader", "tag", self.started_ms + 1, "A"),)))
        assert uplink.drain(30)

    def sent(self, *kinds: str) -> list[Packet]:
        return [packet for packet in self.one.sent(*kinds) + self.two.sent(*kinds) if packet.message_type]

    def births(self) -> list[list[Packet]]:
        """The messages from each NBIRTH to the next."""
        runs: list[list[Packet]] = []
        for packet in self.sent():
            if packet.message_type == "NBIRTH":
                runs.append([])
            if runs:
                runs[-1].append(packet)
        return runs


def metric(packet: Packet, name: str) -> Metric:
    return next(m for m in packet.payload.metrics if m.name == name)


def bd_seq(packet: Packet) -> object:
    found = metric(packet, BD_SEQ)
    assert found.datatype == DataType.INT64
    return found.value
