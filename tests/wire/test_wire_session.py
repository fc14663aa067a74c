"""The host's view of edge nodes, ours and other people's."""

from dataclasses import replace

import pytest

from wire.quality import BAD
from wire.receipts import STORED_THROUGH, BatchHeader, GapReason
from wire.session import HostSessions, NodeSession
from wire.session_events import (
    DeviceBorn,
    DeviceDied,
    LetGo,
    MessagesMissed,
    NodeBorn,
    NodeDied,
    NodeId,
    PointsCame,
    RebirthWanted,
    SessionEvent,
)
from wire.sparkplug import DataType, Metric, Payload, decode, encode
from wire.topics import Kind, Topic

ID = NodeId("plant", "gw")
STREAM = bytes(range(16))
BD = Metric("bdSeq", datatype=DataType.INT64, value=3)
RECEIPTS = Metric(STORED_THROUGH, 1, 0, DataType.STRING, None, is_null=True)
STATE, GOOD_COUNT = Metric("state", 5, 0, DataType.INT32, 1), Metric("good", 6, 0, DataType.INT64, 0)


def topic(kind: Kind, device: str | None = None) -> Topic:
    return Topic("plant", kind, "gw", device)


class Node:
    """Speaks to a session as a node would, through the codec."""

    def __init__(self, *, ours: bool = True) -> None:
        self.session = NodeSession(ID, reorder_s=2.0, rebirth_every_s=5.0)
        self.ours = ours
        self.now_s = 100.0

    def say(self, kind: Kind, payload: Payload, device: str | None = None) -> list[SessionEvent]:
        return self.session.receive(topic(kind, device), decode(encode(payload)), self.now_s)

    def birth(self, bd_seq: int = 3) -> list[SessionEvent]:
        bd = BD._replace(value=bd_seq)
        events = self.say(Kind.NBIRTH, Payload(1, 0, (bd, RECEIPTS) if self.ours else (bd,)))
        return events + self.say(Kind.DBIRTH, Payload(2, 1, (STATE, GOOD_COUNT)), "press")

    def data(self, seq: int | None, value: int, position: int | None = None) -> list[SessionEvent]:
        metric = Metric(
            alias=5, timestamp_ms=1000 + value, datatype=DataType.UINT32, value=value & 0xFFFF_FFFF
        )
        payload = Payload(1000 + value, seq, (metric,))
        if position is not None:
            payload = replace(payload, body=BatchHeader(STREAM, position - 1, position).to_bytes())
        raw = decode(encode(payload))
        bare = replace(raw, metrics=tuple(m._replace(datatype=0) for m in raw.metrics))
        return self.session.receive(topic(Kind.DDATA, "press"), bare, self.now_s)

    def tick(self, passed_s: float) -> list[SessionEvent]:
        self.now_s += passed_s
        return self.session.tick(self.now_s)


def values(events: list[SessionEvent]) -> list[object]:
    return [point.value for event in events if isinstance(event, PointsCame) for point in event.points]


def kinds(events: list[SessionEvent]) -> list[type]:
    return [type(event) for event in events]


def test_births_make_a_node_and_its_devices_known() -> None:
    node = Node()
    born, device = node.birth()
    assert isinstance(born, NodeBorn)
    assert (born.bd_seq, born.keeps_receipts, born.receipt_alias, born.is_rebirth) == (3, True, 1, False)
    assert isinstance(device, DeviceBorn)
    assert [m.name for m in device.metrics] == ["state", "good"]
    assert node.session.devices == {"press"}


def test_a_third_party_s_node_is_taken_as_it_is() -> None:
    node = Node(ours=False)
    born = node.birth()[0]
    assert isinstance(born, NodeBorn)
    assert not born.keeps_receipts
    (came,) = node.data(2, 7)
    assert isinstance(came, PointsCame)
    assert came.header is None
    assert came.points[0][:4] == ("state", 1007, 7, 192)


