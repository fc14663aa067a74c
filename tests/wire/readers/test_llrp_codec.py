"""LLRP: messages survive any cut of the stream, what sllurp writes is read and the other way round."""

import struct
import time
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sllurp.llrp import LLRPMessage
from sllurp.llrp_proto import LLRPROSpec

from wire.readers import TagRead
from wire.readers.llrp import LlrpWrong, Message, MessageStream, Status, Type, parameters, tlv, tv
from wire.readers.llrp_device import Announcement, Attempt, Capabilities, Mode, Settings
from wire.readers.llrp_reports import decode_report, encode_report, rows
from wire.readers.llrp_rospec import ROSPEC, AntennaPlan, RoSpec, State

EPC = "30340242201D8840000F4241"
T0_US = 1_772_409_600_000_000

times = st.integers(0, 2**64 - 1)
bodies = st.binary(max_size=200)
messages = st.builds(
    Message,
    st.sampled_from([int(kind) for kind in Type]),
    st.integers(0, 2**32 - 1),
    bodies,
    st.sampled_from([1, 2]),
)
reads_96 = st.builds(
    TagRead,
    st.binary(min_size=12, max_size=12).map(lambda b: b.hex().upper()),
    st.integers(0, 65_535),
    st.integers(-128, 127),
    times,
    times,
    st.integers(0, 65_535),
)
reads_any = st.builds(
    TagRead,
    st.binary(min_size=1, max_size=62).map(lambda b: b.hex().upper()),
    st.integers(0, 65_535),
    st.none() | st.integers(-128, 127),
    st.just(T0_US),
    st.just(T0_US + 1),
    st.integers(0, 65_535),
)


