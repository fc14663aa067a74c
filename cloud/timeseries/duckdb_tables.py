"""The tables of a DuckDB store with the Arrow schemas of what is inserted."""

import pyarrow as pa

FORMAT_VERSION = "4"  # of the hot file
BEFORE = ("1", "2", "3")  # one file without hours; as 3; watermarks that every commit changes in place
MONTH_FORMAT = "3"
MONTHS_BEFORE = ("1", "2")  # hours that stand alone, in microseconds

_PTS = """(ts bigint, tag_id integer, value double, quality smallint, batch bigint, ord usmallint)"""
_EVENTS = """(ts bigint, tag_id integer, text varchar, is_number boolean, quality smallint, batch bigint,
    ord usmallint)"""
# One row per hour that a batch has points in; `is_home` marks one of them, so batches can be counted.
_BATCHES = """(hour bigint, batch bigint, stream varchar, position bigint, node varchar, points bigint,
    is_home boolean, sent_ms bigint, received_ms bigint, committed_ms bigint)"""

# No primary keys on the big tables: with one, DuckDB takes 0.9 M rows/s instead of 4 to 6 M.
TABLES = (
    "create table if not exists meta (key varchar, value varchar)",
    "create table if not exists tags (tag_id integer, tag varchar)",
    f"create table if not exists batches {_BATCHES}",  # these three: what came late, and hours not opened
    f"create table if not exists pts {_PTS}",
    f"create table if not exists events {_EVENTS}",
    """create table if not exists manifest (month varchar, hour bigint, seg bigint, points bigint,
       low_batch bigint, high_batch bigint)""",
    """create table if not exists seg_nodes (seg bigint, node varchar, batches bigint, points bigint,
       at_ms bigint)""",
    """create table if not exists latest (tag_id integer, ts bigint, batch bigint, ord usmallint,
       value double, text varchar, is_number boolean, quality smallint)""",
    "create table if not exists watermarks (node varchar, stream varchar, w bigint)",
    # What commits moved since the table above was written: adding a row takes half the time of changing one
    # there and one in `meta`.
    "create table if not exists moves (commit_no bigint, node varchar, stream varchar, w bigint)",
    """create table if not exists gaps (node varchar, stream varchar, "first" bigint, "last" bigint,
       reason varchar, commit_no bigint)""",
    """create table if not exists signal_log (commit_no bigint, ord integer, stream varchar, position bigint,
       point_ord integer, tag_id integer, role varchar, source varchar, ts_ms bigint, value double,
       text varchar, quality smallint)""",
    """create table if not exists quarantine (id bigint, at_ms bigint, topic varchar, reason varchar,
       size bigint, digest varchar, head blob)""",
    "create table if not exists telemetry (commit_no bigint, device varchar, digest varchar, at_ms bigint)",
    "create table if not exists bound (tag varchar, role varchar, source varchar, version integer)",
)

# A file of closed hours, each a segment (hour, generation) with a number of its own in `seg`. Times are in
# milliseconds here: a difference of microseconds takes ten bits more in every row and says nothing more.
_SPANS = """(seg integer, tag_id integer, first_ms bigint, last_ms bigint, good integer, low double,
    high double, total double, first double, last double, area double"""
MONTH_TABLES = (
    "create table if not exists {m}.meta (key varchar, value varchar)",
    "create table if not exists {m}.segments (seg integer, hour bigint)",
    """create table if not exists {m}.pts (seg integer, ts bigint, tag_id integer, value double,
       quality smallint, batch bigint, ord usmallint)""",
    """create table if not exists {m}.events (seg integer, ts bigint, tag_id integer, text varchar,
       is_number boolean, quality smallint, batch bigint, ord usmallint)""",
    """create table if not exists {m}.batches (seg integer, batch bigint, stream varchar, position bigint,
       node varchar, points bigint, is_home boolean, sent_ms bigint, received_ms bigint,
       committed_ms bigint)""",
    "create table if not exists {m}.minutes " + _SPANS + ")",
    "create table if not exists {m}.hours " + _SPANS + ", states smallint)",
    "create table if not exists {m}.held (seg integer, tag_id integer, value double, held_ms bigint)",
)
SEGMENT_TABLES = ("segments", "pts", "events", "batches", "minutes", "hours", "held")


def open_hour(hour: int) -> tuple[str, ...]:
    """Return the statements that make the tables of an open hour."""
    return (
        f"create table if not exists pts_{hour} {_PTS}",
        f"create table if not exists events_{hour} {_EVENTS}",
        f"create table if not exists batches_{hour} {_BATCHES}",
    )


# From format 1; from 2 to 3 only the files of closed hours changed, from 3 to 4 a table comes.
UPGRADE = (
    "alter table batches rename to batches_before",
    f"create table batches {_BATCHES}",
    """insert into batches
       with parts as (
           select batch, floor(ts / 3600000000)::bigint as hour, count(*) as points
           from (select ts, batch from pts union all select ts, batch from events) group by all)
       select p.hour, b.batch, b.stream, b.position, b.node, coalesce(p.points, 0),
              row_number() over (partition by b.batch order by p.hour) = 1, b.sent_ms, b.received_ms,
              b.committed_ms
       from batches_before b left join parts p using (batch)""",
    "drop table batches_before",
)
# What of a month's file of the format before is written anew.
MONTH_UPGRADE = tuple(
    statement
    for table, columns in (
        ("pts", "seg, ts // 1000 as ts, tag_id, value, quality, batch, ord"),
        ("events", "seg, ts // 1000 as ts, tag_id, text, is_number, quality, batch, ord"),
    )
    for statement in (
        f"create table {{m}}.{table}_anew as select {columns} from {{m}}.{table}",  # noqa: S608  names of ours
        f"drop table {{m}}.{table}",
        f"alter table {{m}}.{table}_anew rename to {table}",
    )
)

# Few different ones among many rows: each is said once.
_NAME = pa.dictionary(pa.int32(), pa.string())

TAGS = pa.schema([("tag_id", pa.int32()), ("tag", pa.string())])
BATCHES = pa.schema(
    [
        ("batch", pa.int64()),
        ("stream", _NAME),
        ("position", pa.int64()),
        ("node", _NAME),
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
MANIFEST = pa.schema(
    [
        ("month", pa.string()),
        ("hour", pa.int64()),
        ("seg", pa.int64()),
        ("points", pa.int64()),
        ("low_batch", pa.int64()),
        ("high_batch", pa.int64()),
    ]
)
LATEST = pa.schema(
    [
        ("tag_id", pa.int32()),
        ("ts", pa.int64()),
        ("batch", pa.int64()),
        ("ord", pa.uint16()),
        ("value", pa.float64()),
        ("text", pa.string()),
        ("is_number", pa.bool_()),
        ("quality", pa.int16()),
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
TELEMETRY = pa.schema(
    [("commit_no", pa.int64()), ("device", pa.string()), ("digest", pa.string()), ("at_ms", pa.int64())]
)
BOUND = pa.schema(
    [("tag", pa.string()), ("role", pa.string()), ("source", pa.string()), ("version", pa.int32())]
)
