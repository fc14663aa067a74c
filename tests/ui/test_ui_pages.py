"""What each page shows, in both languages and at both sizes."""

import re
from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]


def test_the_live_page_moves_without_a_reload(visitor: Visitor) -> None:
    page = visitor.go("/")
    tiles = page.get_by_role("article")
    expect(tiles.first).to_be_visible()
    page.evaluate("window.isTheSamePage = true")
    before = page.get_by_role("main").inner_text()
    page.wait_for_function(
        "(before) => document.querySelector('main').innerText !== before", arg=before, timeout=PATIENCE_MS
    )
    assert page.evaluate("window.isTheSamePage") is True
    status = page.get_by_role("status", name=visitor.say("connection"))
    expect(status).to_contain_text(visitor.say("is live"))


def test_a_tile_says_its_state_in_words_and_opens_to_the_machine(visitor: Visitor) -> None:
    page = visitor.go("/")
    tile = page.get_by_role("article").first
    expect(tile.get_by_role("img", name="OEE")).to_be_visible()
    machine = tile.get_attribute("data-machine")
    tile.get_by_role("button").click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text(machine or "")
    drawer.get_by_role("link", name=visitor.say("open oee")).click()
    expect(page).to_have_url(re.compile(r"/oee\?scope=machine"))


def test_every_oee_figure_opens_to_its_formula_and_segments(visitor: Visitor) -> None:
    page = visitor.go("/oee?period=previous_shift")
    name = re.compile(f"{visitor.say('availability')}.*{visitor.say('open details')}")
    page.get_by_role("button", name=name).click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("group", name=visitor.say("formula"))).to_contain_text("÷")
    expect(drawer.get_by_role("tab", name=visitor.say("state segments"))).to_be_visible()
    drawer.get_by_role("tab", name=visitor.say("job segments")).click()
    jobs = drawer.get_by_role("table", name=visitor.say("job segments"))
    expect(jobs.get_by_role("row").nth(1)).to_be_visible()


def test_an_order_is_followed_from_customer_to_units(visitor: Visitor) -> None:
    page = visitor.go("/orders?status=in_production")
    page.get_by_role("table", name=visitor.say("orders")).get_by_role("link").first.click()
    expect(page.get_by_role("region", name=visitor.say("customer"))).to_be_visible()
    flow = page.get_by_role("list", name=visitor.say("operations")).first
    expect(flow.get_by_role("listitem").first.get_by_role("progressbar")).to_be_visible()
    events = page.get_by_role("region", name=visitor.say("machine events")).first
    expect(events.get_by_role("listitem").first).to_be_visible()
    expect(page.get_by_role("region", name=visitor.say("units")).first).to_be_visible()


def test_orders_are_found_by_words(visitor: Visitor) -> None:
    page = visitor.go("/orders")
    table = page.get_by_role("table", name=visitor.say("orders"))
    number = table.get_by_role("link").first.inner_text()
    page.get_by_role("searchbox", name=visitor.say("search orders")).fill(number)
    expect(table.get_by_role("link")).to_have_count(1, timeout=PATIENCE_MS)
    expect(table.get_by_role("link")).to_have_text(number)


def test_a_missing_order_is_said_in_words(visitor: Visitor) -> None:
    page = visitor.go("/orders/NO-SUCH-ORDER")
    expect(page.get_by_role("alert")).to_contain_text(visitor.say("no such order"))
    expect(page.get_by_role("button", name=visitor.say("try again"))).to_be_visible()


def test_the_system_page_lists_the_gateways(visitor: Visitor) -> None:
    visitor.go("/")
    visitor.open_place("system")
    gateways = visitor.page.get_by_role("table", name=visitor.say("gateways"))
    expect(gateways.get_by_role("row").nth(1)).to_be_visible()


def test_the_api_reference_needs_no_other_host(visit: Callable[..., Visitor], base_url: str) -> None:
    page = visit().page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{base_url}/docs")
    expect(page.get_by_text("/api/v1/live/events", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert len(asked) >= 4
    assert [url for url in asked if not url.startswith((base_url, "data:"))] == []


def test_no_page_scrolls_sideways(visitor: Visitor) -> None:
    for path in ("/", "/oee", "/orders", "/alarms?show=all", "/system"):
        page = visitor.go(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_function("() => document.querySelector('[aria-busy=true]') === null")
        assert _overhang(page) <= 0, path


def test_language_and_appearance_are_switched_and_remembered(visit: Callable[..., Visitor]) -> None:
    visitor = visit("zh").logged_in()
    page = visitor.page
    page.get_by_role("banner").get_by_text("English", exact=True).click()
    visitor.language = "en"
    expect(visitor.heading("live")).to_be_visible()
    page.get_by_role("button", name=visitor.say("appearance")).click()
    page.get_by_role("menuitem", name=visitor.say("dark")).click()
    page.reload()
    expect(visitor.heading("live")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def _overhang(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width
