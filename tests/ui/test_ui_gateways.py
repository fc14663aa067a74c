"""The Gateways page: values, a rebirth and a write with its refusal, and who may do neither."""

from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import Route, expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

SAY = {
    "zh": {
        "rebirth": "重新上报",
        "reason": "原因",
        "ask": "确认请求",
        "done": "完成",
        "open": "打开 L1-OP10",
        "tags": "信号",
        "write": "写入 job",
        "value": "新值",
        "send": "确认写入",
        "refused": "被网关拒绝",
        "close": "关闭",
        "commands": "命令记录",
    },
    "en": {
        "rebirth": "Ask for rebirth",
        "reason": "Reason",
        "ask": "Ask for it",
        "done": "Done",
        "open": "Open L1-OP10",
        "tags": "Tags",
        "write": "Write job",
        "value": "New value",
        "send": "Write it",
        "refused": "Refused by the gateway",
        "close": "Close",
        "commands": "Commands",
    },
}


@pytest.mark.parametrize(("language", "size"), [("zh", "desk"), ("en", "phone")])
def test_a_gateway_is_commanded_and_its_answer_shown(
    visit: Callable[..., Visitor], language: str, size: str
) -> None:
    visitor, say = visit(language, size).let_in(), SAY[language]
    page = visitor.go("/gateways")
    page.get_by_role("button", name=say["rebirth"]).first.click()
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_role("button", name=say["ask"]).is_disabled()
    dialog.get_by_label(say["reason"]).fill("names changed")
    dialog.get_by_role("button", name=say["ask"]).click()
    expect(dialog.get_by_role("status")).to_contain_text(say["done"], timeout=PATIENCE_MS)
    page.keyboard.press("Escape")
    page.get_by_role("button", name=say["open"]).click()
    tags = page.get_by_role("table", name=say["tags"])
    expect(tags.get_by_role("row", name="good").first).to_be_visible()
    tags.get_by_role("button", name=say["write"], exact=True).click()
    written = page.get_by_role("dialog", name=say["write"])
    written.get_by_label(say["value"]).fill("5")
    written.get_by_label(say["reason"]).fill("to be refused")
    written.get_by_role("button", name=say["send"]).click()
    # The demo's configuration marks nothing writable: the gateway says so.
    expect(written.get_by_role("status")).to_contain_text(say["refused"], timeout=PATIENCE_MS)
    page = visitor.go("/gateways")
    expect(page.get_by_role("table", name=say["commands"])).to_contain_text("to be refused")
    overhang = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overhang <= 0


def test_a_manager_sees_the_fleet_and_commands_nothing(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", "desk").let_in("manager")
    page = visitor.go("/gateways")
    expect(page.get_by_role("article").first).to_be_visible()
    assert page.get_by_role("button", name=SAY["en"]["rebirth"]).count() == 0


def test_a_fleet_of_two_hundred_is_shown_whole_and_a_failure_is_said(visit: Callable[..., Visitor]) -> None:
    visitor = visit("zh", "phone").let_in()
    page = visitor.page

    fleet = page.request.get(f"{visitor.url}/api/v1/gateways").json()
    many = [{**fleet[n % len(fleet)], "node": f"gw-with-a-rather-long-name-{n:03d}"} for n in range(200)]
    answers: list[Callable[[Route], None]] = [
        lambda route: route.fulfill(json=many),
        lambda route: route.fulfill(status=500, json={"code": "unexpected"}),
        lambda route: route.fallback(),
    ]

    def answer(route: Route) -> None:
        answers[0](route)

    # The page asks all the time; a route that is taken away meanwhile fails.
    page.route("**/api/v1/gateways", answer)
    visitor.go("/gateways")
    expect(page.get_by_role("article")).to_have_count(200, timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    del answers[0]
    visitor.go("/gateways")
    expect(page.get_by_role("alert").first).to_contain_text(visitor.say("try again"), timeout=PATIENCE_MS)
    # While it fails: the page also asks by itself, and the button goes when that is answered.
    page.get_by_role("button", name=visitor.say("try again")).first.click()
    del answers[0]
    expect(page.get_by_role("article").first).to_be_visible(timeout=PATIENCE_MS)
