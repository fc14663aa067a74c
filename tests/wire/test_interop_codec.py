"""Our codec and sparkplug-payload's: each reads what the other wrote, datatype by datatype."""

from collections.abc import Callable
from typing import Any

from interop.peer import sparkplug_client

from wire.sparkplug import DataType, Metric, Payload, decode, encode
from wire.sparkplug_structures import (
    DataSet,
    Member,
    Property,
    PropertySet,
    Template,
    data_set,
    data_set_bytes,
    property_set_bytes,
    template,
    template_bytes,
)

# Not UInt32: the specification puts it into int_value, where sparkplug-payload 1.0.3 does not look (nor for
# whole numbers in data sets).
SCALARS: list[tuple[DataType, Any]] = [
    (DataType.INT8, -128),
    (DataType.INT16, -32768),
    (DataType.INT32, -(2**31)),
    (DataType.INT64, -(2**40)),
    (DataType.UINT8, 255),
    (DataType.UINT16, 65535),
    (DataType.UINT64, 2**53 + 1),
    (DataType.FLOAT, 1.5),
    (DataType.DOUBLE, 0.1),
    (DataType.BOOLEAN, True),
    (DataType.STRING, "压机"),
    (DataType.DATETIME, 1_700_000_000_000),
    (DataType.TEXT, "text"),
    (DataType.UUID, "6f1e0f0e-9a53-4a79-8f4f-2d6d3d1f1a11"),
]


def test_each_codec_reads_what_the_other_wrote(require: Callable[[object, str], None]) -> None:
    table = DataSet(("a", "b"), (DataType.DOUBLE, DataType.STRING), ((1.5, "x"), (2.5, "y")))
    instance = Template(False, "motor", None, (Member("rpm", DataType.INT32, 900),))
    unit = property_set_bytes(PropertySet((Property("unit", DataType.STRING, "mm/s"),)))
    metrics = (
        *(
            Metric(kind.name, number, 1000 + number, kind, value)
            for number, (kind, value) in enumerate(SCALARS, 1)
        ),
        Metric("bytes", 50, 1, DataType.BYTES, b"\x00\xff"),
        Metric("null", 51, 1, DataType.INT32, None, is_null=True),
        Metric("quality", 52, 1, DataType.DOUBLE, 2.5, quality=500, properties=unit),
        Metric("table", 53, 1, DataType.DATASET, raw=data_set_bytes(table)),
        Metric("motor", 54, 1, DataType.TEMPLATE, raw=template_bytes(instance)),
    )
    with sparkplug_client(require, "codec") as peer:
        peer.until(lambda line: line.get("ready"))
        peer.tell(encode(Payload(1, 0, metrics)).hex())
        heard = peer.until(lambda line: "again" in line)
    theirs = {metric["name"]: metric for metric in heard["metrics"]}
    for kind, value in SCALARS:
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        assert theirs[kind.name]["type"].lower() == kind.name.lower()
        if kind is not DataType.DATETIME:  # shown as a local date
            assert theirs[kind.name]["value"] == shown
    assert theirs["null"]["value"] is None
    ours = {metric.name: metric for metric in decode(bytes.fromhex(heard["again"])).metrics}
    for metric in metrics:
        again = ours[metric.name]
        assert (again.datatype, again.value, again.alias) == (metric.datatype, metric.value, metric.alias)
        assert (again.quality, again.is_null) == (metric.quality, metric.is_null)
    assert data_set(ours["table"].raw or b"") == table
    assert template(ours["motor"].raw or b"").members == instance.members
