"""Derived tags: expressions mean what they say, wrong ones are named, edges are counted."""

import math
import operator
from collections.abc import Mapping
from itertools import pairwise

import pytest
from edge_plcs import CLOCK, T0, Sink, config, modbus_device
from hypothesis import given
from hypothesis import strategies as st

from edge.agent import specs_of
from edge.derived.engine import Engine, Outcome
from edge.derived.expression import ExpressionWrong, Ref, Undefined, compiled
from edge.devices.derived import derivations, sources_of
from edge.gateway import GatewayIdentity, SpoolSettings
from edge.health import DeviceHealth
from edge.intake import Intake, Sample
from edge.reading import Reading, Scan
from edge.scaling import Scalar
from edge.spool import Spool
from wire.quality import BAD, GOOD, STALE

D = "M1"
TAGS = {
    Ref(D, "a"): "number",
    Ref(D, "b"): "number",
    Ref(D, "on"): "boolean",
    Ref(D, "recipe"): "text",
    Ref(D, "motor temp"): "number",
    Ref(D, "温度"): "number",
}


def value(text: str, **tags: Scalar) -> Scalar:
    return compiled(text, TAGS, D).value({Ref(D, name): given for name, given in tags.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * 2", 13),
        ("(a + b) * 2", 16),
        ("-a ** 2", -9),
        ("a / b", 0.6),
        ("a // 2 + a % 2", 2),
        ("2 ** 0.5", math.sqrt(2)),
        ("1 < a < b", True),
        ("a > b or on", True),
        ("not on", False),
        ("recipe == 'ISO 68' and on", True),
        ("a if on else b", 3),
        ("min(a, b, 1)", 1),
        ("clamp(b, 0, 4)", 4),
        ("round(a / b, 1)", 0.6),
        ("bit(b, 2) and not bit(b, 1)", True),
        ("hypot(a, 4)", 5.0),
        ('tag("motor temp") + 温度', 101.5),
        ('tag("M1", "a")', 3),
        ("  a\n  + b ", 8),
        ("pi * a", 3 * math.pi),
        ("on + 1", 2),
    ],
)
def test_an_expression_means_what_it_says(text: str, expected: Scalar) -> None:
    env = {"a": 3, "b": 5, "on": True, "recipe": "ISO 68", "motor temp": 81.5, "温度": 20}
    found = compiled(text, TAGS, D).value({Ref(D, name): given for name, given in env.items()})
    assert found == pytest.approx(expected) if isinstance(expected, float) else found == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a +", "at character 4: invalid syntax; accepted: an expression"),
        (
            "a + c",
            "at character 5: no tag 'c'; accepted: a, b, on, recipe, motor temp, 温度; functions: abs,",
        ),
        ("温度 + c", "at character 6: no tag 'c'"),
        ("cube(a)", "no function 'cube'; accepted: abs, min"),
        ("min(a)", "at character 1: min() got 1 numbers; accepted: 2 to 8"),
        ("abs", "abs is a function; accepted: abs(…)"),
        ("a + recipe", "at character 5: arithmetic takes numbers, this is a text"),
        ("recipe < 'b'", "a text can only be == or != another text"),
        ("a if on else 'x'", "one branch is a text"),
        ("a.real", "Attribute is not accepted"),
        ("a[0]", "Subscript is not accepted"),
        ("[a for a in b]", "ListComp is not accepted"),
        ("(lambda: a)()", "Call is not accepted"),
        ("__import__('os')", "no function '__import__'"),
        ("a << 99", "LShift is not accepted"),
        ("a is b", "Is is not accepted"),
        ("f'{a}'", "JoinedStr is not accepted"),
        ("tag(a)", "tag() takes names"),
        ("tag('M2', 'a')", "no tag 'M2/a'"),
        ("1" * 30, "the number is too large"),
        ("a +" * 300 + "a", "too large"),
        ("-" * 60 + "a", "too large"),
        ("(" * 400 + "a" + ")" * 400, "accepted: an expression"),
        ("a" * 1001, "is 1001 characters long; accepted: at most 1000"),
        ("a\x00", "accepted"),
    ],
)
def test_a_wrong_expression_is_named_with_position_and_what_is_accepted(text: str, expected: str) -> None:
    with pytest.raises(ExpressionWrong) as caught:
        compiled(text, TAGS, D)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["a / b", "a % b", "sqrt(a - 4)", "10 ** 400", "(-8) ** 0.5", "ln(b)", "round(a, 0 - 1)", "bit(0.5, 0)"],
)
def test_an_expression_without_a_value_is_undefined_and_nothing_else(text: str) -> None:
    with pytest.raises(Undefined):
        value(text, a=3, b=0)


NUMBERS = st.one_of(st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False))