def test_values_are_resolved_by_the_birth_s_datatype() -> None:
    node = Node()
    node.birth()
    (came,) = node.data(2, -4, position=1)
    assert isinstance(came, PointsCame)
    assert (came.points[0].value, came.points[0].datatype) == (-4, DataType.INT32)
    assert came.header == BatchHeader(STREAM, 0, 1)


def test_a_value_of_another_kind_than_its_birth_is_bad_not_lost() -> None:
    node = Node()
    node.birth()
    odd = Payload(5, 2, (Metric(alias=5, timestamp_ms=5, datatype=DataType.STRING, value="x"),))
    bare = replace(odd, metrics=(odd.metrics[0]._replace(datatype=0),))
    (came,) = node.session.receive(topic(Kind.DDATA, "press"), bare, 100.0)
    assert isinstance(came, PointsCame)
    assert (came.points[0].value, came.points[0].quality) == (None, BAD)


def test_data_without_a_birth_asks_for_one_at_most_every_few_seconds() -> None:
    node = Node()
    assert kinds(node.data(4, 1)) == [LetGo, RebirthWanted]
    assert kinds(node.data(5, 2)) == [LetGo]
    assert node.tick(4.9) == []
    assert kinds(node.tick(0.2)) == [RebirthWanted]
    assert kinds(node.birth()) == [NodeBorn, DeviceBorn]
    assert node.tick(60) == []


def test_an_unknown_alias_lets_the_payload_go_and_asks_for_births() -> None:
    node = Node()
    node.birth()
    payload = Payload(1, 2, (Metric(alias=5, datatype=3, value=1), Metric(alias=77, datatype=3, value=2)))
    assert kinds(node.say(Kind.DDATA, payload, "press")) == [LetGo, RebirthWanted]


def test_an_alias_of_another_device_is_unknown() -> None:
    node = Node()
    node.birth()
    node.say(Kind.DBIRTH, Payload(1, 2, (Metric("x", 9, 0, DataType.INT32, 1),)), "lathe")
    payload = Payload(1, 3, (Metric(alias=9, timestamp_ms=1, datatype=3, value=1),))
    assert kinds(node.say(Kind.DDATA, payload, "press")) == [LetGo, RebirthWanted]


def test_reordered_messages_of_a_third_party_come_out_in_order() -> None:
    node = Node(ours=False)
    node.birth()
    assert node.data(4, 3) == []
    assert node.data(3, 2) == []
    assert values(node.data(2, 1)) == [1, 2, 3]
    assert node.tick(10) == []


def test_a_hole_is_given_up_after_the_reorder_time_and_named() -> None:
    node = Node(ours=False)
    node.birth()
    node.data(2, 1)
    assert node.data(5, 4) == []
    assert node.tick(1.9) == []
    missed, wanted, came = sorted(node.tick(0.2), key=lambda e: type(e).__name__ == "PointsCame")
    assert missed == MessagesMissed(ID, 2, 1001, 1004)
    assert isinstance(wanted, RebirthWanted)
    assert values([came]) == [4]
    assert values(node.data(6, 5)) == [5]


def test_a_batch_of_ours_does_not_wait_for_a_hole() -> None:
    node = Node()
    node.birth()
    assert values(node.data(4, 3, position=3)) == [3]
    assert values(node.data(2, 1, position=1)) == [1]
    assert values(node.data(3, 2, position=2)) == [2]
    assert node.tick(10) == []
    assert values(node.data(5, 4, position=4)) == [4]


def test_a_third_party_s_repeated_message_is_not_taken_twice() -> None:
    node = Node(ours=False)
    node.birth()
    assert values(node.data(2, 1)) == [1]
    assert kinds(node.data(2, 1)) == [LetGo]


def test_sequence_numbers_wrap_after_255() -> None:
    node = Node(ours=False)
    node.birth()
    for seq in [*range(2, 256), 0, 1, 2]:
        assert values(node.data(seq, seq)) == [seq]


