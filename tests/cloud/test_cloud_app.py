"""The wired application: who may call what, how it logs in, what it serves."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from sqlalchemy import text

from cloud.app import API, REACTIONS, create_app
from cloud.db import Database, SchemaStale, migrate
from cloud.identity.access import ALL, COOKIE, TRIES_PER_NAME, May
from cloud.identity.actions import DEMO_PASSWORD
from cloud.settings import Settings

PLANT_FILE = Path(__file__).parents[2] / "simulators" / "plants" / "demo.toml"
CLOCK = "2026-03-02T16:00:00+08:00@2026-01-01T00:00:00+00:00x60"
NO_SUCH_CALL = ("GET", f"{API}/{{rest}}")
OPEN = {("GET", f"{API}/health"), ("POST", f"{API}/session"), NO_SUCH_CALL}
ANY_ROLE = {
    ("GET", f"{API}/session"),
    ("DELETE", f"{API}/session"),
    ("POST", f"{API}/session/renew"),
    ("GET", f"{API}/tokens"),
    ("GET", f"{API}/tokens/roles"),
    ("POST", f"{API}/tokens"),
    ("POST", f"{API}/tokens/{{number}}/revoke"),
}
ORDER: dict[str, Any] = {
    "number": "SO-1",
    "customer": "yangtze-motor",
    "lines": [{"line": 1, "product": "BD-280", "quantity": "100", "due": "2026-03-04T08:00:00Z"}],
}


@pytest.fixture(scope="module")
def ui_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built web app of two files."""
    folder = tmp_path_factory.mktemp("ui")
    (folder / "index.html").write_text("<title>Taktline</title>")
    (folder / "assets").mkdir()
    (folder / "assets" / "main-abc.js").write_text("start()")
    return folder


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, ui_dir: Path) -> Iterator[FastAPI]:
    """The application with the demo plant and its users, without a broker."""
    settings = Settings(
        data=tmp_path_factory.mktemp("data"),
        plant_file=PLANT_FILE,
        demo_users=True,
        clock=CLOCK,
        ui_dir=ui_dir,
    )
    app = create_app(settings, takes_in=False)
    with TestClient(app):
        yield app


Login = Callable[[str], TestClient]
HUGE = 10**30
STRANGE: list[tuple[str, str, object]] = [
    ("POST", f"/downtime/corrections/{HUGE}/withdraw", None),
    ("PUT", f"/downtime/rules/{HUGE}", {"reason": "eq-mechanical"}),
    ("GET", "/downtime?start=2026-03-02T00:00:00Z&end=2026-03-02T01:00:00Z&after=²:x", None),
    ("GET", "/downtime?start=2026-03-02T00:00:00Z&end=2026-03-02T01:00:00Z&after=--5:x", None),
    ("POST", f"/oee/scrap/{HUGE}/withdraw", None),
    ("POST", "/oee/scrap", {"request": "r", "reason": "x", "machine": "L1-OP10", "job": HUGE}),
    ("DELETE", f"/calendar/exceptions/{HUGE}", None),
    ("POST", "/calendar/exceptions", {"day": "0001-01-01", "kind": "closed"}),
    ("POST", "/calendar/exceptions", {"day": "9999-12-31", "kind": "closed"}),
    ("GET", "/calendar/shifts?start=9999-12-30T00:00:00Z&end=9999-12-31T23:00:00Z", None),
    ("GET", "/report/shift?at=0001-01-01T00:00:00Z", None),
    (
        "PUT",
        "/bindings",
        {
            "tag": "suzhou/gw-l1/L1-OP10/rework",
            "role": "rework",
            "machine": "L1-OP10",
            "valid_from": "9999-12-31T23:59:59-23:00",
        },
    ),
    ("GET", f"/alarms/{HUGE}", None),
    ("POST", f"/alarms/{HUGE}/acknowledge", None),
    ("POST", f"/alarms/{HUGE}/notes", {"note": "x"}),
    ("GET", f"/alarms?after=1:{HUGE}:1", None),
    ("PUT", f"/work-orders/{HUGE}/rework", {"rework": True}),
    ("POST", "/work-orders", {"number": 1, "order": "SO-1", "line": HUGE, "quantity": "1"}),
    ("POST", "/work-orders", {"number": 1, "order": "SO-1", "line": 1, "quantity": "1e40"}),
    ("POST", "/orders", ORDER | {"lines": [ORDER["lines"][0] | {"quantity": "1e40"}]}),
    ("POST", "/orders", ORDER | {"lines": [ORDER["lines"][0] | {"line": HUGE}]}),
]


