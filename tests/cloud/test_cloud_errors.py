"""Every error is a problem document with a code, and never a stack trace."""

import logging
import sqlite3
from contextlib import closing

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field
from sqlalchemy import QueuePool, create_engine, text

from cloud.errors import (
    CloudError,
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    Unavailable,
    install_problem_answers,
)

ERRORS: dict[str, tuple[CloudError, int]] = {
    "not-found": (NotFound("no such thing", code="no_such_thing"), 404),
    "not-allowed": (NotAllowed("not you"), 403),
    "not-logged-in": (NotAllowed("nobody", code="not_logged_in"), 401),
    "too-many": (NotAllowed("slowly", code="too_many_attempts", headers={"Retry-After": "9"}), 429),
    "conflict": (Conflict("taken"), 409),
    "invalid": (Invalid("wrong", errors=[{"where": "x", "message": "bad"}]), 422),
    "unavailable": (Unavailable("later"), 503),
}


class Part(BaseModel):
    size: int = Field(ge=1)


class Whole(BaseModel):
    parts: list[Part]


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    install_problem_answers(app)

    @app.get("/raise/{name}")
    def fail(name: str) -> None:
        raise ERRORS[name][0]

    @app.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("a secret of the inside")

    @app.get("/wrong-table")
    def look() -> None:
        with create_engine("sqlite://").connect() as connection:
            connection.execute(text("SELECT * FROM nowhere"))

    @app.get("/no-connection")
    def wait() -> None:
        pool = QueuePool(lambda: sqlite3.connect(":memory:"), pool_size=1, max_overflow=0, timeout=0.01)
        with closing(pool.connect()):
            pool.connect()

    @app.post("/whole")
    def whole(whole: Whole) -> int:
        return len(whole.parts)

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize("name", ERRORS)
def test_each_error_has_its_status_code_and_detail(client: TestClient, name: str) -> None:
    error, status = ERRORS[name]
    answer = client.get(f"/raise/{name}")
    body = answer.json()
    assert answer.status_code == body["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["code"], body["detail"], body["errors"]) == (error.code, error.detail, error.errors)


def test_headers_of_an_error_are_sent(client: TestClient) -> None:
    assert client.get("/raise/too-many").headers["retry-after"] == "9"


def test_wrong_fields_are_named_with_their_place(client: TestClient) -> None:
    answer = client.post("/whole", json={"parts": [{"size": 1}, {"size": 0}]})
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"
    assert [error["where"] for error in answer.json()["errors"]] == ["parts.1.size"]


def test_a_body_that_is_not_json_is_a_problem_document(client: TestClient) -> None:
    answer = client.post("/whole", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_unknown_page_and_a_wrong_method_are_problem_documents(client: TestClient) -> None:
    assert client.get("/nowhere").json()["code"] == "no_such_page"
    wrong = client.delete("/whole")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"] == "POST"


def test_what_broke_inside_is_logged_but_not_told(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        answer = client.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


def test_a_database_that_is_busy_is_no_fault_of_the_server_and_others_of_its_errors_are(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.CRITICAL):
        wrong, busy = client.get("/wrong-table"), client.get("/no-connection")
    assert (wrong.status_code, wrong.json()["code"]) == (500, "internal")
    assert (busy.status_code, busy.json()["code"]) == (503, "busy")
    assert busy.headers["retry-after"] == "5"
