"""Who changed what is read on the audit page: in words, by object, page by page, and by those who may."""

from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

SAY = {
    "zh": {
        "log": "审计日志",
        "link": "更改记录",
        "changed": "更改停机原因",
        "added": "新增停机原因",
        "before": "故障停机",
        "after": "换型调整",
        "only": "只看 停机原因 {}",
        "all": "全部显示",
        "none": "没有符合条件的记录",
        "older": "较早",
        "newer": "较新",
        "page": "第 2 页",
    },
    "en": {
        "log": "Audit log",
        "link": "Change log",
        "changed": "Changed a stop reason",
        "added": "Added a stop reason",
        "before": "Breakdown",
        "after": "Setup",
        "only": "Only Stop reason {}",
        "all": "Show all",
        "none": "No entry matches",
        "older": "Older",
        "newer": "Newer",
        "page": "Page 2",
    },
}
BOTH = pytest.mark.parametrize(("language", "size"), [("zh", "desk"), ("en", "phone")])


def fits(page: Page) -> bool:
    """Whether nothing hangs over the side of the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def write_a_reason(page: Page, base_url: str, reason: str, name: str) -> None:
    """Add a reason that operators are not offered, then call it another loss."""
    said = {"name": {"zh": name, "en": name}, "parent": "equipment", "active": False}
    url = f"{base_url}/api/v1/downtime/reasons"
    added = page.request.post(url, data={"id": reason, "category": "breakdown", **said})
    assert added.ok, added.text()
    changed = page.request.put(f"{url}/{reason}", data={"category": "setup", **said})
    assert changed.ok, changed.text()


@BOTH
def test_a_change_is_read_in_words_with_what_was_before(
    visit: Callable[..., Visitor], base_url: str, language: str, size: str
) -> None:
    visitor, say, name = visit(language, size).let_in("manager"), SAY[language], f"Audit {size}"
    page = visitor.go("/downtime/reasons")
    write_a_reason(page, base_url, f"audit-{size}", name)
    page.get_by_role("link", name=say["link"]).click()
    table = page.get_by_role("table", name=say["log"])
    row = table.get_by_role("row").filter(has_text=name).filter(has_text=say["changed"])
    expect(row).to_contain_text(say["before"], timeout=PATIENCE_MS)
    expect(row).to_contain_text(say["after"])
    assert fits(page)
    row.get_by_role("link", name=say["only"].format(name)).click()
    expect(table.get_by_role("row").filter(has_text=say["added"])).to_have_count(1, timeout=PATIENCE_MS)
    expect(table.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name=say["all"]).click()
    expect(table.locator("tbody tr").nth(2)).to_be_visible(timeout=PATIENCE_MS)


@BOTH
def test_a_long_log_is_turned_page_by_page(
    visit: Callable[..., Visitor], base_url: str, language: str, size: str
) -> None:
    visitor, say = visit(language, size).let_in("manager"), SAY[language]
    page = visitor.go("/system")
    for _ in range(51):  # one more than a page; entries of other tests only make it longer
        assert page.request.put(
            f"{base_url}/api/v1/downtime/rules/order", data={"rules": rules(page, base_url)}
        ).ok
    page.get_by_role("link", name=say["log"]).click()
    rows = page.get_by_role("table", name=say["log"]).locator("tbody tr")
    expect(rows).to_have_count(50, timeout=PATIENCE_MS)
    page.get_by_role("button", name=say["older"]).click()
    expect(page.get_by_text(say["page"]).first).to_be_visible(timeout=PATIENCE_MS)
    assert fits(page)
    page.get_by_role("button", name=say["newer"]).click()
    expect(page.get_by_role("button", name=say["newer"])).to_be_disabled(timeout=PATIENCE_MS)
    visitor.go("/system/audit?who=nobody-of-this-name")
    expect(page.get_by_text(say["none"])).to_be_visible(timeout=PATIENCE_MS)


def rules(page: Page, base_url: str) -> list[int]:
    """The rules in the order in which they are asked."""
    return [rule["id"] for rule in page.request.get(f"{base_url}/api/v1/downtime/rules").json()]


def test_who_may_not_audit_sees_no_way_there(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", "desk").let_in("operator")
    page = visitor.go("/downtime/reasons")
    expect(page.get_by_role("heading", level=1)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("link", name=SAY["en"]["link"])).to_have_count(0)
