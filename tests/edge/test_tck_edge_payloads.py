"""The edge node's messages against Sparkplug 3.0, by tck-id."""

import pytest
from tck_life import BIRTHS, DATA, Life, metric

from edge.filters import ChangeFilter
from wire.commands import COMMAND_RESULT
from wire.session import BD_SEQ
from wire.sparkplug import DataType
from wire.sparkplug_schema import PayloadMessage
from wire.topics import Kind, Topic, TopicWrong


@pytest.mark.tck(
    "tck-id-intro-group-id-string",
    "tck-id-intro-group-id-chars",
    "tck-id-intro-edge-node-id-string",
    "tck-id-intro-edge-node-id-chars",
    "tck-id-intro-device-id-string",
    "tck-id-intro-device-id-chars",
    "tck-id-topic-structure-namespace-valid-group-id",
    "tck-id-topic-structure-namespace-valid-edge-node-id",
    "tck-id-topic-structure-namespace-valid-device-id",
    "tck-id-topic-structure-namespace-device-id-associated-message-types",
    "tck-id-topic-structure-namespace-device-id-non-associated-message-types",
)
def test_ids_that_no_topic_may_hold_are_refused() -> None:
    for wrong in ("", "a+", "a/b", "#", "a\0", "\ud800"):
        for parts in ((wrong, "n", "d"), ("g", wrong, "d"), ("g", "n", wrong)):
            with pytest.raises(TopicWrong):
                Topic(parts[0], Kind.DDATA, parts[1], parts[2])
    assert str(Topic("工厂", Kind.DDATA, "网关", "d")) == "spBv1.0/工厂/DDATA/网关/d"
    for kind in Kind:
        with pytest.raises(TopicWrong):
            Topic("g", kind, "n", None if kind.is_of_device else "d")


@pytest.mark.tck(
    "tck-id-topic-structure",
    "tck-id-topic-structure-namespace-a",
    "tck-id-topics-nbirth-topic",
    "tck-id-topics-ndata-topic",
    "tck-id-topics-ndeath-topic",
    "tck-id-topics-dbirth-topic",
    "tck-id-topics-ddata-topic",
    "tck-id-topics-ddeath-topic",
    "tck-id-message-flow-edge-node-birth-publish-nbirth-topic",
    "tck-id-message-flow-device-birth-publish-dbirth-topic",
    "tck-id-message-flow-device-birth-publish-dbirth-match-edge-node-topic",
)
def test_every_message_stands_on_its_topic(life: Life) -> None:
    expected = {f"spBv1.0/plant/{kind}/gw" for kind in ("NBIRTH", "NDATA", "NDEATH")} | {
        f"spBv1.0/plant/{kind}/gw/{device}" for kind in ("DBIRTH", "DDATA") for device in ("press", "reader")
    }
    assert {packet.topic for packet in life.sent()} == expected | {"spBv1.0/plant/DDEATH/gw/reader"}


@pytest.mark.tck(
    "tck-id-topics-nbirth-mqtt",
    "tck-id-topics-ndata-mqtt",
    "tck-id-topics-dbirth-mqtt",
    "tck-id-topics-ddata-mqtt",
    "tck-id-topics-ddeath-mqtt",
    "tck-id-message-flow-edge-node-birth-publish-nbirth-qos",
    "tck-id-message-flow-edge-node-birth-publish-nbirth-retained",
    "tck-id-message-flow-device-birth-publish-dbirth-qos",
    "tck-id-message-flow-device-birth-publish-dbirth-retained",
    "tck-id-payloads-nbirth-qos",
    "tck-id-payloads-nbirth-retain",
    "tck-id-payloads-dbirth-qos",
    "tck-id-payloads-dbirth-retain",
    "tck-id-payloads-ndata-qos",
    "tck-id-payloads-ndata-retain",
    "tck-id-payloads-ddata-qos",
    "tck-id-payloads-ddata-retain",
)
def test_all_but_the_death_of_the_node_go_at_qos_0_and_unretained(life: Life) -> None:
    packets = life.sent(*BIRTHS, *DATA, "DDEATH")
    assert {packet.message_type for packet in packets} == {*BIRTHS, *DATA, "DDEATH"}
    assert {(packet.qos, packet.retain) for packet in packets} == {(0, False)}