def in_chunks(raw: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    return [raw[a:b] for a, b in pairwise(edges)]


@given(st.lists(messages, max_size=6), st.lists(st.integers(0, 5000), max_size=12))
def test_messages_are_the_same_wherever_the_stream_is_cut(sent: list[Message], cuts: list[int]) -> None:
    stream = MessageStream()
    raw = b"".join(message.encode() for message in sent)
    got = [message for chunk in in_chunks(raw, cuts) for message in stream.feed(chunk)]
    assert got == sent
    assert stream.waiting == 0


@given(st.lists(st.binary(max_size=80), max_size=10))
def test_any_bytes_are_messages_or_refused_and_nothing_is_hoarded(chunks: list[bytes]) -> None:
    stream = MessageStream(longest=64)
    try:
        for chunk in chunks:
            for message in stream.feed(chunk):
                assert len(message.body) <= 54
            assert stream.waiting < 64
    except LlrpWrong:
        assert stream.waiting <= 64 + 80


def test_messages_in_front_of_a_broken_header_are_given_out() -> None:
    stream = MessageStream()
    got = stream.feed(Message(62, 8).encode() + b"GET / HTTP/1.1\r\n")
    assert next(got).id == 8
    with pytest.raises(LlrpWrong, match="versions"):
        next(got)


@given(bodies)
def test_any_body_is_decoded_or_refused_by_every_decoder(body: bytes) -> None:
    decoders = (
        decode_report,
        Capabilities.decode,
        Settings.decode,
        Announcement.decode,
        RoSpec.decode,
        AntennaPlan.decode,
        lambda raw: Status.of(Message(11, 1, raw)),
    )
    for decode in decoders:
        with suppress(LlrpWrong):
            decode(body)


@given(
    st.recursive(
        bodies.map(lambda b: tlv(240, b)),
        lambda inner: st.tuples(st.sampled_from([137, 143, 144, 177, 183, 186, 222, 240, 246]), inner).map(
            lambda pair: tlv(pair[0], pair[1])
        ),
        max_leaves=5,
    )
)
def test_nested_rubbish_is_decoded_or_refused(body: bytes) -> None:
    test_any_body_is_decoded_or_refused_by_every_decoder.hypothesis.inner_test(body)


@given(reads=st.lists(reads_96, min_size=1, max_size=20), is_uptime=st.booleans(), is_text=st.booleans())
def test_a_uniform_report_takes_the_fast_way_and_says_the_same(
    *, reads: list[TagRead], is_uptime: bool, is_text: bool
) -> None:
    body = encode_report(reads, is_uptime=is_uptime, is_text=is_text)
    assert rows(body) is not None
    report = decode_report(body)
    assert report.reads == reads
    assert report.is_uptime == is_uptime
    # One parameter that the layout does not know sends the same tags the slow way.
    mixed = body + tlv(1023, struct.pack(">II", 25_882, 1))
    assert rows(mixed) is None
    assert decode_report(mixed) == report


@given(st.lists(reads_any, max_size=8))
def test_any_reads_come_back_as_they_were_written(reads: list[TagRead]) -> None:
    assert decode_report(encode_report(reads)).reads == reads


@given(st.lists(reads_96, min_size=2, max_size=4), st.integers(0, 10_000), st.integers(0, 255))
def test_a_byte_that_was_changed_never_splits_the_two_ways(reads: list[TagRead], at: int, byte: int) -> None:
    body = bytearray(encode_report(reads))
    body[at % len(body)] = byte
    fast = rows(bytes(body))
    if fast is not None:
        padded = bytes(body) + tlv(1023, b"\0" * 8)
        assert decode_report(padded) == decode_report(bytes(body))


def test_unknown_tlv_is_passed_over_and_unknown_tv_is_refused() -> None:
    body = tlv(999, b"x" * 9) + tv(1, 3)
    assert [p.type for p in parameters(body)] == [999, 1]
    with pytest.raises(LlrpWrong, match="unknown TV parameter 99; accepted: 1 to 20"):
        list(parameters(bytes([0x80 | 99, 0, 0])))


def test_an_empty_report_has_no_reads() -> None:
    assert decode_report(b"").reads == []


def test_a_tag_report_without_epc_is_refused() -> None:
    with pytest.raises(LlrpWrong, match="without an EPC"):
        decode_report(tlv(240, tv(1, 1)))


CAPABILITIES = Capabilities(
    antennas=2,
    powers={1: 1000, 2: 2000, 3: 3000},
    modes=(Mode(0, 640_000), Mode(1002, 160_000)),
    maker=25_882,
    model=7,
    firmware="6.4",
)


def test_what_a_reader_can_comes_back_and_is_read_by_sllurp() -> None:
    body = CAPABILITIES.encode()
    assert Capabilities.decode(body) == CAPABILITIES
    said = LLRPMessage(msgbytes=Message(11, 5, body).encode()).msgdict["GET_READER_CAPABILITIES_RESPONSE"]
    assert said["GeneralDeviceCapabilities"]["MaxNumberOfAntennaSupported"] == 2
    band = said["RegulatoryCapabilities"]["UHFBandCapabilities"]
    assert [entry["TransmitPowerValue"] for entry in band["TransmitPowerLevelTableEntry"]] == [
        1000,
        2000,
        3000,
    ]
    assert [m["ModeIdentifier"] for m in band["UHFC1G2RFModeTable"]["UHFC1G2RFModeTableEntry"]] == [0, 1002]


def test_power_is_the_strongest_level_not_above_the_wish() -> None:
    assert [CAPABILITIES.power_index(dbm) for dbm in (10, 19.9, 20, 31)] == [1, 1, 2, 3]
    with pytest.raises(LlrpWrong, match="accepted: 10 to 30 dBm"):
        CAPABILITIES.power_index(9)


def test_settings_and_announcements_come_back() -> None:
    settings = Settings(keepalive_ms=5000, is_held=True, events=frozenset({3, 8}), is_reset=False)
    assert Settings.decode(settings.encode()) == settings
    assert Settings.decode(Status().encode() + Settings(0, is_held=False).parameters(), 0) == Settings(
        0, is_held=False
    )
    said = Announcement(utc_us=T0_US, attempt=Attempt.ANOTHER_CLIENT_IS_CONNECTED, antennas={2: False})
    (message,) = MessageStream().feed(said.encode(3))
    assert Announcement.decode(message.body) == said


def test_sllurp_reads_our_report_and_events() -> None:
    reads = [TagRead(EPC, 2, -57, T0_US, T0_US + 9, 3), TagRead("E280" * 8, 1, -40, T0_US, T0_US, 1)]
    raw = Message(61, 9, encode_report(reads)).encode()
    tags = LLRPMessage(msgbytes=raw).msgdict["RO_ACCESS_REPORT"]["TagReportData"]
    assert [tag["AntennaID"] for tag in tags] == [2, 1]
    assert [tag["PeakRSSI"] for tag in tags] == [-57, -40]
    assert tags[0]["EPC-96"].upper() == EPC.encode()
    assert tags[0]["LastSeenTimestampUTC"] == T0_US + 9
    event = LLRPMessage(msgbytes=Announcement(utc_us=T0_US, attempt=Attempt.SUCCESS).encode(1))
    assert event.isSuccess()
    refused = Announcement(utc_us=T0_US, attempt=Attempt.ANOTHER_CLIENT_IS_CONNECTED).encode(1)
    assert not LLRPMessage(msgbytes=refused).isSuccess()


def sllurp_bytes(name: str, fields: dict[str, object]) -> Message:
    raw = LLRPMessage(msgdict={name: {"Ver": 1, "ID": 4, **fields}}).msgbytes
    (message,) = MessageStream().feed(raw)
    return message


def test_we_read_the_rospec_that_sllurp_writes() -> None:
    mode = {"ModeIdentifier": 2, "MaxTari": 25_000, "MinTari": 6_250}
    spec = LLRPROSpec(
        mode, 9, antennas=[1, 3], tx_power={1: 5, 3: 7}, session=2, tag_population=16, report_every_n_tags=4
    )
    message = sllurp_bytes("ADD_ROSPEC", {"ROSpecID": 9, "ROSpec": spec})
    ((kind, value),) = parameters(message.body)
    assert kind == ROSPEC
    found = RoSpec.decode(value)
    plan = AntennaPlan(port=1, power=5, mode=2, session=2, population=16)
    assert found == RoSpec(9, (plan, AntennaPlan(3, 7, 2, 2, 16)), report_tags=4, is_immediate=True)


def test_we_read_the_settings_that_sllurp_writes() -> None:
    keepalive = {"KeepaliveTriggerType": 1, "TimeInterval": 2000}
    events = {"EventNotificationState": {"AntennaEvent": True, "HoppingEvent": False}}
    message = sllurp_bytes(
        "SET_READER_CONFIG",
        {"ResetToFactoryDefaults": True, "ReaderEventNotificationSpec": events, "KeepaliveSpec": keepalive},
    )
    settings = Settings.decode(message.body)
    assert (settings.keepalive_ms, settings.is_reset, settings.events) == (2000, True, frozenset({8}))


@given(
    st.lists(
        st.builds(
            AntennaPlan,
            st.integers(1, 32),
            st.none() | st.integers(0, 255),
            st.integers(0, 65_535),
            st.integers(0, 3),
            st.integers(0, 65_535),
        ),
        max_size=4,
        unique_by=lambda plan: plan.port,
    ),
    st.integers(0, 100),
    st.sampled_from(State),
)
def test_a_rospec_comes_back_as_it_was_written(plans: list[AntennaPlan], tags: int, state: State) -> None:
    plans.sort(key=lambda plan: plan.port)
    # A transmitter without power carries no frequencies, so only the defaults survive.
    spec = RoSpec(7, tuple(plans), tags, state=state)
    ((_, value),) = parameters(spec.encode())
    assert RoSpec.decode(value) == spec


def test_the_fingerprint_tells_one_inventory_from_another() -> None:
    one = RoSpec(0, (AntennaPlan(1, 3),)).fingerprinted()
    assert one.fingerprinted() == one
    assert one.id != RoSpec(0, (AntennaPlan(1, 4),)).fingerprinted().id


@pytest.mark.alone
@pytest.mark.timed
def test_the_fast_way_is_at_least_ten_times_as_fast_as_sllurp() -> None:
    reads = [TagRead(EPC, 1 + i % 4, -50, T0_US + i, T0_US + i, 1) for i in range(500)]
    body = encode_report(reads)
    raw = Message(61, 1, body).encode()

    def tags_per_s(work: object, rounds: int) -> float:
        begun = time.process_time()
        for _ in range(rounds):
            work()
        return rounds * len(reads) / (time.process_time() - begun)

    peer = tags_per_s(lambda: LLRPMessage(msgbytes=raw), 20)
    ours = tags_per_s(lambda: rows(body), 2000)
    whole = tags_per_s(lambda: decode_report(body), 200)
    assert ours > 10 * peer, f"tags per core-second: sllurp {peer:,.0f}, ours {ours:,.0f}"
    assert whole > 3 * peer, f"tags per core-second: sllurp {peer:,.0f}, ours as reads {whole:,.0f}"
