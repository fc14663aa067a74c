"""The andon board fills a screen of its own and says when its data are old."""

import re
from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import expect
from relay import Relay

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]


def test_a_board_turns_over_what_its_address_names_and_says_when_data_stop(
    visit: Callable[..., Visitor], relay: Relay
) -> None:
    visitor = visit("en", "desk", url=relay.url).let_in("operator")
    page = visitor.go("/andon?screens=line:L1,machine:L1-OP10,line:L9&every=600&lang=zh")
    expect(page.get_by_role("heading", level=1, name="制动盘线")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    expect(page.get_by_text("找不到：line:L9")).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("heading", level=1, name=re.compile("数控车床"))).to_be_visible()
    expect(page.get_by_role("region", name="本班合格")).to_contain_text(re.compile(r"\d"))
    relay.close()
    expect(page.get_by_role("alert")).to_contain_text("数据已中断", timeout=60_000)
    relay.open()
    expect(page.get_by_role("alert")).to_have_count(0, timeout=60_000)


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_nothing_on_the_board_is_cut_off(visit: Callable[..., Visitor], size: str) -> None:
    visitor = visit("en", size).logged_in("operator")
    for screen in ("site", "line:L1", "machine:L1-OP10"):
        page = visitor.go(f"/andon?screens={screen}&every=600")
        expect(page.locator("main[data-slide]")).to_be_visible(timeout=PATIENCE_MS)
        cut = page.evaluate(
            """() => [...document.querySelectorAll('main li, main section')]
                .filter(part => part.scrollWidth > part.clientWidth + 1)
                .map(part => part.innerText)"""
        )
        assert cut == [], screen


SCREEN_MM = 1217.6
"""Width of a 55-inch television in 16:9."""
CAPITALS = 0.727
"""Height of a capital letter of Inter, of the size of its font."""
READ_MM = 25.0
"""Height of capitals that an eye of acuity 0.6 reads from ten metres (8.6 minutes of arc)."""
SIZES = """() => {
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found = []
    while (words.nextNode()) {
        const [text, part] = [words.currentNode.data.trim(), words.currentNode.parentElement]
        const isShown = part.getClientRects().length > 0 && !part.closest('script, style, [class*="hidden"]')
        if (text === '' || !isShown) continue
        found.push([text, parseFloat(getComputedStyle(part).fontSize)])
    }
    return found
}"""
TOO_LOW = """() => [...document.querySelectorAll('main li, main section')]
    .filter(part => getComputedStyle(part).overflowY !== 'visible')
    .filter(part => part.scrollHeight > part.clientHeight + 2)
    .map(part => part.innerText)"""
"""Blocks and cards that are not high enough for their letters; of a long reason the end may be missing."""


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_word_of_the_board_is_read_from_ten_metres(
    visit: Callable[..., Visitor], language: str
) -> None:
    visitor = visit(language, "desk").let_in("operator")
    visitor.page.set_viewport_size({"width": 1920, "height": 1080})
    for screen in ("site", "line:L1", "machine:L1-OP10"):
        page = visitor.go(f"/andon?screens={screen},line:L9&every=600&lang={language}")
        expect(page.locator(f"main[data-slide='{screen}']")).to_be_visible(timeout=PATIENCE_MS)
        sizes = {text: size_px / 1920 * SCREEN_MM * CAPITALS for text, size_px in page.evaluate(SIZES)}
        assert len(sizes) > 8, screen
        assert {text: mm for text, mm in sizes.items() if mm < READ_MM} == {}, screen
        assert visitor.page.evaluate(TOO_LOW) == [], screen