@pytest.mark.tck(
    "tck-id-topics-nbirth-seq-num",
    "tck-id-topics-ndata-seq-num",
    "tck-id-topics-dbirth-seq",
    "tck-id-topics-ddata-seq-num",
    "tck-id-topics-ddeath-seq-num",
    "tck-id-message-flow-edge-node-birth-publish-nbirth-payload-seq",
    "tck-id-message-flow-device-birth-publish-dbirth-payload-seq",
    "tck-id-payloads-sequence-num-always-included",
    "tck-id-payloads-sequence-num-req-nbirth",
    "tck-id-payloads-sequence-num-incrementing",
    "tck-id-payloads-nbirth-seq",
    "tck-id-payloads-dbirth-seq",
    "tck-id-payloads-dbirth-seq-inc",
    "tck-id-payloads-ndata-seq",
    "tck-id-payloads-ndata-seq-inc",
    "tck-id-payloads-ddata-seq",
    "tck-id-payloads-ddata-seq-inc",
    "tck-id-payloads-ddeath-seq",
    "tck-id-payloads-ddeath-seq-inc",
    "tck-id-payloads-ddeath-seq-number",
)
def test_seq_counts_every_message_from_its_birth_and_wraps_after_255(life: Life) -> None:
    runs = life.births()
    assert max(len(run) for run in runs) > 256
    for run in runs:
        seqs = [packet.payload.seq for packet in run if packet.message_type != "NDEATH"]
        assert seqs == [n % 256 for n in range(len(seqs))]


@pytest.mark.tck(
    "tck-id-topics-nbirth-timestamp",
    "tck-id-topics-ndata-timestamp",
    "tck-id-topics-dbirth-timestamp",
    "tck-id-topics-ddata-timestamp",
    "tck-id-payloads-timestamp-in-UTC",
    "tck-id-payloads-metric-timestamp-in-UTC",
    "tck-id-payloads-name-birth-data-requirement",
    "tck-id-payloads-nbirth-timestamp",
    "tck-id-payloads-dbirth-timestamp",
    "tck-id-payloads-ndata-timestamp",
    "tck-id-payloads-ddata-timestamp",
    "tck-id-payloads-ddeath-timestamp",
)
def test_payloads_and_metrics_carry_their_time_in_utc(life: Life) -> None:
    for packet in life.sent(*BIRTHS, *DATA, "DDEATH"):
        assert life.started_ms <= (packet.payload.timestamp_ms or 0) <= life.ended_ms
        for m in packet.payload.metrics:
            assert life.started_ms <= (m.timestamp_ms or 0) <= life.ended_ms


@pytest.mark.tck(
    "tck-id-topics-nbirth-metric-reqs",
    "tck-id-topics-nbirth-metrics",
    "tck-id-topics-dbirth-metric-reqs",
    "tck-id-topics-dbirth-metrics",
    "tck-id-operational-behavior-data-publish-nbirth",
    "tck-id-operational-behavior-data-publish-nbirth-values",
    "tck-id-operational-behavior-data-publish-dbirth",
    "tck-id-operational-behavior-data-publish-dbirth-values",
    "tck-id-payloads-name-requirement",
    "tck-id-payloads-alias-uniqueness",
    "tck-id-payloads-alias-birth-requirement",
    "tck-id-payloads-metric-datatype-value-type",
    "tck-id-payloads-metric-datatype-value",
    "tck-id-payloads-metric-datatype-req",
    "tck-id-message-flow-edge-node-birth-publish-nbirth-payload",
    "tck-id-message-flow-device-birth-publish-dbirth-payload",
)
def test_births_list_every_metric_with_name_alias_datatype_and_value(life: Life) -> None:
    for run in life.births():
        births = [packet for packet in run if packet.message_type in BIRTHS]
        aliases = set()
        for birth in births:
            for m in PayloadMessage.FromString(birth.raw).metrics:
                assert m.name
                assert 1 <= m.datatype <= 34
                assert m.is_null != (m.WhichOneof("value") is not None)
        first_of = {birth.topic: birth for birth in births}
        for birth in first_of.values():
            aliases |= {m.alias for m in birth.payload.metrics if m.alias is not None}
        for packet in run:
            if packet.message_type in DATA:
                assert {m.alias for m in packet.payload.metrics} <= aliases
        named = [m for birth in first_of.values() for m in birth.payload.metrics]
        without = {m.name for m in named if m.alias is None}
        assert without == {BD_SEQ, "Node Control/Rebirth"}
        assert len(aliases) == len(named) - 2, "aliases are unique over the node"


