"""Programs read with an API token: as Bearer, as the password of Basic, and only what it may."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update
from starlette.requests import Request

from cloud.app import API, create_app
from cloud.identity import tables
from cloud.identity.access import TRIES_PER_NAME, said_token, token_hash
from cloud.identity.actions import DEMO_PASSWORD, write_token_uses
from cloud.kpi.routes import LISTENER, _still_may
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import GOOD, BatchRow, Commit, StreamKey

PLANT_FILE = Path(__file__).parents[3] / "simulators" / "plants" / "demo.toml"
TAG, T0 = "suzhou/gw-l1/L1-OP10/condition", 1_772_409_600_000
WINDOW = "start=2026-03-02T00:00:00Z&end=2026-03-02T01:00:00Z"
ROWS = f"/history/rows?tag={TAG}&{WINDOW}"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("tokens")
    app = create_app(Settings(data=folder, plant_file=PLANT_FILE, demo_users=True), takes_in=False)
    with TestClient(app, base_url=f"https://test{API}") as opened:
        app.state.store = DuckDBStore(folder / "points.duckdb")
        commit = Commit(tags=[TAG])
        commit.batches.append(BatchRow("a" * 32, 1, "suzhou/gw-l1", T0, T0))
        columns = commit.points
        for name, value in (
            ("batch", 0),
            ("ord", 0),
            ("tag", 0),
            ("ts_ms", T0),
            ("value", 2.5),
            ("quality", GOOD),
        ):
            getattr(columns, name).append(value)
        commit.watermarks[StreamKey("suzhou/gw-l1", "a" * 32)] = 1
        app.state.store.append(commit)
        yield opened
        app.state.store.close()


@pytest.fixture
def client(server: TestClient) -> Iterator[TestClient]:
    """A browser without a session, and nobody's wrong tokens counted."""
    server.cookies.clear()
    app: Any = server.app
    app.state.token_limit = type(app.state.token_limit)()
    yield server
    server.cookies.clear()


def log_in(client: TestClient, name: str) -> None:
    assert client.post("/session", json={"username": name, "password": DEMO_PASSWORD}).is_success


def made(
    client: TestClient, role: str = "operator", user: str = "manager", name: str = "Grafana"
) -> tuple[int, str]:
    """A new token; the browser that made it is closed."""
    log_in(client, user)
    answer = client.post("/tokens", json={"name": name, "role": role, "days": 90})
    assert answer.status_code == 201, answer.text
    client.cookies.clear()
    return answer.json()["token"]["id"], answer.json()["secret"]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def basic(secret: str, user: str = "taktline") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()}


def test_connectors_read_history_and_oee_with_a_token(client: TestClient) -> None:
    _, secret = made(client)
    for headers in (bearer(secret), basic(secret)):
        assert client.get(ROWS, headers=headers).json()[0]["value"] == 2.5
        assert (
            client.get(ROWS + "&format=csv", headers=headers).text.splitlines()[0] == "time,tag,value,quality"
        )
        tags = client.get("/history/tags?q=condition", headers=headers).json()["items"]
        assert [item["tag"] for item in tags] == [TAG]
        series = client.get(f"/history/series?tag={TAG}&{WINDOW}", headers=headers)
        assert series.json()["series"][0]["points"][0]["value"] == 2.5
        figures = client.get(
            "/oee?scope=site&from=2026-03-02T00:00:00Z&to=2026-03-03T00:00:00Z&by=machine", headers=headers
        )
        assert figures.status_code == 200, figures.text
        assert "set-cookie" not in figures.headers


def test_a_token_is_shown_once_and_kept_as_a_hash(client: TestClient) -> None:
    number, secret = made(client)
    app: Any = client.app
    with app.state.db.read() as session:
        row = session.get(tables.ApiToken, number)
        assert secret not in repr(vars(row))
        assert (row.hint, row.token_hash) == (secret[:8], token_hash(secret))
    log_in(client, "manager")
    listed = client.get("/tokens")
    assert secret not in listed.text
    assert listed.json()[0]["hint"] == secret[:8]


def test_a_token_reads_no_more_than_its_role_and_changes_nothing(client: TestClient) -> None:
    _, secret = made(client, "operator", "admin")
    assert client.get("/system/quarantine", headers=bearer(secret)).status_code == 403
    refused = client.post("/history/mappings/1/undo", headers=bearer(secret))
    assert (refused.status_code, refused.json()["code"]) == (403, "token_reads_only")
    for path in ("/tokens", "/tokens/roles"):
        asked = client.get(path, headers=bearer(secret))
        assert (asked.status_code, asked.json()["code"]) == (401, "not_logged_in")
    for method, path in (("POST", "/tokens"), ("POST", "/session/renew"), ("DELETE", "/session")):
        assert client.request(method, path, headers=bearer(secret), json={}).status_code == 401
    assert client.get("/session", headers=bearer(secret)).json()["permissions"] == [
        "orders.read",
        "plant.read",
    ]


def test_nobody_makes_a_token_that_reads_more_than_they_may(client: TestClient) -> None:
    log_in(client, "operator")
    answer = client.post("/tokens", json={"name": "x", "role": "manager", "days": 5})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_role")
    assert client.post("/tokens", json={"name": "x", "role": "quality", "days": 5}).status_code == 422
    assert client.post("/tokens", json={"name": "x", "role": "operator", "days": 0}).status_code == 422


def test_the_roles_of_a_token_are_those_that_its_owner_may_give(client: TestClient) -> None:
    log_in(client, "operator")
    assert client.get("/tokens/roles").json() == [
        {"role": "operator", "reads": ["plant.read", "orders.read"]}
    ]
    log_in(client, "manager")
    possible = {row["role"]: row["reads"] for row in client.get("/tokens/roles").json()}
    assert {"admin", "manager", "operator"} <= set(possible), "a manager reads as much as an administrator"
    assert "quality" not in possible, "it is reserved"
    for role in possible:
        made_one = client.post("/tokens", json={"name": f"of {role}", "role": role, "days": 1})
        assert made_one.status_code == 201, made_one.text


