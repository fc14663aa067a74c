"""Arrays and structures of Sparkplug: the specification's examples, round trips, bounds, arbitrary bytes."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.sparkplug import DataType, Metric, Payload, Unencodable, decode, encode
from wire.sparkplug_arrays import ELEMENTS, MalformedArray, pack_array, unpack_array
from wire.sparkplug_structures import (
    DataSet,
    MalformedStructure,
    Member,
    Parameter,
    Property,
    PropertySet,
    Template,
    data_set,
    data_set_bytes,
    property_set,
    property_set_bytes,
    template,
    template_bytes,
)

SCALARS: dict[DataType, st.SearchStrategy[Any]] = {
    DataType.INT8: st.integers(-(2**7), 2**7 - 1),
    DataType.INT16: st.integers(-(2**15), 2**15 - 1),
    DataType.INT32: st.integers(-(2**31), 2**31 - 1),
    DataType.INT64: st.integers(-(2**63), 2**63 - 1),
    DataType.UINT8: st.integers(0, 2**8 - 1),
    DataType.UINT16: st.integers(0, 2**16 - 1),
    DataType.UINT32: st.integers(0, 2**32 - 1),
    DataType.UINT64: st.integers(0, 2**64 - 1),
    DataType.FLOAT: st.floats(width=32, allow_nan=False),
    DataType.DOUBLE: st.floats(allow_nan=False),
    DataType.BOOLEAN: st.booleans(),
    DataType.STRING: st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9),
    DataType.DATETIME: st.integers(0, 2**64 - 1),
}
ARRAYS = st.sampled_from(list(ELEMENTS)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(SCALARS[ELEMENTS[kind]], max_size=20))
)
# As printed in Sparkplug 3.0, but for two slips: -23 is e9 (ef is -17), and a DateTime has 8 bytes, not 6.
EXAMPLES = [
    (DataType.INT8_ARRAY, (-23, 123), "e97b"),
    (DataType.INT16_ARRAY, (-30000, 30000), "d08a3075"),
    (DataType.INT32_ARRAY, (-1, 315338746), "fffffffffaafcb12"),
    (DataType.INT64_ARRAY, (-4270929666821191986, -3601064768563266876), "ce0672ac189cbac4c4ba9c18ac7206ce"),
    (DataType.UINT8_ARRAY, (23, 250), "17fa"),
    (DataType.UINT16_ARRAY, (30, 52360), "1e0088cc"),
    (DataType.UINT32_ARRAY, (52, 3293969225), "3400000049fb55c4"),
    (DataType.UINT64_ARRAY, (52, 16444743074749521625), "3400000000000000d99e02d1b27637e4"),
    (DataType.STRING_ARRAY, ("ABC", "hello"), "41424300" + "68656c6c6f00"),
    (DataType.DATETIME_ARRAY, (1256102875335, 1656107875000), "c7d0907524010000b8bab89781010000"),
    (
        DataType.BOOLEAN_ARRAY,
        (False, False, True, True, False, True, False, False, True, True, False, True),
        "0c00000034d0",
    ),
]


@pytest.mark.parametrize(("kind", "values", "written"), EXAMPLES)
def test_the_specification_s_examples(kind: DataType, values: tuple[object, ...], written: str) -> None:
    assert pack_array(kind, values).hex() == written  # type: ignore[arg-type]
    assert unpack_array(kind, bytes.fromhex(written)) == values


@given(ARRAYS)
def test_an_array_comes_back_through_a_payload(array: tuple[DataType, list[Any]]) -> None:
    kind, values = array
    metric = Metric(name="a", timestamp_ms=1, datatype=kind, raw=pack_array(kind, values))
    (read,) = decode(encode(Payload(1, 0, (metric,)))).metrics
    assert read == metric
    assert list(unpack_array(kind, read.raw or b"")) == values


@given(st.sampled_from([*ELEMENTS, DataType.INT8, DataType.DATASET]), st.binary(max_size=100))
def test_any_bytes_are_an_array_or_refused_and_never_grow(kind: DataType, raw: bytes) -> None:
    with contextlib.suppress(MalformedArray):
        assert len(unpack_array(kind, raw)) <= 8 * max(1, len(raw))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (DataType.INT8_ARRAY, [128]),
        (DataType.UINT64_ARRAY, [-1]),
        (DataType.INT32_ARRAY, [True]),
        (DataType.INT32_ARRAY, ["1"]),
        (DataType.BOOLEAN_ARRAY, [1]),
        (DataType.STRING_ARRAY, ["a\0b"]),
        (DataType.STRING_ARRAY, ["\ud800"]),
        (DataType.FLOAT_ARRAY, [1e300]),
        (DataType.INT32, [1]),
    ],
)
def test_what_does_not_fit_an_array_is_refused(kind: DataType, values: list[Any]) -> None:
    with pytest.raises(Unencodable):
        pack_array(kind, values)


def test_a_lying_length_costs_no_memory() -> None:
    with pytest.raises(MalformedArray, match="4294967295 Booleans"):
        unpack_array(DataType.BOOLEAN_ARRAY, b"\xff\xff\xff\xff\x00")


BASIC = st.sampled_from(list(SCALARS)).flatmap(lambda kind: st.tuples(st.just(kind), SCALARS[kind]))
LEAVES = st.builds(lambda key, held: Property(key, held[0], held[1]), st.text(max_size=5), BASIC)
SETS = st.recursive(
    st.builds(PropertySet, st.lists(LEAVES, max_size=3).map(tuple)),
    lambda inner: st.builds(
        PropertySet,
        st.lists(
            LEAVES
            | st.builds(Property, st.text(max_size=5), st.just(DataType.PROPERTY_SET), inner)
            | st.builds(
                Property,
                st.text(max_size=5),
                st.just(DataType.PROPERTY_SET_LIST),
                st.lists(inner, max_size=2).map(tuple),
            ),
            max_size=3,
        ).map(tuple),
    ),
    max_leaves=4,
)


@pytest.mark.tck(
    "tck-id-payloads-propertyset-keys-array-size",
    "tck-id-payloads-propertyset-values-array-size",
    "tck-id-payloads-metric-propertyvalue-type-type",
    "tck-id-payloads-metric-propertyvalue-type-value",
    "tck-id-payloads-metric-propertyvalue-type-req",
)
@given(SETS)
def test_properties_come_back(properties: PropertySet) -> None:
    with contextlib.suppress(Unencodable):  # deeper than anybody nests
        assert property_set(property_set_bytes(properties)) == properties


@st.composite
def tables(draw: st.DrawFn) -> DataSet:
    types = draw(st.lists(st.sampled_from(list(SCALARS)), max_size=4))
    rows = draw(st.lists(st.tuples(*(st.none() | SCALARS[kind] for kind in types)), max_size=4))
    return DataSet(tuple(f"c{n}" for n in range(len(types))), tuple(types), tuple(rows))


@pytest.mark.tck(
    "tck-id-payloads-dataset-column-size",
    "tck-id-payloads-dataset-column-num-headers",
    "tck-id-payloads-dataset-types-def",
    "tck-id-payloads-dataset-types-num",
    "tck-id-payloads-dataset-types-type",
    "tck-id-payloads-dataset-types-value",
    "tck-id-payloads-dataset-parameter-type-req",
    "tck-id-payloads-template-dataset-value",
)
@given(tables())
def test_a_data_set_comes_back_through_a_payload(table: DataSet) -> None:
    metric = Metric(name="t", datatype=DataType.DATASET, raw=data_set_bytes(table))
    (read,) = decode(encode(Payload(1, 0, (metric,)))).metrics
    assert read.value is None
    assert data_set(read.raw or b"") == table


MEMBERS = st.builds(lambda name, held: Member(name, held[0], held[1]), st.text(max_size=5), BASIC)
PARAMETERS = st.builds(lambda name, held: Parameter(name, held[0], held[1]), st.text(max_size=5), BASIC)


@pytest.mark.tck(
    "tck-id-payloads-template-definition-parameters-default",
    "tck-id-payloads-template-instance-ref",
    "tck-id-payloads-template-instance-members-data",
    "tck-id-payloads-template-instance-parameters",
    "tck-id-payloads-template-version",
    "tck-id-payloads-template-ref-instance",
    "tck-id-payloads-template-is-definition",
    "tck-id-payloads-template-is-definition-definition",
    "tck-id-payloads-template-is-definition-instance",
    "tck-id-payloads-template-definition-is-definition",
    "tck-id-payloads-template-instance-is-definition",
    "tck-id-payloads-template-parameter-name-required",
    "tck-id-payloads-template-parameter-name-type",
    "tck-id-payloads-template-parameter-value-type",
    "tck-id-payloads-template-parameter-type-value",
    "tck-id-payloads-template-parameter-type-req",
    "tck-id-payloads-template-parameter-value",
)
@given(st.lists(MEMBERS, max_size=3), st.lists(PARAMETERS, max_size=3), st.booleans(), st.none() | st.text())
def test_a_template_comes_back_through_a_payload(
    members: list[Member],
    parameters: list[Parameter],
    is_definition: bool,  # noqa: FBT001 - hypothesis gives it
    version: str | None,
) -> None:
    inner = Template(False, "motor", version, tuple(members))
    whole = Template(
        is_definition,
        None if is_definition else "line",
        version,
        (*members, Member("inner", DataType.TEMPLATE, inner)),
        tuple(parameters),
    )
    metric = Metric(name="t", datatype=DataType.TEMPLATE, raw=template_bytes(whole))
    (read,) = decode(encode(Payload(1, 0, (metric,)))).metrics
    assert template(read.raw or b"") == whole


@given(st.binary(max_size=200))
def test_any_bytes_are_a_structure_or_refused(raw: bytes) -> None:
    for read in (property_set, data_set, template):
        with contextlib.suppress(MalformedStructure):
            read(raw)  # type: ignore[operator]


def test_quality_stands_beside_other_properties() -> None:
    other = property_set_bytes(PropertySet((Property("unit", DataType.STRING, "mm/s"),)))
    metric = Metric(
        name="v", timestamp_ms=1, datatype=DataType.DOUBLE, value=1.5, quality=0, properties=other
    )
    (read,) = decode(encode(Payload(1, 0, (metric,)))).metrics
    assert read == metric
    assert property_set(read.properties or b"").properties[0].value == "mm/s"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (DataSet(("a",), ()), "as many types"),
        (DataSet(("a",), (DataType.INT32,), ((1, 2),)), "as many types"),
        (DataSet(("a",), (DataType.BYTES,), ((b"",),)), "none of the basic ones"),
    ],
)
def test_a_data_set_that_does_not_fit_is_refused(table: DataSet, said: str) -> None:
    with pytest.raises(Unencodable, match=said):
        data_set_bytes(table)


@pytest.mark.tck(
    "tck-id-payloads-template-definition-ref",
    "tck-id-payloads-template-ref-definition",
    "tck-id-payloads-template-instance-ref",
)
def test_a_template_is_a_definition_or_names_one() -> None:
    with pytest.raises(Unencodable, match="template_ref"):
        Template(True, "motor")
    with pytest.raises(Unencodable, match="template_ref"):
        Template(False)
    raw = template_bytes(Template(True))[:-2] + b"\x28\x00"  # is_definition = false, no reference
    with pytest.raises(MalformedStructure):
        template(raw)


def test_depth_is_bounded_both_ways() -> None:
    deep = PropertySet()
    for _ in range(20):
        deep = PropertySet((Property("in", DataType.PROPERTY_SET, deep),))
    with pytest.raises(Unencodable, match="deeper"):
        property_set_bytes(deep)
