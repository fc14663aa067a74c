"""The report of a shift, on a phone and as a PDF on A4."""

import re
import unicodedata
from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from pdf_text import texts_of_pages
from playwright.sync_api import expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

WORDS = {
    "zh": ("班次报告", "六大损失", "停机原因", "按订单产量", "上一班次", "打印"),
    "en": ("Shift report", "Six big losses", "Stops by reason", "Parts by order", "Previous shift", "Print"),
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_report_prints_its_shift_on_a4(visit: Callable[..., Visitor], language: str) -> None:
    title, losses, reasons, counts, previous, printing = WORDS[language]
    page = visit(language, "phone").let_in("operator").go("/report?scope=line:L1")
    sheet = page.get_by_role("article")
    expect(sheet.get_by_role("region", name=losses)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name=previous).click()
    expect(page).to_have_url(re.compile("at="))
    expect(sheet).not_to_have_attribute("aria-busy", "true", timeout=PATIENCE_MS)
    expect(sheet.get_by_role("region", name=counts).get_by_role("link").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    pages = texts_of_pages(page.pdf(prefer_css_page_size=True, print_background=True))
    assert 1 <= len(pages) <= 4
    # Chinese fonts map some glyphs to the radicals that look the same.
    whole = re.sub(r"\s", "", unicodedata.normalize("NFKC", "".join(pages)))
    for word in (title, losses, reasons, counts, "L1-OP10"):
        assert re.sub(r"\s", "", word) in whole
    assert printing not in whole
    for number, text in enumerate(pages, start=1):
        assert f"{number}/{len(pages)}" in re.sub(r"\s", "", text)
