"""Commands from the API to a gateway and the word of what became of them, over a real broker."""

import time
from collections.abc import Callable

import paho.mqtt.client as mqtt
import pytest
from edge_player import MACHINE, EdgePlayer, Stream, wait_for
from fastapi.testclient import TestClient

from cloud.gateways.tables import GatewayCommand
from cloud.identity.actions import DEMO_PASSWORD
from wire.clock import real_ms
from wire.commands import COMMAND_RESULT, CommandHeader, CommandResult, Outcome
from wire.sparkplug import DataType, Metric, Payload, decode

pytestmark = pytest.mark.slow

Players = Callable[..., EdgePlayer]
TAGS = {MACHINE: {"setpoint": DataType.DOUBLE, "good": DataType.INT64}}
WRITE = f"/gateways/suzhou/gw-l1/devices/{MACHINE}/tags/setpoint/write"


class Commanded(EdgePlayer):
    """A gateway that keeps the DCMDs it hears."""

    def listen(self) -> None:
        self.commands: list[Payload] = []
        self.client.subscribe(self.topic("DCMD", MACHINE), 1)
        self.client.message_callback_add(self.topic("DCMD", MACHINE), self._commanded)

    def _commanded(self, _client: mqtt.Client, _userdata: object, message: mqtt.MQTTMessage) -> None:
        self.commands.append(decode(bytes(message.payload)))

    def answers(self, stream: Stream, outcome: Outcome, value: float | None, reason: str = "") -> None:
        header = CommandHeader.from_body(self.commands[-1].body)
        assert header is not None
        result = CommandResult(header.id, MACHINE, "setpoint", outcome, value, reason, header.requester)
        at_ms = real_ms()
        metric = Metric(COMMAND_RESULT, None, at_ms, DataType.STRING, result.to_text())
        self.raw(self.topic("NDATA"), self.batch(stream, [metric], None))


@pytest.fixture
def edge(client: TestClient, broker: int) -> "object":  # noqa: ARG001  it must be running
    played = Commanded(broker)
    played.listen()
    played.birth(TAGS)
    yield played
    played.close()


def born(client: TestClient) -> None:
    def is_there() -> bool:
        found = client.get(f"/gateways/suzhou/gw-l1/devices/{MACHINE}/tags").json()
        return any(tag["tag"] == "setpoint" for tag in found)

    wait_for(is_there, "born")


def newest(client: TestClient) -> dict[str, object]:
    found: dict[str, object] = client.get("/gateways/commands?gateway=suzhou/gw-l1").json()[0]
    return found


def test_a_write_goes_down_by_alias_and_its_result_comes_back(client: TestClient, edge: Commanded) -> None:
    born(client)
    stream = Stream()
    edge.send(stream, MACHINE, [edge.metric(MACHINE, "setpoint", real_ms(), 3.5)])
    wait_for(lambda: edge.stored_through(stream) == 1, "value stored")
    asked = client.post(WRITE, json={"value": 4, "reason": "new product"})
    assert asked.status_code == 202, asked.text
    assert (asked.json()["state"], asked.json()["value_before"]) == ("pending", 3.5)
    wait_for(lambda: edge.commands, "heard")
    metric = edge.commands[0].metrics[0]
    assert (metric.name, metric.alias, metric.value) == (None, edge.aliases[MACHINE, "setpoint"], 4.0)
    header = CommandHeader.from_body(edge.commands[0].body)
    assert header is not None
    assert (header.id, header.requester, header.reason) == (asked.json()["id"], "admin", "new product")
    edge.answers(stream, Outcome.DONE, 4.0)
    wait_for(lambda: newest(client)["state"] == "done", "settled")
    assert newest(client)["value_after"] == 4.0
    assert newest(client)["settled_at"]
    assert len(edge.commands) == 1


def test_a_refusal_shows_its_reason(client: TestClient, edge: Commanded) -> None:
    born(client)
    assert client.post(WRITE, json={"value": 4.5, "reason": "try it"}).status_code == 202
    wait_for(lambda: edge.commands, "heard")
    edge.answers(Stream(), Outcome.REFUSED, 4.5, "not writable")
    wait_for(lambda: newest(client)["state"] == "refused", "settled")
    assert newest(client)["outcome"] == "not writable"


def test_a_rebirth_is_done_when_the_births_have_come(client: TestClient, edge: Commanded) -> None:
    born(client)
    asked = client.post("/gateways/suzhou/gw-l1/rebirth", json={"reason": "names changed"})
    assert asked.status_code == 202, asked.text
    wait_for(lambda: newest(client)["state"] == "done", "reborn")
    assert edge.rebirths >= 1


