"""Pages that still wait for what they show fit on a phone: nothing scrolls sideways while it loads."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Route

from tests.ui.browser import Visitor

pytestmark = [pytest.mark.alone, pytest.mark.slow, pytest.mark.ui]

LAST_ASKED = {
    "/": "/live",
    "/oee": "/oee",
    "/oee/scrap": "/oee/scrap",
    "/oee/settings": "/oee/targets",
    "/downtime": "/downtime",
    "/downtime/pareto": "/downtime/pareto",
    "/downtime/reasons": "/downtime/reasons",
    "/downtime/manual": "/manual/machines",
    "/report": "/report/shift",
    "/orders": "/orders",
    "/alarms": "/alarms",
    "/gateways": "/gateways/commands",
    "/history": "/history/tags",
    "/system": "/system/quarantine",
    "/system/signals": "/bindings",
    "/system/mappings": "/history/mappings",
    "/system/tokens": "/tokens",
}
"""By page, what it asks for last: then all that shows while it loads has been drawn."""

ANSWERED = ("/session", "/plant", "/gateways", "/system", "/calendar/shifts")
"""Without these a page, or a table that loads by itself, would not even begin; nothing else is answered."""


@pytest.mark.parametrize(("path", "asked"), LAST_ASKED.items())
def test_no_page_scrolls_sideways_while_its_figures_are_on_the_way(
    visit: Callable[..., Visitor], path: str, asked: str
) -> None:
    visitor = visit("zh", "phone").let_in()
    page = visitor.page

    def hold(route: Route) -> None:
        if urlsplit(route.request.url).path.endswith(ANSWERED):
            route.fallback()

    page.route("**/api/v1/**", hold)
    with page.expect_request(f"**/api/v1{asked}*"):
        visitor.go(path)
    page.locator("main [aria-busy=true]").last.wait_for()
    overhang = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overhang <= 0, f"{path} is {overhang} px too wide while it loads"
