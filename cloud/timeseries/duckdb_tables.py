"""The tables of a DuckDB store with the Arrow schemas of what is inserted."""

import pyarrow as pa

FORMAT_VERSION = "1"

# No primary keys on the big tables: with one, DuckDB takes 0.9 M rows/s instead of 4 to 6 M.
TABLES = (
    "create table if not exists meta (key varchar, value varchar)",
    "create table if not exists tags (tag_id integer, tag varchar)",
    """create table if not exists batches (batch bigint, stream varchar, position bigint, node varchar,
       points integer, sent_ms bigint, received_ms bigint, committed_ms bigint)""",
    """create table if not exists pts (ts bigint, tag_id integer, value double, quality smallint,
       batch bigint, ord usmallint)""",
    """create table if not exists events (ts bigint, tag_id integer, text varchar, is_number boolean,
       quality smallint, batch bigint, ord usmallint)""",
    "create table if not exists watermarks (node varchar, stream varchar, w bigint)",
    """create table if not exists gaps (node varchar, stream varchar, "first" bigint, "last" bigint,
       reason varchar, commit_no bigint)""",
    """create table if not exists signal_log (commit_no bigint, ord integer, stream varchar, position bigint,
       point_ord integer, tag_id integer, role varchar, source varchar, ts_ms bigint, value double,
       text varchar, quality smallint)""",
    """create table if not exists quarantine (id bigint, at_ms bigint, topic varchar, reason varchar,
       size bigint, digest varchar, head blob)""",
    "create table if not exists bound (tag varchar, role varchar, source varchar, version integer)",
)

TAGS = pa.schema([("tag_id", pa.int32()), ("tag", pa.string())])
BATCHES = pa.schema(
    [
        ("batch", pa.int64()),
        ("stream", pa.string()),
        ("position", pa.int64()),
        ("node", pa.string()),
        ("points", pa.int32()),
        ("sent_ms", pa.int64()),
        ("received_ms", pa.int64()),
        ("committed_ms", pa.int64()),
    ]
)
PTS = pa.schema(
    [
        ("ts", pa.int64()),
        ("tag_id", pa.int32()),
        ("value", pa.float64()),
        ("quality", pa.int16()),
        ("batch", pa.int64()),
        ("ord", pa.uint16()),
    ]
)
EVENTS = pa.schema(
    [
        ("ts", pa.int64()),
        ("tag_id", pa.int32()),
        ("text", pa.string()),
        ("is_number", pa.bool_()),
        ("quality", pa.int16()),
        ("batch", pa.int64()),
        ("ord", pa.uint16()),
    ]
)
WATERMARKS = pa.schema([("node", pa.string()), ("stream", pa.string()), ("w", pa.int64())])
GAPS = pa.schema(
    [
        ("node", pa.string()),
        ("stream", pa.string()),
        ("first", pa.int64()),
        ("last", pa.int64()),
        ("reason", pa.string()),
        ("commit_no", pa.int64()),
    ]
)
SIGNALS = pa.schema(
    [
        ("commit_no", pa.int64()),
        ("ord", pa.int32()),
        ("stream", pa.string()),
        ("position", pa.int64()),
        ("point_ord", pa.int32()),
        ("tag_id", pa.int32()),
        ("role", pa.string()),
        ("source", pa.string()),
        ("ts_ms", pa.int64()),
        ("value", pa.float64()),
        ("text", pa.string()),
        ("quality", pa.int16()),
    ]
)
QUARANTINE = pa.schema(
    [
        ("id", pa.int64()),
        ("at_ms", pa.int64()),
        ("topic", pa.string()),
        ("reason", pa.string()),
        ("size", pa.int64()),
        ("digest", pa.string()),
        ("head", pa.binary()),
    ]
)
BOUND = pa.schema(
    [("tag", pa.string()), ("role", pa.string()), ("source", pa.string()), ("version", pa.int32())]
)