def test_a_message_without_a_sequence_number_is_taken_as_it_comes() -> None:
    node = Node(ours=False)
    node.birth()
    assert values(node.data(None, 9)) == [9]


def test_a_death_of_another_session_is_ignored_and_a_doubled_one_too() -> None:
    node = Node()
    node.birth(bd_seq=4)
    old, own = (Payload(metrics=(BD._replace(value=n),)) for n in (3, 4))
    assert kinds(node.say(Kind.NDEATH, old)) == [LetGo]
    assert node.session.is_online
    assert kinds(node.say(Kind.NDEATH, own)) == [NodeDied]
    assert kinds(node.say(Kind.NDEATH, own)) == [LetGo]
    assert (node.session.is_online, node.session.devices) == (False, set())


def test_a_rebirth_is_told_from_a_new_session() -> None:
    node = Node()
    node.birth(bd_seq=4)
    assert [e.is_rebirth for bd in (4, 5) for e in node.birth(bd) if isinstance(e, NodeBorn)] == [True, False]


def test_a_dead_device_s_data_asks_for_its_birth() -> None:
    node = Node()
    node.birth()
    (died,) = node.say(Kind.DDEATH, Payload(50, 2), "press")
    assert died == DeviceDied(ID, "press", 50)
    assert kinds(node.data(3, 1)) == [LetGo, RebirthWanted]


def test_a_broken_header_is_let_go_without_asking_for_births() -> None:
    node = Node()
    node.birth()
    payload = Payload(1, 2, (Metric(alias=5, timestamp_ms=1, datatype=3, value=1),), body=b"TL\x01\x00")
    assert kinds(node.say(Kind.DDATA, payload, "press")) == [LetGo]


def test_a_metric_without_any_time_is_let_go() -> None:
    node = Node(ours=False)
    node.birth()
    assert kinds(
        node.say(Kind.DDATA, Payload(None, 2, (Metric(alias=5, datatype=3, value=1),)), "press")
    ) == [LetGo]


def test_a_gap_of_the_node_passes_without_points() -> None:
    node = Node()
    node.birth()
    payload = Payload(9, 2, (), BatchHeader(STREAM, 0, 5, GapReason.DROPPED).to_bytes())
    (came,) = node.say(Kind.NDATA, payload)
    assert isinstance(came, PointsCame)
    assert (came.device, came.points) == ("", ())
    assert came.header is not None
    assert came.header.is_gap


def test_commands_of_hosts_make_no_session() -> None:
    sessions = HostSessions()
    assert sessions.receive(topic(Kind.NCMD), Payload(1), 0.0) == []
    assert sessions.nodes == {}


def test_sessions_of_nodes_are_apart() -> None:
    sessions = HostSessions(rebirth_every_s=5)
    for name in ("a", "b"):
        events = sessions.receive(Topic("plant", Kind.NDATA, name), Payload(1, 3), 10.0)
        assert [e.id for e in events if isinstance(e, RebirthWanted)] == [NodeId("plant", name)]
    assert sessions.tick(11.0) == []


def test_the_host_s_own_wish_for_births_is_rate_limited_too() -> None:
    node = Node()
    node.birth()
    assert kinds(node.session.want_rebirth("unreadable", 100.0)) == [RebirthWanted]
    assert node.session.want_rebirth("unreadable", 101.0) == []


@pytest.mark.parametrize("kind", [Kind.NDATA, Kind.DDATA])
def test_a_metric_may_be_addressed_by_name(kind: Kind) -> None:
    node = Node(ours=False)
    node.birth()
    device = "press" if kind.is_of_device else None
    name = "state" if device else "bdSeq"
    payload = Payload(7, 2, (Metric(name, None, None, DataType.INT32, 4),))
    (came,) = node.say(kind, payload, device)
    assert isinstance(came, PointsCame)
    assert came.points[0][:3] == (name, 7, 4)
