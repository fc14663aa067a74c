"""History over HTTP: signals to be found, series for charts, rows for other programs."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Response
from fastapi import Path as PathOf
from fastapi.responses import FileResponse, StreamingResponse
from starlette.background import BackgroundTask

from cloud.db import Read, Tx
from cloud.history import actions, queries
from cloud.history.schemas import (
    HistoryOut,
    Measure,
    ReadingTimes,
    TagMappingIn,
    TagMappingOut,
    TagMappingPlan,
    TagPage,
)
from cloud.identity.access import User, may
from cloud.ingest.routes import Points
from cloud.plant.access import Clock
from cloud.plant.schemas import ms_from_iso
from cloud.timeseries.continued import Continued

router = APIRouter(prefix="/history", tags=["history"])

Reader = Annotated[User, Depends(may("plant.read"))]
Mapper = Annotated[User, Depends(may("tags.map"))]
Time = Annotated[str | None, Query(max_length=40, description="ISO 8601 with zone.")]
Tags = Annotated[
    list[str],
    Query(
        alias="tag", min_length=1, max_length=100, description="`group/node/device/metric`, up to 12 times."
    ),
]
MOST_RECORDS = 200_000


def through_mappings(_user: Reader, store: Points, session: Read) -> Continued:
    """The store as history reads it: signals go on across renamed addresses."""
    return Continued(store, queries.joins(session))


Through = Annotated[Continued, Depends(through_mappings)]


@router.get("/tags")
def find_tags(
    _user: Reader,
    store: Through,
    session: Read,
    q: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str | None, Query(max_length=1000)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> TagPage:
    """Signals whose address contains `q`, in any case of letters, in the order of their addresses."""
    return queries.found_tags(session, store, q, after, limit)


@router.get("/series")
def show_series(  # noqa: PLR0917  a route's dependencies
    _user: Reader,
    store: Through,
    clock: Clock,
    tags: Tags,
    start: Time = None,
    end: Time = None,
    points: Annotated[int, Query(ge=10, le=5000)] = 600,
) -> HistoryOut:
    """About so many points of each signal; windows with least and greatest where there are more."""
    return queries.series(store, tags, queries.window_of(start, end, clock.now_ms()), points)


@router.get("/rows", response_class=Response)
def show_rows(  # noqa: PLR0917  a route's dependencies
    _user: Reader,
    store: Through,
    clock: Clock,
    tags: Tags,
    start: Time = None,
    end: Time = None,
    window: Annotated[
        str | None, Query(max_length=8, description="`30s`, `1m`, `8h`; without it every point.")
    ] = None,
    measure: Measure = "mean",
    form: Annotated[Literal["json", "csv", "parquet"], Query(alias="format")] = "json",
) -> Response:
    """Flat rows `time, tag, value, quality` for Grafana, Power BI, spreadsheets and notebooks.

    More than 200,000 rows of JSON are refused (422, `too_many_rows`); CSV and Parquet have no end.
    """
    width_ms = None if window is None else queries.width_of(window)
    found = queries.rows(store, tags, queries.window_of(start, end, clock.now_ms()), width_ms, measure)
    if form == "parquet":
        return _parquet(found)
    if form == "csv":
        headers = {"content-disposition": 'attachment; filename="history.csv"'}
        return StreamingResponse(queries.as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
    records = queries.as_records(found, MOST_RECORDS)
    return Response(orjson.dumps(records), media_type="application/json")


@router.get("/reading")
def show_reading_times(
    _user: Reader,
    store: Points,
    stream: Annotated[str, Query(min_length=1, max_length=64)],
    position: Annotated[int, Query(ge=0, lt=1 << 63)],
    at: Annotated[str, Query(max_length=40, description="The time of the reading, ISO 8601 with zone.")],
) -> ReadingTimes:
    """When a reading was sent, received and stored; stream and position are those of `/oee/explain`."""
    return queries.reading_times(store, stream, position, ms_from_iso(at, "at"))


def _parquet(found: Iterator[queries.Row]) -> FileResponse:
    with tempfile.NamedTemporaryFile(suffix=".parquet", delete=False) as file:
        path = Path(file.name)
    try:
        queries.write_parquet(found, str(path))
    except BaseException:
        path.unlink()
        raise
    return FileResponse(
        path,
        media_type="application/vnd.apache.parquet",
        filename="history.parquet",
        background=BackgroundTask(path.unlink),
    )


@router.get("/mappings")
def list_mappings(_user: Reader, session: Read) -> list[TagMappingOut]:
    """Which gateways, devices and signals go on with the history of which, the newest mapping first."""
    return queries.mappings(session)


@router.post("/mappings/plan")
def plan_mapping(
    _user: Mapper, store: Points, session: Read, clock: Clock, wanted: TagMappingIn
) -> TagMappingPlan:
    """The signals that a mapping would join; nothing is changed."""
    return actions.planned(session, store, wanted, clock.now_ms())


@router.post("/mappings", status_code=201)
def post_mapping(
    user: Mapper, store: Points, session: Tx, clock: Clock, wanted: TagMappingIn
) -> TagMappingOut:
    """Let an address go on with the history of another one; what the old one meant goes to it."""
    return actions.map_tags(session, store, wanted, user, clock.now_ms())


@router.post("/mappings/{number}/undo")
def undo_mapping(
    user: Mapper, session: Tx, number: Annotated[int, PathOf(ge=1, lt=1 << 62)]
) -> TagMappingOut:
    """Take a mapping back: history and bindings are as before."""
    return actions.undo(session, number, user)