def test_what_is_not_answered_expires(client: TestClient, edge: Commanded) -> None:
    born(client)
    assert client.post(WRITE, json={"value": 5, "reason": "nobody answers"}).status_code == 202
    wait_for(lambda: edge.commands, "heard")
    with client.app.state.db.write() as session:  # type: ignore[attr-defined]  time is made to pass
        session.get(GatewayCommand, 1).expires_ms = real_ms() - 60_000
    wait_for(lambda: newest(client)["state"] == "expired", "expired")
    edge.answers(Stream(), Outcome.DONE, 5.0)
    wait_for(lambda: newest(client)["state"] == "done", "a late word still counts")


def test_wrong_wishes_are_refused_at_the_door(client: TestClient, edge: Commanded) -> None:
    born(client)
    for body, code in (
        ({"value": "x", "reason": "why not"}, "wrong_value"),
        ({"value": 1, "reason": ""}, "invalid"),
        ({"value": True, "reason": "why not"}, "wrong_value"),
    ):
        answer = client.post(WRITE, json=body)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    good = f"/gateways/suzhou/gw-l1/devices/{MACHINE}/tags/good/write"
    assert client.post(good, json={"value": 1.5, "reason": "half"}).json()["code"] == "wrong_value"
    assert (
        client.post(WRITE.replace("setpoint", "x/y"), json={"value": 1, "reason": "why"}).status_code == 404
    )
    assert client.post("/gateways/a/b/rebirth", json={"reason": "who"}).status_code == 404
    edge.publish("NDEATH", None, edge._death())
    wait_for(lambda: not client.get("/gateways").json()[0]["online"], "offline")
    gone = client.post("/gateways/suzhou/gw-l1/rebirth", json={"reason": "wake up"})
    assert (gone.status_code, gone.json()["code"]) == (409, "gateway_offline")
    tag = client.get(f"/gateways/suzhou/gw-l1/devices/{MACHINE}/tags").json()[0]
    assert tag["quality"] == 500


def test_a_third_party_s_write_is_done_when_the_node_reports_the_value(
    client: TestClient, player: Players
) -> None:
    other = player("gw-l1", is_ours=False)
    other.birth(TAGS)
    born(client)
    assert client.post(WRITE, json={"value": 8, "reason": "foreign"}).status_code == 202
    wait_for(lambda: newest(client)["state"] == "sent", "sent")
    at_ms = int(time.time() * 1000)
    other.publish(
        "DDATA", MACHINE, Payload(at_ms, other.next_seq(), (other.metric(MACHINE, "setpoint", at_ms, 8.0),))
    )
    wait_for(lambda: newest(client)["state"] == "done", "seen")
    assert newest(client)["value_after"] == 8.0


def test_the_fleet_tells_what_a_gateway_tells_of_itself(client: TestClient, edge: Commanded) -> None:
    born(client)
    told = [
        ("Gateway/Spool/Waiting Batches", 7),
        ("Gateway/Errors", 2),
        (f"Gateway/Devices/{MACHINE}/Errors", 1),
    ]
    metrics = [Metric(name, None, 1, DataType.INT64, value) for name, value in told]
    state = Metric(f"Gateway/Devices/{MACHINE}/State", None, 1, DataType.STRING, "up")
    bd_seq = Metric("bdSeq", None, 1, DataType.INT64, edge.bd_seq)
    edge.publish("NBIRTH", None, Payload(real_ms(), 0, (bd_seq, *metrics, state)))
    wait_for(lambda: client.get("/gateways").json()[0]["spool"], "told")
    gateway = client.get("/gateways").json()[0]
    assert (gateway["spool"]["waiting_batches"], gateway["errors"]) == (7, 2)
    assert (gateway["devices"][0]["state"], gateway["devices"][0]["errors"]) == ("up", 1)


def test_only_who_may_commands(client: TestClient, edge: Commanded) -> None:
    born(client)
    for name, status in (("manager", 403), ("operator", 403)):
        client.post("/session", json={"username": name, "password": DEMO_PASSWORD})
        assert client.post(WRITE, json={"value": 1, "reason": "because"}).status_code == status
        assert client.post("/system/quarantine/1/replay").status_code == status
    assert client.get("/gateways").status_code == 403
    assert edge.commands == []


def test_a_replay_is_recorded_with_who_and_outcome(client: TestClient, edge: Commanded) -> None:
    edge.raw(edge.topic("NDATA"), b"\xff\xff")
    wait_for(lambda: client.get("/system/quarantine").json(), "kept")
    number = client.get("/system/quarantine").json()[0]["id"]
    answer = client.post(f"/system/quarantine/{number}/replay")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["outcome"], answer.json()["by"]) == ("not_understood", "admin")
    assert client.get("/system/quarantine").json()[0]["replay"]["outcome"] == "not_understood"
    assert client.post("/system/quarantine/999/replay").status_code == 404
