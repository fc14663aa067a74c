"""Sparkplug topics."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.topics import Kind, StateTopic, Topic, TopicWrong, parse, split_tag, tag_address

IDS = st.text(st.characters(exclude_characters="+#/\0", exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(IDS, st.sampled_from(Kind), IDS, IDS)
def test_a_topic_is_read_back(group: str, kind: Kind, node: str, device: str) -> None:
    topic = Topic(group, kind, node, device if kind.is_of_device else None)
    assert parse(str(topic)) == topic


@given(IDS)
def test_a_state_topic_is_read_back(host: str) -> None:
    assert parse(str(StateTopic(host))) == StateTopic(host)


def test_topics_read_as_the_specification_writes_them() -> None:
    assert str(Topic("suzhou", Kind.DDATA, "gw-l1", "L1-OP10")) == "spBv1.0/suzhou/DDATA/gw-l1/L1-OP10"
    assert str(Topic("suzhou", Kind.NBIRTH, "gw-l1")) == "spBv1.0/suzhou/NBIRTH/gw-l1"
    assert str(StateTopic("taktline")) == "spBv1.0/STATE/taktline"


@given(st.text(max_size=60))
def test_any_text_is_a_topic_or_refused(text: str) -> None:
    for candidate in (text, f"spBv1.0/{text}"):
        try:
            assert str(parse(candidate)) == candidate
        except TopicWrong:
            continue


@pytest.mark.parametrize("wrong", ["", "a/b", "a+", "#", "a\0"])
def test_an_illegal_id_is_refused(wrong: str) -> None:
    with pytest.raises(TopicWrong):
        Topic(wrong, Kind.NDATA, "n")
    with pytest.raises(TopicWrong):
        Topic("g", Kind.DDATA, "n", wrong)


@pytest.mark.parametrize(
    "text",
    ["spAv1.0/g/NDATA/n", "spBv1.0/g/NDATA", "spBv1.0/g/XDATA/n", "spBv1.0/g/DDATA/n", "spBv1.0/g/NDATA/n/d"],
)
def test_what_is_no_sparkplug_topic_is_refused(text: str) -> None:
    with pytest.raises(TopicWrong):
        parse(text)


def test_a_tag_address_keeps_slashes_of_its_metric() -> None:
    assert split_tag(tag_address("g", "n", None, "Node Control/Rebirth")) == (
        "g",
        "n",
        "",
        "Node Control/Rebirth",
    )
    with pytest.raises(TopicWrong):
        split_tag("g/n/d")
