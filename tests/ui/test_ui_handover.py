"""Notes for the next shift: written, changed, withdrawn and printed, on a phone and at a desk."""

import re
import unicodedata
import uuid
from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from pdf_text import texts_of_pages
from playwright.sync_api import Locator, expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

SAY = {
    "zh": {
        "title": "交接班记录",
        "previous": "上一班次",
        "write": "写给下一班",
        "save": "保存",
        "saved": "已保存",
        "change": "修改",
        "text": "记录内容",
        "versions": "2 个版本",
        "withdraw": "撤回",
        "withdraw it": "确认撤回",
    },
    "en": {
        "title": "Handover notes",
        "previous": "Previous shift",
        "write": "Write to the next shift",
        "save": "Save",
        "saved": "Saved",
        "change": "Change",
        "text": "Text of the note",
        "versions": "2 versions",
        "withdraw": "Withdraw",
        "withdraw it": "Withdraw it",
    },
}


def notes(visitor: Visitor, path: str) -> Locator:
    """The part of the report of the shift before that holds its notes."""
    page, say = visitor.go(path), SAY[visitor.language]
    sheet = page.get_by_role("article")
    expect(sheet).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name=say["previous"], exact=True).click()
    expect(page).to_have_url(re.compile("at="))
    expect(sheet).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE_MS)
    return sheet.get_by_role("region", name=say["title"])


@pytest.mark.parametrize(("language", "size"), [("zh", "phone"), ("en", "desk")])
def test_a_shift_leaves_a_note_that_is_printed(
    visit: Callable[..., Visitor], language: str, size: str
) -> None:
    say, path = SAY[language], "/report?scope=line:L1"
    visitor = visit(language, size).logged_in("operator")
    region, page = notes(visitor, path), visitor.page
    fixture = f"fixture {uuid.uuid4().hex[:8]}"  # the product may be one that has such notes already
    first, second = f"{fixture} is loose", f"{fixture} was tightened"
    region.get_by_label(say["write"]).fill(first)
    region.get_by_role("button", name=say["save"], exact=True).click()
    expect(region.get_by_role("status")).to_contain_text(say["saved"], timeout=PATIENCE_MS)
    note = region.get_by_role("listitem").filter(has_text=fixture).first
    expect(note).to_contain_text("operator", timeout=PATIENCE_MS)
    note.get_by_role("button", name=re.compile(f"^{say['change']}")).click()
    note.get_by_label(say["text"]).fill(second)
    note.get_by_role("button", name=say["save"], exact=True).click()
    expect(note).to_contain_text(second, timeout=PATIENCE_MS)
    note.get_by_role("button", name=say["versions"]).click()
    expect(note).to_contain_text(first)
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0

    printed = visit(language, "desk").logged_in("planner")
    region = notes(printed, path)
    expect(region).to_contain_text(second, timeout=PATIENCE_MS)
    assert region.get_by_role("textbox").count() == 0, "a planner reads only"
    pages = texts_of_pages(printed.page.pdf(prefer_css_page_size=True, print_background=True))
    whole = re.sub(r"\s", "", unicodedata.normalize("NFKC", "".join(pages)))
    assert re.sub(r"\s", "", second) in whole
    assert re.sub(r"\s", "", say["title"]) in whole
    assert re.sub(r"\s", "", say["versions"]) not in whole

    note.get_by_role("button", name=re.compile(f"^{say['withdraw']}")).click()
    note.get_by_role("button", name=say["withdraw it"]).click()
    # The planner's page hears of it without being asked.
    expect(region).not_to_contain_text(second, timeout=PATIENCE_MS)
