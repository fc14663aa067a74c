"""Whatever a broker may deliver as command or STATE, the node counts it or answers it, and goes on."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.commands import MAX_OPEN, CommandDesk
from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings, WindowSettings
from edge.node_session import Node, NodeSession, Traffic
from edge.reading import DeviceSpec
from edge.sending import Sending
from edge.spool import Spool
from edge.write_rules import CommandSettings, WriteRule, Writing
from edge.writes import Writes
from wire.clock import REAL_TIME, real_ms
from wire.commands import CommandHeader
from wire.sparkplug import DataType, Metric, Payload, encode

SPEC = DeviceSpec("press", {"speed": DataType.INT32, "name": DataType.STRING})
RULES = {("press", "speed"): WriteRule("Int32", 0, 100), ("press", "name"): WriteRule("String")}


class Link:
    """Takes what would go to the broker."""

    def publish(self, _topic: str, _payload: bytes, _qos: int = 0) -> int:
        return 1

    def subscribe(self, topics: list[str]) -> None:
        assert topics


class World:
    def __init__(self, folder: Path) -> None:
        self.spool = Spool(SpoolSettings(folder / "gw.spool"), GatewayIdentity("plant", "gw"), [SPEC])
        self.writes = Writes()
        self.writes.open()
        self.traffic = Traffic()
        writing = Writing(
            lambda: RULES, {"press": self.writes}.get, CommandSettings(plain=True, per_minute=6000)
        )
        self.desk = CommandDesk(self.spool, writing, REAL_TIME, lambda: None)
        self._reader = self.spool.reader()
        node = Node(
            settings=UplinkSettings(),
            spool=self.spool,
            sending=Sending(self._reader, WindowSettings(), 0),
            clock=REAL_TIME,
            present=lambda: frozenset({"press"}),
            traffic=self.traffic,
            desk=self.desk,
        )
        self.session = NodeSession(Link(), 0, node)  # type: ignore[arg-type]
        self.session.begin()

    def serve(self) -> list[object]:
        written = []
        while (write := self.writes.take()) is not None:
            written.append((write.tag, write.value))
            write.done(write.value)
        self.desk.turn(time.monotonic())
        return written

    def close(self) -> None:
        self._reader.close()
        self.spool.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("fuzz"))
    yield made
    made.close()


TOPICS = st.sampled_from(
    [
        "spBv1.0/plant/NCMD/gw",
        "spBv1.0/plant/DCMD/gw/press",
        "spBv1.0/plant/DCMD/gw/ghost",
        "spBv1.0/plant/DCMD/gw/",
        "spBv1.0/STATE/taktline",
        "spBv1.0/plant/DDATA/gw/press",
        "",
    ]
)
VALUES: st.SearchStrategy[tuple[DataType, object]] = st.one_of(
    st.tuples(st.just(DataType.INT64), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just(DataType.DOUBLE), st.floats()),
    st.tuples(st.just(DataType.BOOLEAN), st.booleans()),
    st.tuples(st.just(DataType.STRING), st.text(st.characters(exclude_categories=["Cs"]), max_size=1200)),
    st.tuples(st.just(DataType.BYTES), st.binary(max_size=20)),
)
METRICS = st.builds(
    lambda name, alias, held, is_null: Metric(name, alias, 1, held[0], held[1], is_null),
    st.none() | st.sampled_from(["speed", "name", "Node Control/Rebirth", "Node Control/Stored Through"]),
    st.none() | st.integers(0, 12),
    VALUES,
    st.booleans(),
)
BODIES = st.one_of(
    st.none(),
    st.binary(max_size=80),
    st.binary(max_size=80).map(lambda raw: b"TC\x01" + raw),
    st.integers(-10_000, 4_000_000).map(lambda life: CommandHeader("x", max(0, real_ms() + life)).to_bytes()),
)
COMMANDS = st.builds(
    lambda metrics, body: encode(Payload(1, None, tuple(metrics), body)),
    st.lists(METRICS, max_size=4),
    BODIES,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(topic=TOPICS, raw=COMMANDS | st.binary(max_size=300))
def test_nothing_that_comes_down_breaks_the_session_or_the_rules(
    world: World, topic: str, raw: bytes
) -> None:
    world.session.receive(topic, raw)
    for tag, value in world.serve():
        if tag == "speed":
            assert isinstance(value, int)
            assert 0 <= value <= 100
        else:
            assert isinstance(value, str)
            assert len(value) <= 1000
    assert world.desk.under_way <= MAX_OPEN


@pytest.mark.parametrize(
    "raw",
    [
        b"\0" * 70_000,
        encode(Payload(1, None, tuple(Metric("speed", None, 1, DataType.INT32, 1) for _ in range(101)))),
        b"[" * 60_000,
    ],
    ids=["too many bytes", "too many writes", "nested without end"],
)
@pytest.mark.parametrize("topic", ["spBv1.0/plant/DCMD/gw/press", "spBv1.0/STATE/taktline"])
def test_what_is_too_much_is_counted_and_not_taken(world: World, topic: str, raw: bytes) -> None:
    before = world.traffic.bad_commands
    world.session.receive(topic, raw)
    assert world.traffic.bad_commands == before + 1
    assert world.serve() == []
