"""Who may come in, and in which language."""

from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import expect

from cloud.identity.actions import DEMO_PASSWORD

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_login_speaks_the_language_of_the_browser_and_can_be_switched(
    visit: Callable[..., Visitor], language: str
) -> None:
    visitor = visit(language, "phone")
    page = visitor.go("/")
    expect(visitor.heading("log in")).to_be_visible()
    other = "en" if language == "zh" else "zh"
    page.get_by_text("English" if other == "en" else "中文", exact=True).click()
    visitor.language = other
    expect(visitor.heading("log in")).to_be_visible()
    page.reload()
    expect(visitor.heading("log in")).to_be_visible()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_password_is_refused_in_words(visit: Callable[..., Visitor], language: str) -> None:
    visitor = visit(language)
    visitor.go("/login")
    visitor.fill_login("nobody-of-ours", "wrong")
    expect(visitor.page.get_by_role("alert")).to_have_text(visitor.say("wrong"), timeout=PATIENCE_MS)


def test_an_ended_session_leads_to_the_login_and_back_to_the_page(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en").logged_in()
    visitor.open_place("orders")
    expect(visitor.heading("orders")).to_be_visible()
    # The next answer says that nobody is logged in; nothing has to be clicked.
    visitor.page.context.clear_cookies()
    expect(visitor.heading("log in")).to_be_visible(timeout=PATIENCE_MS)
    visitor.fill_login("admin", DEMO_PASSWORD)
    expect(visitor.heading("orders")).to_be_visible(timeout=PATIENCE_MS)


def test_logging_out_closes_every_page(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", "phone").logged_in_by_form()
    visitor.page.get_by_role("button", name=visitor.say("user menu")).click()
    visitor.page.get_by_role("menuitem", name=visitor.say("log out")).click()
    expect(visitor.heading("log in")).to_be_visible()
    visitor.go("/orders")
    expect(visitor.heading("log in")).to_be_visible()


def test_an_operator_is_not_shown_the_system_page(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en").logged_in("operator")
    navigation = visitor.page.get_by_role("navigation", name=visitor.say("navigation"))
    expect(navigation.get_by_role("link", name=visitor.say("alarms"))).to_be_visible()
    expect(navigation.get_by_role("link", name=visitor.say("system"))).to_have_count(0)
