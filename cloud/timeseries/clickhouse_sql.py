"""The SQL of the ClickHouse store."""

from cloud.timeseries.store import GOOD

# The names of tags stand in the points themselves: a restored ledger cannot make them mean another tag.
# The time is a plain integer, since a wrong clock may send times that no date type holds; `time` shows it.
# Equal identities always fall into one partition, so that FINAL need not look across partitions.
POINTS = """
    create table if not exists points (
        tag LowCardinality(String),
        ts Int64 codec(DoubleDelta, ZSTD(1)),
        stream LowCardinality(String),
        position Int64 codec(Delta, ZSTD(1)),
        ord UInt16,
        value Nullable(Float64) codec(ZSTD(1)),
        text Nullable(String) codec(ZSTD(1)),
        is_number Bool,
        quality Int16,
        seen UInt64 codec(Delta, ZSTD(1)),
        time DateTime64(3, 'UTC') alias fromUnixTimestamp64Milli(ts, 'UTC'),
        index positions position type minmax granularity 1
    )
    engine = ReplacingMergeTree(seen)
    partition by intDiv(ts, 2592000000)
    order by (tag, ts, stream, position, ord)
    settings fsync_after_insert = 1, fsync_part_directory = 1, non_replicated_deduplication_window = 1000
"""
# The newest reading of each tag, written by us with the points; of equal times the one inserted last stays.
LATEST = """
    create table if not exists latest (
        tag LowCardinality(String),
        ts Int64,
        value Nullable(Float64),
        text Nullable(String),
        is_number Bool,
        quality Int16,
        seen UInt64
    )
    engine = ReplacingMergeTree(ts)
    order by tag
    settings fsync_after_insert = 1, fsync_part_directory = 1
"""
TABLES = (POINTS, LATEST)

SESSION = {
    "async_insert": 0,
    "do_not_merge_across_partitions_select_final": 1,
    "max_partitions_per_insert_block": 0,
    "mutations_sync": 1,
    "lightweight_deletes_sync": 1,
    "join_use_nulls": 1,
}

_IS_GOOD = f"quality = {GOOD} and isFinite(value)"
_PLACE = "(ts, seen, ord)"

NEWEST = """
    select tag, argMax((ts, value, text, is_number, quality), (ts, seen)) from latest
    where tag in {tags:Array(String)} group by tag
"""
RAW = f"""
    select ts, value, text, is_number, quality from points final
    where tag = {{tag:String}} and ts >= {{since:Int64}} and ts < {{until:Int64}}
    order by {_PLACE}
"""  # noqa: S608  built from constants
# One stretch per window (see `spans`): the area under the values until the last one of the window.
STRETCHES = f"""
    select min(ts), max(ts), count(), min(value), max(value), sum(value), argMin(value, {_PLACE}),
           argMax(value, {_PLACE}), sum(value * (next - ts))
    from (
        select ts, value, seen, ord, ts - positiveModulo(ts, {{window:Int64}}) as start,
               leadInFrame(ts, 1, ts) over (
                   partition by start order by ts, seen, ord
                   rows between unbounded preceding and unbounded following) as next
        from points final
        where tag = {{tag:String}} and ts >= {{since:Int64}} and ts < {{until:Int64}} and {_IS_GOOD})
    group by start order by start
"""  # noqa: S608  built from constants
# What held before: the time first, read backwards along the key, then the last written of that time.
BEFORE = f"""
    select value from points
    where tag = {{tag:String}} and {_IS_GOOD} and ts = (
        select ts from points where tag = {{tag:String}} and ts < {{since:Int64}} and {_IS_GOOD}
        order by ts desc limit 1)
    order by seen desc, ord desc limit 1
"""  # noqa: S608  built from constants
HELD = f"""
    select value, sum(next - ts) from (
        select ts, value, leadInFrame(ts, 1, {{until:Int64}}) over (
                   order by ts, seen, ord rows between unbounded preceding and unbounded following) as next
        from points final
        where tag = {{tag:String}} and ts >= {{since:Int64}} and ts < {{until:Int64}} and {_IS_GOOD})
    group by value
"""  # noqa: S608  built from constants
FIRST = f"""
    select min(ts), count() from points
    where tag = {{tag:String}} and ts >= {{since:Int64}} and ts < {{until:Int64}} and {_IS_GOOD}
"""  # noqa: S608  built from constants
_IDENTIFIED = "select stream, position, ord, tag, ts, value, text, is_number, quality from points final"
OF_BATCHES = f"{_IDENTIFIED} where ts >= {{since:Int64}} and ts <= {{through:Int64}} and ({{spans}})"
OF_TAGS = f"{_IDENTIFIED} where tag in {{tags:Array(String)}} order by seen, stream, position, ord"
DROP = ("delete from points where ts < {until:Int64}", "delete from latest where ts < {until:Int64}")
SIZE = "select sum(bytes_on_disk) from system.parts where database = currentDatabase() and active"
