"""Signals are found, drawn together, zoomed and taken away as a file."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import expect
from pyarrow import parquet

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
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Parquet").click()
    table = parquet.read_table(download.value.path())
    assert table.num_rows == len(lines) - 1
    assert set(table.column("tag").to_pylist()) == {
        f"suzhou/gw-l1/L1-OP10/{name}" for name in ("condition", "good")
    }
    page.get_by_role("button", name="Remove L1-OP10 good").click()
    expect(page.get_by_role("img", name="History of L1-OP10 condition", exact=True)).to_be_visible()


def test_a_followed_window_ends_with_now_and_moves_on_by_itself(visit: Callable[..., Visitor]) -> None:
    page = visit("en", "desk").let_in().go('/history?tags=["suzhou/gw-l1/L1-OP10/good"]&hours=1')
    switch = page.get_by_role("switch", name="Follow")
    expect(switch).to_be_visible(timeout=PATIENCE_MS)
    with page.expect_response(lambda answer: "/history/series" in answer.url and answer.ok):
        switch.check()
    ends: list[str] = []
    for _ in range(3):
        with page.expect_request(lambda asked: "/history/series" in asked.url, timeout=PATIENCE_MS) as asked:
            pass
        ends.extend(parse_qs(urlsplit(asked.value.url).query)["end"])
    assert ends == sorted(set(ends))


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


def test_a_phone_opens_a_period_of_ones_own_and_comes_back_to_it(visit: Callable[..., Visitor]) -> None:
    visitor = visit("en", "phone").let_in()
    page = visitor.go("/")
    visitor.open_place("history")
    page.get_by_role("checkbox", name="L1-OP10 good").check()
    choice = page.get_by_role("combobox", name="Time range")
    choice.click()
    page.get_by_role("option", name="30 days").click()
    expect(page).to_have_url(re.compile("hours=720"))
    choice.click()
    page.get_by_role("option", name="Custom").click()
    page.get_by_role("button", name="Apply").click()
    expect(page).to_have_url(re.compile("from=.*to="))
    expect(choice).to_have_value("Custom")
    expect(page.get_by_role("switch", name="Follow the newest values")).to_have_count(0)
    chart = page.get_by_role("img", name="History of L1-OP10 good")
    expect(chart.locator("canvas")).to_be_visible()
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 150)
    page.mouse.wheel(0, -600)
    page.get_by_role("button", name="Back to the range").click()
    expect(page).to_have_url(re.compile(r"from=.*to=(?!.*start=)"))
    expect(choice).to_have_value("Custom")


def test_a_phone_keeps_what_its_bar_has_no_room_for_in_a_menu(visit: Callable[..., Visitor]) -> None:
    visitor = visit("zh", "phone").let_in()
    page = visitor.go("/")
    navigation = page.get_by_role("navigation", name=visitor.say("navigation"))
    expect(navigation.get_by_role("link")).to_have_count(6)
    for link in navigation.get_by_role("link").all():
        box = link.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= 390
    visitor.open_place("system")
    expect(page).to_have_url(re.compile("/system$"))
    expect(navigation.get_by_role("button", name="更多")).to_have_attribute("data-here", "true")


def test_no_match_is_said(visit: Callable[..., Visitor]) -> None:
    visitor = visit("zh", "phone").let_in()
    page = visitor.go("/history?q=nothing-of-this-name")
    expect(page.get_by_text("没有匹配的信号")).to_be_visible(timeout=PATIENCE_MS)
