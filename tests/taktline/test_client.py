"""Who uses the API says the same again to a cloud that is busy, and hears a refusal at once."""

import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient

from taktline.client import Api, ApiRefused


@pytest.fixture
def api() -> Api:
    """A session on a cloud that is busy twice, and on one that takes in no data."""
    app, asked = FastAPI(), list[int]()

    @app.post("/orders")
    def enter() -> JSONResponse:
        asked.append(1)
        if len(asked) < 3:
            return JSONResponse({"code": "busy"}, 503, headers={"Retry-After": "0"})
        return JSONResponse(len(asked))

    @app.get("/system")
    def system() -> JSONResponse:
        return JSONResponse({"code": "no_ingest"}, 503)

    found = Api("http://nowhere", "planner", "secret")
    found.http = TestClient(app)
    return found


def test_a_call_is_repeated_while_the_cloud_is_busy(api: Api) -> None:
    assert api.post("/orders", {}) == 3


def test_patience_with_a_busy_cloud_ends(api: Api) -> None:
    api.patience_s = 0.0
    with pytest.raises(ApiRefused, match="503"):
        api.post("/orders", {})


def test_what_says_not_when_to_come_again_is_a_refusal(api: Api) -> None:
    with pytest.raises(ApiRefused, match="no_ingest"):
        api.get("/system")
