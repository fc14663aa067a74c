"""An alarm is seen, acknowledged and noted."""

from collections.abc import Callable

import pytest
from browser import Visitor
from playwright.sync_api import expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

# A spindle wears for hours of plant time before it alarms.
ALARM_PATIENCE_MS = 100_000


def test_an_alarm_names_order_and_customer_and_is_acknowledged_with_a_note(
    visit: Callable[..., Visitor],
) -> None:
    visitor = visit("en").let_in("manager")
    page = visitor.go("/alarms?show=all")
    page.get_by_role("list", name=visitor.say("list of alarms")).get_by_role("link").first.wait_for(
        timeout=ALARM_PATIENCE_MS
    )
    history = page.get_by_role("list", name=visitor.say("history"))
    expect(history.get_by_role("listitem").first).to_be_visible()
    acknowledge = page.get_by_role("button", name=visitor.say("acknowledge"))
    if acknowledge.is_visible():
        acknowledge.click()
        expect(acknowledge).to_have_count(0)
    expect(history).to_contain_text(visitor.say("acknowledged"))
    page.get_by_label(visitor.say("note"), exact=True).fill("Spindle is checked at the shift change.")
    page.get_by_role("button", name=visitor.say("add note")).click()
    expect(history).to_contain_text("Spindle is checked at the shift change.")
    expect(page.get_by_label(visitor.say("note"), exact=True)).to_have_value("")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_an_alarm_opens_over_the_list_and_leads_back(
    visit: Callable[..., Visitor], language: str
) -> None:
    visitor = visit(language, "phone").let_in("operator")
    page = visitor.go("/alarms?show=all")
    alarms = page.get_by_role("list", name=visitor.say("list of alarms"))
    alarms.get_by_role("link").first.click(timeout=ALARM_PATIENCE_MS)
    expect(alarms).to_be_hidden()
    page.get_by_role("button", name=visitor.say("list of alarms")).click()
    expect(alarms).to_be_visible()