@st.composite
def formulas(draw: st.DrawFn, depth: int = 4) -> tuple[str, object]:
    """An expression with what Python itself makes of it."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from([("a", lambda a, _: a), ("b", lambda _, b: b), ("7", lambda *_: 7)]))
    sign, act = draw(
        st.sampled_from(
            [
                ("+", operator.add),
                ("-", operator.sub),
                ("*", operator.mul),
                ("/", operator.truediv),
                ("<", operator.lt),
            ]
        )
    )
    (left, f), (right, g) = draw(formulas(depth - 1)), draw(formulas(depth - 1))
    return f"({left} {sign} {right})", lambda a, b: act(f(a, b), g(a, b))


@given(formulas(), NUMBERS, NUMBERS)
def test_any_formula_gives_what_python_gives(formula: tuple[str, object], a: float, b: float) -> None:
    text, reference = formula
    try:
        expected = reference(a, b)
    except ArithmeticError:
        expected = math.nan
    if isinstance(expected, float) and not math.isfinite(expected):
        with pytest.raises(Undefined):
            value(text, a=a, b=b)
    else:
        assert value(text, a=a, b=b) == expected


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_named_wrong(text: str) -> None:
    try:
        found = compiled(text, TAGS, D)
    except ExpressionWrong:
        return
    assert set(found.inputs) <= set(TAGS)


# ---- rules and quality ----


def engine(*derived: Mapping[str, object], counts: Mapping[Ref, int] | None = None) -> Engine:
    device = device_with(*derived)
    return Engine(derivations(D, sources_of([device], with_derived=False), device.derived, counts or {}))


def device_with(*derived: Mapping[str, object]) -> object:
    return config(modbus_device(D, 1502, derived=list(derived))).device[0]


def feed(works: Engine, tag: str, ts: int, given: Scalar | None, quality: int = GOOD) -> list[Outcome]:
    works.note(Ref(D, tag), T0 + ts, given, quality)
    return list(works.outcomes())


COUNTER = {"name": "jams", "datatype": "Int64", "count": "state == 5"}


def test_a_counter_counts_rising_edges_only() -> None:
    works = engine(COUNTER)
    seen = [feed(works, "state", ts, state) for ts, state in enumerate((5, 5, 1, 5, 5, 2, 5))]
    assert [(o.ts_ms - T0, o.value) for found in seen for o in found] == [(0, 0), (3, 1), (6, 2)]


@given(st.lists(st.booleans(), max_size=60))
def test_the_count_is_the_number_of_rises_from_false_to_true(states: list[bool]) -> None:
    works = engine(COUNTER)
    last = [0]
    for ts, state in enumerate(states):
        last += [int(o.value) for o in feed(works, "state", ts, 5 if state else 0)]
    assert last[-1] == sum(not a and b for a, b in pairwise(states))


def test_an_edge_hidden_by_bad_input_is_counted_once_and_the_output_is_bad_meanwhile() -> None:
    works = engine(COUNTER)
    feed(works, "state", 0, 1)
    assert [(o.value, o.quality) for o in feed(works, "state", 1, None, BAD)] == [(None, BAD)]
    assert [(o.value, o.quality) for o in feed(works, "state", 2, 5)] == [(1, GOOD)]


def test_a_counter_is_reset_goes_on_where_it_was_and_rolls_over() -> None:
    works = engine({**COUNTER, "datatype": "Int8", "reset": "job == 0"}, counts={Ref(D, "jams"): 126})
    feed(works, "job", 0, 7)
    values = [o.value for ts, state in enumerate((0, 5, 0, 5, 0, 5)) for o in feed(works, "state", ts, state)]
    assert values == [126, 127, 0, 1]
    assert [o.value for o in feed(works, "job", 9, 0)] == [0]


def test_the_first_state_whose_condition_holds_wins() -> None:
    works = engine(
        {
            "name": "mode",
            "datatype": "Int32",
            "states": [
                {"when": "condition > 7", "state": 3},
                {"when": "state == 1 or state == 2", "state": 1},
            ],
            "otherwise": 0,
        }
    )
    feed(works, "condition", 0, 2.0)
    found = [*feed(works, "state", 1, 1), *feed(works, "condition", 2, 9.0), *feed(works, "state", 3, 6)]
    found += feed(works, "condition", 4, 1.0)
    assert [o.value for o in found] == [1, 3, 0]


def test_one_bad_or_stale_input_decides_and_the_newest_input_gives_the_time() -> None:
    works = engine({"name": "x", "datatype": "Double", "expression": "good + reject"})
    assert feed(works, "good", 50, 10) == []
    assert [(o.ts_ms - T0, o.value) for o in feed(works, "reject", 10, 1)] == [(50, 11.0)]
    assert [(o.value, o.quality) for o in feed(works, "good", 60, None, STALE)] == [(None, STALE)]
    assert [(o.value, o.quality) for o in feed(works, "reject", 61, None, BAD)] == [(None, BAD)]


def test_derived_tags_build_on_each_other_and_an_undefined_one_says_why() -> None:
    works = engine(
        {"name": "parts", "datatype": "Int64", "expression": "good + reject"},
        {"name": "yield", "datatype": "Double", "expression": "good / parts"},
    )
    feed(works, "good", 0, 0)
    undefined = feed(works, "reject", 0, 0)[1]
    assert (undefined.value, undefined.quality, undefined.fault) == (None, BAD, "derived_undefined")
    assert "division by zero" in undefined.why
    assert [o.value for o in feed(works, "good", 1, 3)] == [3, 1.0]


# ---- in the gateway ----


def intake(sink: Sink, works: Engine | None, across: Engine | None = None, device: object = None) -> Intake:
    chosen = device or device_with()
    made = Intake(
        device=chosen.id,
        tags=chosen.tag,
        clock=CLOCK,
        hand=sink.hand,
        mark=lambda: None,
        health=DeviceHealth(),
    )
    made.derive(works, across)
    made.open_session()
    return made


def test_derived_readings_stand_in_the_scan_of_their_inputs_once_per_moment() -> None:
    sink = Sink()
    taking = intake(sink, engine({"name": "parts", "datatype": "Int64", "expression": "good + reject"}))
    samples = [Sample(tag, T0 + ts, ts) for ts in (1, 2) for tag in ("good", "reject")]
    taking.take(samples, (T0, T0 + 2))
    assert [(r.tag, r.ts_ms - T0, r.value) for r in sink.scans[0].readings] == [
        ("good", 1, 1),
        ("reject", 1, 1),
        ("parts", 1, 2),
        ("good", 2, 2),
        ("reject", 2, 2),
        ("parts", 2, 4),
    ]
    assert len(sink.scans) == 1


def test_the_gateways_own_derived_tags_join_devices_and_go_stale_with_one_of_them() -> None:
    sink = Sink()
    gateway = config(modbus_device("M1", 1502), modbus_device("M2", 1503))
    keys = {
        "device": "L1",
        "name": "total",
        "datatype": "Int64",
        "expression": 'tag("M1", "good") + tag("M2", "good")',
    }
    gateway = type(gateway).model_validate({**gateway.model_dump(), "derived": [keys]})
    across = Engine(derivations(None, sources_of(gateway.device), gateway.derived, {}))
    first, second = (intake(sink, None, across, device) for device in gateway.device)
    first.take([Sample("good", T0, 4)], None)
    second.take([Sample("good", T0 + 1, 5)], None)
    assert sink.values("total", "L1") == [(T0 + 1, 9)]
    second.open_session()
    assert sink.scans[-1].readings[0].quality == STALE
    assert {spec.id for spec in specs_of(gateway)} == {"M1", "M2", "L1"}


def test_a_counter_outlives_the_process_through_the_spool(tmp_path: object) -> None:
    specs = specs_of(config(modbus_device(D, 1502, derived=[COUNTER])))
    settings = SpoolSettings(tmp_path / "x.spool")
    for expected in (0, 41):
        spool = Spool(settings, GatewayIdentity("g", "n"), specs)
        assert spool.kept_counts.get((D, "jams"), 0) == expected
        spool.put(Scan(D, (Reading(D, "jams", T0, 40), Reading(D, "jams", T0 + 1, 41))))
        spool.put(Scan(D, (Reading(D, "jams", T0 + 2, None, BAD),)))
        spool.close()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"expression": "state", "count": "state"}, "accepted: exactly one"),
        ({}, "accepted: exactly one"),
        ({"count": "state", "datatype": "Double"}, "Double does not count"),
        ({"expression": "state", "reset": "job"}, "reset sets a count back; accepted: beside count"),
        ({"states": [{"when": "state", "state": "x"}]}, "state 'x' does not fit Int32"),
        ({"states": [{"when": "state", "state": 2**40}]}, f"state {2**40} does not fit Int32"),
        (
            {"expression": "stat"},
            "device[0](M1).derived[0](d).expression: 'stat' at character 1: no tag 'stat'",
        ),
        ({"expression": "'x'"}, "derived[0](d).expression"),
        ({"expression": "1 + 1"}, "uses no tag"),
        ({"expression": "good", "name": "state"}, "'state' is a tag already"),
        ({"states": [{"when": "state = 1", "state": 1}]}, "states[0].when: 'state = 1' at character"),
    ],
)
def test_a_mistake_in_a_derived_tag_is_named(keys: dict[str, object], expected: str) -> None:
    with pytest.raises(ValueError, match="derived") as caught:
        device_with({"name": "d", "datatype": "Int32", **keys})
    assert expected in str(caught.value)