@pytest.mark.tck(
    "tck-id-topics-nbirth-rebirth-metric",
    "tck-id-operational-behavior-data-commands-rebirth-name",
    "tck-id-operational-behavior-data-commands-rebirth-name-aliases",
    "tck-id-operational-behavior-data-commands-rebirth-datatype",
    "tck-id-operational-behavior-data-commands-rebirth-value",
    "tck-id-payloads-nbirth-rebirth-req",
)
def test_the_birth_offers_a_rebirth(life: Life) -> None:
    for birth in life.sent("NBIRTH"):
        found = metric(birth, "Node Control/Rebirth")
        assert (found.datatype, found.value, found.alias) == (DataType.BOOLEAN, False, None)


@pytest.mark.tck(
    "tck-id-topics-ndata-payload",
    "tck-id-topics-ddata-payload",
    "tck-id-payloads-alias-data-cmd-requirement",
    "tck-id-payloads-metric-datatype-not-req",
    "tck-id-operational-behavior-data-publish-nbirth-change",
)
def test_data_carry_alias_and_value_of_what_changed(life: Life) -> None:
    packets = life.sent(*DATA)
    assert {packet.message_type for packet in packets} == set(DATA)
    for packet in packets:
        for m in packet.payload.metrics:
            assert (m.name, m.datatype) == (None, 0)
            assert m.alias is not None
    # NDATA came once for each result of a command, and for nothing else.
    assert len(life.sent("NDATA")) == 2
    assert COMMAND_RESULT in {m.name for m in life.sent("NBIRTH")[0].payload.metrics}


@pytest.mark.tck(
    "tck-id-principles-rbe-recommended", "tck-id-operational-behavior-data-publish-dbirth-change"
)
def test_a_value_that_does_not_change_is_not_reported() -> None:
    change = ChangeFilter(None)
    assert [change.passes(value, 192) for value in (1, 1, 2, 2, 1)] == [True, False, True, False, True]


@pytest.mark.tck(
    "tck-id-operational-behavior-data-publish-nbirth-order",
    "tck-id-operational-behavior-data-publish-dbirth-order",
)
def test_live_values_of_a_tag_keep_their_order_in_time(life: Life) -> None:
    for kinds in (("DDATA",), ("NDATA",)):
        times: dict[int | None, int] = {}
        for packet in life.sent(*kinds):
            for m in packet.payload.metrics:
                if not m.is_historical:
                    assert (m.timestamp_ms or 0) >= times.get(m.alias, 0)
                    times[m.alias] = m.timestamp_ms or 0
        assert times


@pytest.mark.tck(
    "tck-id-payloads-propertyset-quality-value-type", "tck-id-payloads-propertyset-quality-value-value"
)
def test_quality_is_an_int32_of_0_192_or_500(life: Life) -> None:
    found = []
    for packet in life.sent(*BIRTHS, *DATA):
        for m in PayloadMessage.FromString(packet.raw).metrics:
            for key, held in zip(m.properties.keys, m.properties.values, strict=True):
                assert (key, held.type, held.WhichOneof("value")) == ("Quality", 3, "int_value")
                found.append(held.int_value)
    assert set(found) == {0, 500}  # good is the absence of the property


@pytest.mark.tck(
    "tck-id-operational-behavior-data-commands-ncmd-metric-value",
    "tck-id-operational-behavior-data-commands-dcmd-metric-value",
    "tck-id-payloads-name-cmd-requirement",
)
def test_commands_that_do_not_fit_are_refused_and_reported(life: Life) -> None:
    texts = [str(point.value) for point in life.host.points if point.tag.endswith(COMMAND_RESULT)]
    assert len(texts) == 2
    assert any("is no number" in text for text in texts)
    assert any("not writable" in text for text in texts)
