"""Signals are found, drawn together, zoomed and taken away as a file."""

import re
from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]


def test_signals_are_found_and_drawn_together(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", "desk").let_in()
    page = visitor.go("/history")
    expect(page.get_by_text("Choose signals to see")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_label("Search a signal").fill("L1-OP10/")
    page.get_by_role("checkbox", name="L1-OP10 condition").check()
    page.get_by_role("checkbox", name="L1-OP10 good").check()
    expect(page.get_by_role("img", name="History of L1-OP10 condition, L1-OP10 good")).to_be_visible()
    expect(page).to_have_url(re.compile("condition.*good"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert lines[0] == "time,tag,value,quality"
    assert len(lines) > 100
    page.get_by_role("button", name="Remove L1-OP10 good").click()
    expect(page.get_by_role("img", name="History of L1-OP10 condition", exact=True)).to_be_visible()


def test_zooming_asks_for_finer_data_and_leads_back(visit: Callable[..., Visitor]) -> None:
    visitor = visit("zh", "phone").let_in()
    tag = "suzhou/gw-l1/L1-OP10/good"
    page = visitor.go(f'/history?tags=["{tag}"]&hours=24')
    chart = page.get_by_role("img", name="L1-OP10 good 的历史曲线")
    expect(chart.locator("canvas")).to_be_visible(timeout=PATIENCE_MS)
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 150)
    with page.expect_response(lambda answer: "/history/series" in answer.url and answer.ok):
        page.mouse.wheel(0, -600)
    back = page.get_by_role("button", name="返回范围")
    expect(back).to_be_visible(timeout=PATIENCE_MS)
    back.click()
    expect(back).to_have_count(0)


def test_no_match_is_said(visit: Callable[..., Visitor]) -> None:
    visitor = visit("zh", "phone").let_in()
    page = visitor.go("/history?q=nothing-of-this-name")
    expect(page.get_by_text("没有匹配的信号")).to_be_visible(timeout=PATIENCE_MS)
