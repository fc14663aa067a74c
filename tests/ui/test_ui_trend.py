"""A point of the OEE trend leads to the segments of its period, by pointer and by key, and on to readings."""

import re
from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]


def test_a_tap_on_the_trend_opens_the_segments_of_that_period(visit: Callable[..., Visitor]) -> None:
    page = visit("zh", "phone").logged_in().go("/oee?period=previous_shift")
    chart = page.get_by_role("slider", name="每小时走势")
    expect(chart.locator("canvas")).to_be_visible(timeout=PATIENCE_MS)
    box = chart.bounding_box()
    assert box is not None
    chart.click(position={"x": box["width"] - 16, "y": box["height"] / 2})
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("heading")).to_contain_text("的 OEE", timeout=PATIENCE_MS)
    expect(drawer.get_by_role("table", name="状态片段")).to_be_visible(timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    drawer.get_by_role("link", name="整页查看这个时段").click()
    expect(page).to_have_url(re.compile("start=.*end="))


def test_arrow_keys_and_enter_lead_from_the_trend_to_raw_readings(visit: Callable[..., Visitor]) -> None:
    page = visit("en", "desk").logged_in().go("/oee?scope=machine:L1-OP10&period=previous_shift")
    chart = page.get_by_role("slider", name="Trend by the hour")
    expect(chart.locator("canvas")).to_be_visible(timeout=PATIENCE_MS)
    chart.focus()
    page.keyboard.press("Home")
    first = chart.get_attribute("aria-valuetext") or ""
    page.keyboard.press("ArrowRight")
    expect(chart).not_to_have_attribute("aria-valuetext", first)
    assert re.fullmatch(r"\d\d:\d\d: OEE .+", chart.get_attribute("aria-valuetext") or "")
    page.keyboard.press("Enter")
    drawer = page.get_by_role("dialog")
    segments = drawer.get_by_role("table", name="State segments")
    expect(segments).to_be_visible(timeout=PATIENCE_MS)
    segments.get_by_role("button", name=re.compile("^Open the segment")).first.press("Enter")
    expect(drawer.get_by_role("table", name="Readings")).to_be_visible(timeout=PATIENCE_MS)
    expect(drawer.get_by_role("link", name="Show the signals")).to_be_visible()
    drawer.get_by_role("button", name="Back to the segments").click()
    expect(segments).to_be_visible(timeout=PATIENCE_MS)
