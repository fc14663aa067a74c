"""The signals page: search, change after a confirmation, history, and who may only look."""

from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

TAG = "suzhou/gw-l1/L1-OP10/condition"
SAY = {
    "zh": {
        "link": "信号绑定",
        "search": "搜索信号、设备或角色",
        "nothing": "没有匹配的信号",
        "change": f"更改 {TAG}",
        "next": "继续",
        "derived": "重新推导事实",
        "confirm": "确认更改",
        "history of": f"{TAG} 的历史",
        "history": "历史",
    },
    "en": {
        "link": "Signals",
        "search": "Search signal, machine or role",
        "nothing": "No signal matches",
        "change": f"Change {TAG}",
        "next": "Continue",
        "derived": "Facts are derived again from",
        "confirm": "Change it",
        "history of": f"History of {TAG}",
        "history": "History",
    },
}


@pytest.mark.parametrize(("language", "size"), [("zh", "desk"), ("en", "phone")])
def test_a_signal_is_found_changed_and_its_history_shown(
    visit: Callable[..., Visitor], language: str, size: str
) -> None:
    visitor, say = visit(language, size).let_in(), SAY[language]
    page = visitor.go("/system")
    page.get_by_role("link", name=say["link"]).click()
    search = page.get_by_label(say["search"])
    search.fill("no such signal")
    expect(page.get_by_text(say["nothing"])).to_be_visible()
    search.fill(TAG)
    expect(page.get_by_role("table").get_by_role("row")).to_have_count(2)
    # The same meaning from now on: a version of its own that changes no figure of the other tests.
    page.get_by_role("button", name=say["change"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=say["next"]).click()
    expect(dialog.get_by_role("status")).to_contain_text(say["derived"])
    dialog.get_by_role("button", name=say["confirm"]).click()
    expect(dialog).to_be_hidden(timeout=PATIENCE_MS)
    page.get_by_role("button", name=say["history of"]).click()
    versions = page.get_by_role("dialog").get_by_role("table", name=say["history"])
    expect(versions.get_by_role("row").nth(2)).to_be_visible()
    overhang = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert overhang <= 0


def test_a_manager_reads_signals_and_changes_none(visit: Callable[..., Visitor]) -> None:
    page = visit("en", "desk").let_in("manager").go("/system/signals")
    expect(page.get_by_role("button", name=SAY["en"]["history of"])).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_role("button", name=SAY["en"]["change"]).count() == 0
