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
            """() => [...document.querySelectorAll('main p, main li, main section')]
                .filter(part => part.scrollWidth > part.clientWidth + 1)
                .map(part => part.innerText)"""
        )
        assert cut == [], screen
