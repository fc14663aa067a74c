"""A server that goes away is said in words, and pages recover by themselves."""

from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import expect
from relay import Relay

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

# The code of all pages is fetched ahead, shortly after the first one stands.
PAGES_ARE_AHEAD = """() => performance.getEntriesByType("resource")
    .some(({ name, responseEnd }) => /OrdersPage.*js$/.test(name) && responseEnd > 0)"""


@pytest.mark.parametrize(("language", "size"), [("zh", "phone"), ("en", "desk")])
def test_a_stopped_server_is_said_and_the_page_recovers(
    visit: Callable[..., Visitor], relay: Relay, language: str, size: str
) -> None:
    visitor = visit(language, size, relay.url).logged_in()
    page = visitor.page
    status = page.get_by_role("status", name=visitor.say("connection"))
    expect(status).to_contain_text(visitor.say("is live"), timeout=PATIENCE_MS)
    page.wait_for_function(PAGES_ARE_AHEAD, timeout=PATIENCE_MS)
    relay.close()
    expect(status).to_contain_text(visitor.say("is offline"), timeout=PATIENCE_MS)
    expect(page.get_by_role("article").first).to_be_visible()
    visitor.open_place("orders")
    expect(page.get_by_role("alert")).to_contain_text(visitor.say("try again"), timeout=PATIENCE_MS)
    relay.open()
    expect(status).to_contain_text(visitor.say("is live"), timeout=PATIENCE_MS)
    expect(page.get_by_role("table", name=visitor.say("orders"))).to_be_visible(timeout=PATIENCE_MS)


def test_a_page_whose_program_never_came_recovers_too(visit: Callable[..., Visitor], relay: Relay) -> None:
    visitor = visit("zh", "phone", relay.url)
    # Whatever fetches pages ahead does not get this one.
    visitor.page.route("**/OrdersPage*.js", lambda route: route.abort())
    page = visitor.logged_in().page
    status = page.get_by_role("status", name=visitor.say("connection"))
    expect(status).to_contain_text(visitor.say("is live"), timeout=PATIENCE_MS)
    relay.close()
    expect(status).to_contain_text(visitor.say("is offline"), timeout=PATIENCE_MS)
    visitor.open_place("orders")
    expect(page.get_by_role("alert")).to_contain_text(visitor.say("try again"), timeout=PATIENCE_MS)
    page.unroute("**/OrdersPage*.js")
    relay.open()
    expect(page.get_by_role("table", name=visitor.say("orders"))).to_be_visible(timeout=PATIENCE_MS)
