"""History's questions: `asked` checks, `series` answers charts, `rows` programs, `joins` tells mappings."""

from cloud.history.queries.asked import width_of, window_of
from cloud.history.queries.joins import joins, mappings
from cloud.history.queries.rows import Row, as_csv, as_records, rows, write_parquet
from cloud.history.queries.series import found_tags, reading_times, series

__all__ = [
    "Row",
    "as_csv",
    "as_records",
    "found_tags",
    "joins",
    "mappings",
    "reading_times",
    "rows",
    "series",
    "width_of",
    "window_of",
    "write_parquet",
]
