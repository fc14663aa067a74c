"""The heat map of OEE leads from a cell to its window."""

import re
from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]


def test_a_cell_of_the_heat_map_opens_its_window(visit: Callable[..., Visitor]) -> None:
    page = visit("zh", "phone").let_in().go("/oee")
    table = page.get_by_role("region", name="近 7 天 OEE 热力图")
    expect(table.get_by_role("link").first).to_be_visible(timeout=PATIENCE_MS)
    expect(table.get_by_role("columnheader", name="23")).to_have_count(0)
    page.get_by_role("radiogroup", name="热力图单位").get_by_text("小时").click()
    expect(table.get_by_role("columnheader", name="23")).to_be_visible(timeout=PATIENCE_MS)
    table.get_by_role("link", name=re.compile("OEE [0-9.]+%，覆盖率")).first.click()
    expect(page).to_have_url(re.compile("start=.*end="))