def test_a_token_of_a_user_with_a_lesser_role_now_reads_less(client: TestClient) -> None:
    _, secret = made(client, "manager", "manager")
    assert client.get("/audit/points", headers=bearer(secret)).status_code == 200
    app: Any = client.app
    of_manager = update(tables.User).where(tables.User.username == "manager")
    for change, status in (({"role_id": "operator"}, 403), ({"active": False}, 401)):
        with app.state.db.write() as session:
            session.execute(of_manager.values(**change))
        assert client.get("/audit/points", headers=bearer(secret)).status_code == status
    with app.state.db.write() as session:
        session.execute(of_manager.values(role_id="manager", active=True))


def test_a_stream_stays_open_for_a_program_until_its_token_is_revoked(client: TestClient) -> None:
    number, secret = made(client)
    header = (b"authorization", f"Bearer {secret}".encode())
    scope = {"type": "http", "app": client.app, "method": "GET", "path": "/", "headers": [header]}
    request = Request({**scope, "client": ("testclient", 1)})
    user = LISTENER(request)
    assert _still_may(request, user)
    log_in(client, "manager")
    assert client.post(f"/tokens/{number}/revoke").status_code == 204
    assert not _still_may(request, user)


def test_a_revoked_or_expired_token_opens_nothing(client: TestClient) -> None:
    number, secret = made(client)
    log_in(client, "operator")
    assert client.post(f"/tokens/{number}/revoke").json()["code"] == "no_such_token", "it is another's"
    log_in(client, "admin")
    assert number in [row["id"] for row in client.get("/tokens").json()], "who manages tokens sees all"
    assert client.post(f"/tokens/{number}/revoke").status_code == 204
    client.cookies.clear()
    refused = client.get(ROWS, headers=bearer(secret))
    assert (refused.status_code, refused.json()["code"]) == (401, "wrong_token")
    assert refused.headers["www-authenticate"].startswith("Bearer"), "no window of the browser opens"
    number, secret = made(client)
    app: Any = client.app
    with app.state.db.write() as session:
        session.execute(update(tables.ApiToken).where(tables.ApiToken.id == number).values(expires_ms=1))
    assert client.get(ROWS, headers=basic(secret)).status_code == 401


def test_wrong_tokens_are_limited_like_wrong_passwords(client: TestClient) -> None:
    _, secret = made(client)
    wrong = bearer("tkl_stale")
    assert [client.get(ROWS, headers=wrong).status_code for _ in range(TRIES_PER_NAME + 2)] == [401] * 5 + [
        429
    ] * 2
    assert client.get(ROWS, headers=bearer(secret)).status_code == 200, "a stale dashboard stops no other"
    guesses = [client.get(ROWS, headers=basic(f"guess {n}")) for n in range(20)]
    assert guesses[-1].status_code == 429
    assert int(guesses[-1].headers["retry-after"]) > 0
    assert client.get(ROWS, headers=bearer("tkl_another")).status_code == 429
    assert client.get(ROWS, headers=bearer(secret)).status_code == 200, "nor do guesses of its neighbour"
    log_in(client, "manager")
    assert client.get(ROWS, headers=wrong).status_code == 200, "a person's session is not looked at"


def test_uses_and_wrong_tokens_are_written_down(client: TestClient) -> None:
    number, secret = made(client, name="Power BI")
    client.get(ROWS, headers=bearer(secret))
    client.get(ROWS, headers=bearer("tkl_wrong"))
    app: Any = client.app
    with app.state.db.write() as session:
        write_token_uses(session, *app.state.token_uses.taken())
    with app.state.db.read() as session:
        assert session.get(tables.ApiToken, number).used_ms > 0
        found = session.execute(select(tables.AuditEntry.action, tables.AuditEntry.object)).all()
    actions = {tuple(row) for row in found}
    assert {("tokens.make", f"token/{number}"), ("tokens.refused", "address/testclient")} <= actions


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer  abc ", "abc"),
        ("bearer abc", "abc"),
        ("Basic dTphOmI=", "a:b"),
        ("Basic %%%", ""),
        ("Basic dQ==", ""),
        ("Basic \xe9t\xe9", ""),
        ("Basic 6Q==", ""),
        ("Digest x", None),
        ("", None),
        (None, None),
    ],
)
def test_headers_are_read_as_programs_write_them(header: str | None, token: str | None) -> None:
    assert said_token(header) == token


def test_the_requests_of_the_documentation_are_answered(client: TestClient) -> None:
    _, secret = made(client)
    page = (Path(__file__).parents[3] / "docs" / "history.md").read_text(encoding="utf-8")
    asked = set(re.findall(r"(?:http://[\w.]+:8080/api/v1|…/api/v1)(/[^`'\s]+)", page))
    assert len(asked) >= 5, asked
    times = {"${__from:date:iso}": "2026-03-02T00:00:00.000Z", "${__to:date:iso}": "2026-03-02T01:00:00.000Z"}
    for path in asked - {"/session"}:
        for name, value in times.items():
            path = path.replace(name, value)  # noqa: PLW2901  the address as Grafana sends it
        if "/rows" in path and TAG not in path:
            path = re.sub(r"tag=[^&]+", f"tag={TAG}", path)  # noqa: PLW2901  the only signal stored here
        for headers in (bearer(secret), basic(secret)):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 200, (path, answer.text[:300])
            if "/oee" in path:
                assert answer.json()["groups"], "rows below the root `groups`"