@pytest.fixture
def login(app: FastAPI) -> Login:
    """A new browser logged in under a demo name."""

    def log_in(username: str) -> TestClient:
        client = TestClient(app)
        answer = client.post(f"{API}/session", json={"username": username, "password": DEMO_PASSWORD})
        assert answer.status_code == 200, answer.text
        return client

    return log_in


@pytest.mark.parametrize("field", ["username", "password"])
def test_a_login_of_a_book_is_not_kept_in_mind(app: FastAPI, field: str) -> None:
    said = {"username": "admin", "password": DEMO_PASSWORD} | {field: "x" * 10_000}
    assert TestClient(app).post(f"{API}/session", json=said).status_code == 422


@pytest.mark.parametrize(("method", "path", "body"), STRANGE)
def test_what_no_number_or_time_can_be_is_refused_in_words(
    login: Login, method: str, path: str, body: object
) -> None:
    answer = login("admin").request(method, f"{API}{path}", json=body)
    assert answer.status_code in {404, 422}, answer.text
    assert answer.json()["code"] != "internal"


def _calls(app: FastAPI) -> dict[tuple[str, str], set[str | None]]:
    """The permissions that each call demands, found where FastAPI resolves its dependencies."""
    found = {}
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)  # only our own calls have one, not the pages of /docs
        if dependant is not None and route.path:
            demanded = {call.permission for call in _dependencies(dependant) if isinstance(call, May)}
            path = route.path.replace(":path}", "}")  # as the schema writes it
            found.update({(method, path): demanded for method in route.methods or ()})
    return found


def _dependencies(dependant: Dependant) -> Iterator[object]:
    for part in dependant.dependencies:
        yield part.call
        yield from _dependencies(part)


