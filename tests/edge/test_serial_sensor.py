"""Serial sensors: lines and frames become readings, rubbish is counted, silence ends the session."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable

import pytest
from edge_plcs import CLOCK, T0, Pty, Sink, config, intake_of, until
from hypothesis import given
from hypothesis import strategies as st
from sensor_frames import frame_of

from edge.checksums import CHECKSUMS
from edge.devices.serial_sensor import BinaryKeys
from edge.drivers.field_values import FieldWrong, moment, number
from edge.drivers.serial_sensor import watch
from edge.drivers.serial_sensor.frames import FrameReader
from edge.drivers.serial_sensor.lines import LineReader, Wrong
from edge.errors import DeviceUnreachable
from edge.intake import Intake
from edge.patterns import PatternWrong, checked
from wire.quality import BAD

DELIMITED = {"type": "delimited", "columns": ["temp_c", "", "door"]}
REGEX = {"type": "regex", "pattern": r"T=(?P<temp_c>[-+.,\dA-Z]+)C( H=(?P<humidity>\d+)%)?"}
BINARY = {
    "type": "binary",
    "sync": "AA 55",
    "size": 12,
    "byte_order": "little",
    "length": {"offset": 2, "plus": 3},
    "checksum": {"type": "crc16-modbus", "start": 2},
    "fields": {"temp_c": {"offset": 4, "type": "int16"}, "clock": {"offset": 6, "type": "uint32"}},
}
TEMP = {"name": "temp_c", "datatype": "Double"}


def device(path: str = "/dev/null", **keys: object) -> object:
    tree = {
        "id": "S1",
        "driver": "serial_sensor",
        "endpoint": path,
        "framing": DELIMITED,
        "tag": [TEMP],
        **keys,
    }
    return config(tree).device[0]


async def follow(sensor: object, sink: Sink, script: Callable[[Intake], Awaitable[None]]) -> Intake:
    """One session while `script` runs; what ends the session early is raised."""
    intake = intake_of(sensor, sink)
    intake.open_session()
    session = asyncio.create_task(watch(sensor, intake))
    acting = asyncio.ensure_future(script(intake))
    done, _ = await asyncio.wait({session, acting}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
    (session if acting in done else acting).cancel()
    await asyncio.gather(session, acting, return_exceptions=True)
    for task in (session, acting):
        if not task.cancelled() and (error := task.exception()):
            raise error
    return intake


async def opened(pty: Pty) -> None:
    """Wait until somebody has the port: opening throws away what waits in it."""
    await until(
        lambda: any(os.path.realpath(f"/proc/self/fd/{fd}") == pty.path and fd != pty._slave for fd in fds())
    )


def fds() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/fd")]  # noqa: PTH208 - numbers, not files


def test_lines_become_readings_and_a_broken_probe_spoils_its_own_cell_only() -> None:
    async def main() -> None:
        sink, pty = Sink(), Pty()
        sensor = device(pty.path, tag=[TEMP, {"name": "open", "datatype": "Boolean", "field": "door"}])

        async def script(intake: Intake) -> None:
            await opened(pty)
            pty.say(b"21.5;x;0\r\n22;", b"x;1\nERR;x;1\nERR;x;1\n")
            pty.say(b"1;2\n", b"\xff\xfe;x;1\n", b"9" * 600, b"\n5;x;off\nNaN;x;off\n-3e1;x;off\n")
            await until(lambda: (sink.values("temp_c") or [(0, 0)])[-1][1] == -30)
            assert dict(intake.health.bad) == {"bad_field": 1, "not_a_number": 1, "bad_line": 3}
            assert intake.health.examples["bad_field"] == "temp_c: 'ERR'"
            assert "longer than 256 bytes" in intake.health.examples["bad_line"]

        await follow(sensor, sink, script)
        assert [value for _, value in sink.values("temp_c")] == [21.5, 22, None, 5, None, -30]
        assert [value for _, value in sink.values("open")] == [False, True, False]
        pty.close()

    asyncio.run(main())


def test_a_pattern_names_the_fields_and_a_group_that_is_absent_says_nothing() -> None:
    async def main() -> None:
        sink, pty = Sink(), Pty()
        keys = {**REGEX, "decimal": ","}
        sensor = device(pty.path, framing=keys, tag=[TEMP, {"name": "humidity", "datatype": "Int32"}])

        async def script(_: Intake) -> None:
            await opened(pty)
            pty.say(b"T=21,5C H=40%\nT=22,5C\nT=23C H=x%\nT=24C H=41%\n")
            await until(lambda: len(sink.values("humidity")) == 2)

        await follow(sensor, sink, script)
        assert [value for _, value in sink.values("temp_c")] == [21.5, 22.5, 24]
        pty.close()

    asyncio.run(main())


def test_a_sensor_that_is_asked_is_covered_by_its_answers_and_given_up_after_three_misses() -> None:
    async def main() -> None:
        sink, pty = Sink(), Pty()
        poll = {"command": "MEAS?\r\n", "period_s": 0.02, "timeout_s": 0.1}
        sensor = device(pty.path, poll=poll)
        asked: list[bytes] = []

        async def script(_: Intake) -> None:
            await opened(pty)
            for answer in (b"1;;0\n", b"2;;0\n", b"3;;0\n"):
                asked.append(await asyncio.to_thread(os.read, pty.master, 100))
                pty.say(answer)
            await until(lambda: len(sink.values("temp_c")) == 3)
            await asyncio.Event().wait()

        with pytest.raises(DeviceUnreachable, match="left 3 questions without an answer"):
            await follow(sensor, sink, script)
        assert asked == [b"MEAS?\r\n"] * 3
        times = [ts for ts, _ in sink.values("temp_c")]
        assert sink.coverage() == [(times[0], times[-1])]
        pty.close()

    asyncio.run(main())


def test_silence_ends_the_session_even_if_rubbish_comes() -> None:
    async def main() -> None:
        pty = Pty()

        async def script(_: Intake) -> None:
            await opened(pty)
            pty.say(b"rubbish\n")
            await asyncio.Event().wait()

        with pytest.raises(DeviceUnreachable, match=r"said nothing of use for 0\.2 s"):
            await follow(device(pty.path, silence_s=0.2), Sink(), script)
        pty.close()

    asyncio.run(main())


def test_a_serial_server_passes_frames_on_and_the_sensors_own_time_counts() -> None:
    async def main() -> None:
        sink = Sink()
        keys = BinaryKeys.model_validate(BINARY)

        async def speak(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            good = [frame_of(keys, {"temp_c": t, "clock": T0 // 1000 + t}) for t in (210, 220)]
            writer.write(b"\x00\xaaU\xaa" + good[0] + good[1][:5] + b"\x13" + good[1])
            writer.write(frame_of(keys, {"temp_c": 1, "clock": 86_400}))

        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        sensor = device(
            f"127.0.0.1:{port}",
            framing=BINARY,
            time={"field": "clock", "form": "unix_s"},
            tag=[{**TEMP, "scale": 0.1}],
        )

        async def script(intake: Intake) -> None:
            await until(lambda: len(sink.values("temp_c")) == 3)
            assert intake.health.bad["bad_frame"] == 2
            assert intake.health.examples["bad_frame"].startswith("AA 55")
            assert intake.health.bad["clock_skew"] == 1
            assert intake.health.bad["clock_not_set"] >= 1

        clock_now = CLOCK.now_ms()
        assert clock_now > T0 + 86_400_000  # the frames' times lie in its past: skewed
        await follow(sensor, sink, script)
        assert sink.values("temp_c")[:2] == [(T0 + 210_000, 21.0), (T0 + 220_000, 22.0)]
        assert [r.quality for scan in sink.scans for r in scan.readings if r.tag == "temp_c"][2] == BAD
        server.close()

    asyncio.run(main())


def test_a_port_that_is_not_there_is_unreachable() -> None:
    async def script(_: Intake) -> None:
        await asyncio.Event().wait()

    for endpoint in ("/dev/there-is-no-such-port", "127.0.0.1:9"):
        with pytest.raises(DeviceUnreachable, match="cannot be opened"):
            asyncio.run(follow(device(endpoint), Sink(), script))


# ---- framings, without a port ----


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    """`data` in chunks that end at `places`."""
    ends = sorted({min(place, len(data)) for place in places} | {len(data)})
    return [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]


@given(st.lists(st.binary(max_size=80), max_size=20))
def test_any_bytes_are_fields_or_counted_and_memory_stays_bounded(chunks: list[bytes]) -> None:
    reader = LineReader(device(longest_line=32))
    for chunk in chunks:
        for found in reader.feed(chunk):
            assert isinstance(found, Wrong) or set(found) == {"temp_c", "door"}
        assert len(reader._cutter._rest) <= 40


@given(st.lists(st.integers(-99, 99), max_size=8), st.lists(st.integers(0, 120), max_size=8))
def test_lines_survive_any_cut(numbers: list[int], places: list[int]) -> None:
    reader = LineReader(device())
    text = "".join(f"{n};;{n}\r\n" for n in numbers).encode()
    found = [fields for chunk in cut(text, places) for fields in reader.feed(chunk)]
    assert [int(fields["temp_c"]) for fields in found] == numbers


FRAME_KEYS = [
    BinaryKeys.model_validate({**BINARY, "checksum": {"type": name, "start": start}})
    for name in CHECKSUMS
    for start in (0, 2)
]


@given(st.sampled_from(FRAME_KEYS), st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_are_frames_or_garbage_and_memory_stays_bounded(
    keys: BinaryKeys, chunks: list[bytes]
) -> None:
    reader = FrameReader(keys)
    for chunk in chunks:
        list(reader.feed(chunk))
        assert len(reader._buffer) < keys.size
        assert len(reader._skipped) <= 32


@given(
    st.sampled_from(FRAME_KEYS),
    st.lists(
        st.tuples(st.integers(-(2**15), 2**15 - 1), st.binary(max_size=20), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.integers(0, 200), max_size=8),
)
def test_every_whole_frame_is_found_behind_any_garbage_and_cut(
    keys: BinaryKeys, story: list[tuple[int, bytes, bool]], places: list[int]
) -> None:
    data, sent = b"", []
    for value, garbage, is_whole in story:
        frame = frame_of(keys, {"temp_c": value, "clock": 7})
        # No sync inside the garbage: a false frame whose 8-bit checksum happens to fit is one.
        data += garbage.replace(b"\xaa", b"\x00") + (
            frame if is_whole else frame[:7].replace(b"\x55", b"\x54")
        )
        sent += [value] if is_whole else []
    reader = FrameReader(keys)
    found = [item for chunk in cut(data, places) for item in reader.feed(chunk)]
    assert [item["temp_c"] for item in found if not isinstance(item, Wrong)] == sent


def test_checksums_agree_with_the_catalogue() -> None:
    found = {name: compute(b"123456789") for name, (_, compute) in CHECKSUMS.items()}
    assert found == {"sum8": 0xDD, "xor8": 0x31, "crc16-modbus": 0x4B37, "crc16-ccitt": 0x29B1}


# ---- patterns and values ----


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"(?P<t>(a+)+)$", "a repeat or a choice inside a repeat"),
        (r"(?P<t>x)(?:a|aa)*", "a repeat or a choice inside a repeat"),
        (r"(?P<t>(?:a?){30})", "a repeat or a choice inside a repeat"),
        (r"(?P<x>.*)(?P<y>.*)(?P<z>.*)q", "may take"),
        (r"(?P<a>x)(?=y)", "looks ahead"),
        (r"(?P<a>x)\1", "looks ahead, behind or back"),
        (r"(?P<a>[", "is no regular expression"),
        ("abc", "names nothing"),
        ("(?P<a>x)" + "y" * 500, "characters long"),
    ],
)
def test_a_pattern_that_some_line_could_keep_busy_is_refused(pattern: str, expected: str) -> None:
    with pytest.raises(PatternWrong, match="accepted") as caught:
        checked(pattern, 256)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (r"T=(?P<t>[-+.\d]+) H=(?P<h>\d+)%", "T=" + "1" * 500),
        (r"(?P<a>[^,]*),(?P<b>[^,]*),(?P<c>[^,]*),(?P<d>[^,]*)", "," * 500),
        (r"\s*(?P<w>[-+]?\d+(?:\.\d+)?)\s*kg", " " * 250 + "1" * 250),
        (r"(?P<s>ST|US),(?P<t>GS|NT),\s*(?P<w>[-+]?\s*[\d.]+)\s*(?P<u>kg|g)", "ST,GS," + " " * 500),
        (r"(?P<x>(?:\d++;)*+)", "1;" * 250 + "x"),
    ],
)
def test_a_pattern_that_is_accepted_is_quick_on_its_worst_line(pattern: str, line: str) -> None:
    compiled = checked(pattern, 512)
    start_s = time.process_time()
    compiled.fullmatch(line)
    assert time.process_time() - start_s < 0.5


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_wrong(text: str) -> None:
    try:
        found = number(text)
    except FieldWrong:
        return
    assert isinstance(found, int | float)


def test_numbers_and_times_are_read_as_written() -> None:
    assert number("1234,5", ",") == 1234.5
    for wrong in ("1_000", "0x1F", "", "1,5", "12e", "--1", "9" * 41):
        with pytest.raises(FieldWrong):
            number(wrong)
    assert moment("2026-03-02T00:00:00.250Z", "iso") == T0 + 250
    assert moment(T0 / 1000, "unix_s") == moment(str(T0), "unix_ms") == T0
    for wrong in ("2026-03-02T00:00:00", None, "x", True, float("nan"), -1):
        with pytest.raises(FieldWrong):
            moment(wrong, "iso" if isinstance(wrong, str) else "unix_ms")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (
            {"framing": {**DELIMITED, "type": "csv"}},
            "'csv' is not a type; accepted: delimited, regex, binary",
        ),
        ({"framing": {**BINARY, "size": 8}}, "fields.clock ends behind byte 6; accepted: inside the frame"),
        ({"framing": {**BINARY, "sync": "xx"}}, "accepted: bytes in hexadecimal"),
        ({"framing": {**BINARY, "sizes": 8}}, "framing.sizes: unknown key; accepted here: type, sync, size"),
        ({"framing": {"type": "regex", "pattern": "(?P<temp_c>(a+)+)"}}, "framing.pattern: has a repeat"),
        ({"tag": [{**TEMP, "field": "x"}]}, "tag temp_c: no field 'x'; accepted: temp_c, door"),
        ({"time": {"field": "t"}}, "time: no field 't'"),
        ({"poll": {"period_s": 1.0}}, "accepted: one of command, command_hex"),
        ({"endpoint": "COM3"}, "accepted: a port such as /dev/ttyUSB0, or host:port"),
        ({"tag": [{**TEMP, "writable": True}]}, "cannot be writable"),
    ],
)
def test_a_mistake_in_the_file_is_named(keys: dict[str, object], expected: str, findings: Callable) -> None:
    tree = {
        "id": "S1",
        "driver": "serial_sensor",
        "endpoint": "/dev/x",
        "framing": DELIMITED,
        "tag": [TEMP],
        **keys,
    }
    found = findings(tree)
    assert any(expected in finding for finding in found), found