def test_every_call_but_health_and_login_demands_a_permission(app: FastAPI) -> None:
    calls = _calls(app)
    described = {
        (method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods
    }
    assert described <= set(calls), "a call was not looked at"
    assert len(calls) >= 10
    for call, permissions in calls.items():
        if call in OPEN:
            assert permissions == set()
        elif call in ANY_ROLE:
            assert permissions == {None}
        else:
            assert len(permissions) == 1, call
            assert permissions <= set(ALL), call


def test_every_call_but_health_and_login_refuses_a_stranger(app: FastAPI) -> None:
    stranger = TestClient(app)
    # This application takes in no data, which is nobody's business before a login.
    for method, path in set(_calls(app)) - OPEN:
        answer = stranger.request(method, path.replace("{", "").replace("}", ""))
        assert (answer.status_code, answer.json()["code"]) == (401, "not_logged_in"), (method, path)
    assert stranger.get(f"{API}/health").json() == {"status": "ok"}


def test_a_login_sets_a_cookie_that_scripts_cannot_read(app: FastAPI) -> None:
    client = TestClient(app)
    answer = client.post(f"{API}/session", json={"username": "planner", "password": DEMO_PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=")
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert answer.json()["permissions"] == sorted(answer.json()["permissions"])
    assert client.get(f"{API}/session").json() == answer.json()


def test_a_login_gives_a_new_token_and_ends_the_old_one(app: FastAPI, login: Login) -> None:
    client = login("planner")
    former = client.cookies[COOKIE]
    client.post(f"{API}/session", json={"username": "planner", "password": DEMO_PASSWORD})
    assert client.cookies[COOKIE] != former
    thief = TestClient(app, cookies={COOKIE: former})
    assert thief.get(f"{API}/session").status_code == 401


def test_logging_out_ends_the_session_on_the_server(app: FastAPI, login: Login) -> None:
    client = login("planner")
    token = client.cookies[COOKIE]
    assert client.delete(f"{API}/session").status_code == 204
    assert COOKIE not in client.cookies
    assert TestClient(app, cookies={COOKIE: token}).get(f"{API}/session").status_code == 401


def test_guessing_a_password_is_slowed_down(app: FastAPI) -> None:
    client = TestClient(app, client=("10.9.9.9", 5000))
    guess = {"username": "admin", "password": "password1"}
    codes = [client.post(f"{API}/session", json=guess).json()["code"] for _ in range(TRIES_PER_NAME)]
    assert codes == ["wrong_credentials"] * TRIES_PER_NAME
    answer = client.post(f"{API}/session", json=guess | {"password": DEMO_PASSWORD})
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(answer.headers["retry-after"]) <= 300


def test_a_role_without_the_permission_is_refused(login: Login) -> None:
    answer = login("operator").post(f"{API}/orders", json=ORDER)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert "orders.write" in answer.json()["detail"]


def test_an_order_is_entered_over_http_and_read_back(login: Login) -> None:
    planner = login("planner")
    first = planner.post(f"{API}/orders", json=ORDER)
    again = planner.post(f"{API}/orders", json=ORDER)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["lines"][0]["quantity"] == "100"
    assert login("operator").get(f"{API}/orders", params={"q": "SO-1"}).json()["items"] == [first.json()]
    other = planner.post(f"{API}/orders", json=ORDER | {"customer": "ningbo-axle"})
    assert (other.status_code, other.json()["code"]) == (409, "order_differs")


def test_a_refused_order_leaves_nothing_behind(login: Login) -> None:
    planner = login("planner")
    wrong = planner.post(f"{API}/orders", json=ORDER | {"number": "SO-9", "customer": "nobody"})
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (422, "customer")
    assert planner.get(f"{API}/orders", params={"q": "SO-9"}).json()["total"] == 0


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "many"}, {"status": "lost"}, {"after": "x"}])
def test_a_wrong_query_is_a_problem_document(login: Login, query: dict[str, str]) -> None:
    answer = login("operator").get(f"{API}/orders", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_the_plant_shows_its_place_and_its_clock(login: Login) -> None:
    plant = login("operator").get(f"{API}/plant").json()
    machines = [
        machine["id"] for area in plant["areas"] for line in area["lines"] for machine in line["machines"]
    ]
    assert (plant["id"], plant["speed"], len(machines)) == ("suzhou", 60.0, 9)
    assert plant["plant_now"] > "2026-03-02T08:00:00.000Z"
    assert plant["plant_now"].endswith("Z")


def test_the_bindings_are_listed_with_their_versions(login: Login) -> None:
    bindings = login("operator").get(f"{API}/bindings").json()
    assert len(bindings) == 68
    assert {binding["version"] for binding in bindings} == {1}


def test_deep_links_get_the_web_app_and_its_files_may_be_kept(app: FastAPI) -> None:
    browser = TestClient(app, headers={"accept": "text/html"})
    for path in ("/", "/orders/SO-1", "/alarms"):
        page = browser.get(path)
        assert (page.status_code, page.text) == (200, "<title>Taktline</title>")
        assert page.headers["cache-control"] == "no-cache"
    script = browser.get("/assets/main-abc.js")
    assert script.text == "start()"
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["x-content-type-options"] == "nosniff"


def test_an_unknown_call_of_the_api_is_not_answered_with_the_web_app(app: FastAPI, login: Login) -> None:
    for client in (login("admin"), TestClient(app, headers={"accept": "text/html"})):
        answer = client.get(f"{API}/nothing")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_page")
        assert answer.headers["cache-control"] == "no-store"


def test_a_request_too_large_is_refused(login: Login) -> None:
    answer = login("planner").post(f"{API}/orders", json=ORDER | {"padding": "x" * (1 << 20)})
    assert answer.status_code == 413


def test_the_api_is_described(app: FastAPI) -> None:
    client = TestClient(app)
    assert f"{API}/orders" in client.get("/openapi.json").json()["paths"]
    assert client.get("/docs").status_code == 200


def test_the_reference_page_loads_nothing_from_other_hosts(
    tmp_path: Path, root: Path, require: Callable[[object, str], None]
) -> None:
    dist = root / "cloud" / "ui" / "dist"
    require((dist / "reference").is_dir(), "the built web app")
    client = TestClient(create_app(Settings(data=tmp_path, ui_dir=dist), takes_in=False))
    page = client.get("/docs").text
    assert "://" not in page
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page)
    assert sorted(loaded) == [
        "/reference/swagger-ui-bundle.js",
        "/reference/swagger-ui.css",
        "/taktline.svg",
    ]
    for path in loaded:
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert answer.content == (dist / path.removeprefix("/")).read_bytes(), path
    assert "url: '/openapi.json'" in page
    assert client.get("/redoc").status_code == 404, "ReDoc would load from a CDN"


def test_a_second_start_keeps_what_is_there(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, plant_file=PLANT_FILE, demo_users=True)
    answers = []
    for _ in range(2):
        with TestClient(create_app(settings, takes_in=False)) as client:
            client.post(f"{API}/session", json={"username": "planner", "password": DEMO_PASSWORD})
            answers.append(
                client.post(f"{API}/orders", json=ORDER | {"entered": "2026-03-02T08:00:00Z"}).json()
            )
    assert answers[0] == answers[1]


def test_the_web_app_must_be_built_to_be_served(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"index\.html"):
        create_app(Settings(data=tmp_path, ui_dir=tmp_path), takes_in=False)


def test_an_older_schema_is_not_served(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    db = Database(settings.url)
    migrate(db)
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    db.dispose()
    with pytest.raises(SchemaStale), TestClient(create_app(settings, takes_in=False)):
        pass


def test_the_reactions_name_each_consumer_once_and_tell_pages_last() -> None:
    names = [consumer.name for consumer in REACTIONS]
    assert len(set(names)) == len(names)
    assert names[-1] == "live"
