"""Stops are explained, cut, summed up and ruled; a sheet speaks for a machine without a PLC."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from browser import Visitor
from playwright.sync_api import Page, expect

from cloud.identity.actions import DEMO_PASSWORD
from taktline.client import Api

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

SAY = {
    "zh": {
        "search": "搜索原因",
        "no operator": "无操作工",
        "given": "已填写：无操作工",
        "history": "更改记录",
        "undo": "撤销",
        "undone": "已撤销",
    },
    "en": {
        "search": "Search reasons",
        "no operator": "No operator",
        "given": "Reason given: No operator",
        "history": "History of changes",
        "undo": "Undo",
        "undone": "Undone",
    },
}
MANUAL = "L2-OP40"
ENTERED = ("state", "job", "good", "reject")
SHORTEST_S, LONGEST_S = 300, 3600


@pytest.fixture
def stop(base_url: str) -> dict[str, Any]:
    """The newest stop that is over, long enough to be cut, and that nobody has explained.

    None of many hours: such a one only waits for the history that is still coming in.
    """
    with Api(base_url, "admin", DEMO_PASSWORD) as api:
        now = datetime.fromisoformat(api.get("/plant")["plant_now"])
        start = (now - timedelta(days=2)).isoformat()
        asked = {"scope": "site", "start": start, "end": now.isoformat(), "reason": "unassigned"}
        found = api.get("/downtime", **asked, limit=500)["items"]
    return next(each for each in found if not each["ongoing"] and SHORTEST_S < each["duration_s"] < LONGEST_S)


@pytest.fixture
def speechless(visit: Callable[..., Visitor]) -> Iterator[str]:
    """The name of a machine of whose last day no signal tells anything for as long as the test lasts."""
    admin = visit().let_in()
    request, api = admin.page.request, f"{admin.url}/api/v1"
    now = datetime.fromisoformat(request.get(f"{api}/plant").json()["plant_now"])
    since = (now - timedelta(days=1)).isoformat()
    found = request.get(f"{api}/bindings").json()
    bound = [each for each in found if each["machine"] == MANUAL and each["role"] in ENTERED]
    for each in bound:
        ending = {"tag": each["tag"], "valid_from": since, "replaces": each["version"]}
        expect(request.post(f"{api}/bindings/end", data=ending)).to_be_ok()
    yield MANUAL
    for each in bound:
        meaning = {name: each[name] for name in ("tag", "role", "machine", "code_map", "modulus", "jitter")}
        again = meaning | {"valid_from": since, "replaces": each["version"] + 1}
        expect(request.put(f"{api}/bindings", data=again)).to_be_ok()


def address(stop: dict[str, Any], **more: str) -> str:
    """Return where a stop is open in a window of its own, which is over and stands still."""
    margin = timedelta(minutes=1)
    search = {
        "scope": f"machine:{stop['machine']}",
        "start": (datetime.fromisoformat(stop["start"]) - margin).isoformat(),
        "end": (datetime.fromisoformat(stop["end"]) + margin).isoformat(),
        "stop": f"{stop['machine']}@{stop['start']}",
    }
    return f"/downtime?{urlencode(search | more)}"


@pytest.mark.parametrize(("language", "size"), [("zh", "phone"), ("en", "desk")])
def test_a_stop_explained_under_a_filter_stays_open_until_it_is_closed(
    visit: Callable[..., Visitor], stop: dict[str, Any], language: str, size: str
) -> None:
    say = SAY[language]
    page = visit(language, size).let_in("operator").go(address(stop, reason="unassigned"))
    sheet, listed = page.get_by_role("dialog"), page.locator("main li > button")
    expect(listed).not_to_have_count(0)
    before = listed.count()
    sheet.get_by_label(say["search"]).fill("no-operator")
    sheet.get_by_role("button", name=say["no operator"], exact=True).click()
    done = sheet.get_by_role("status").filter(has_text=say["given"])
    expect(done).to_be_visible()
    # The filter leaves it out now; the sheet shows it as it is.
    expect(listed).to_have_count(before - 1)
    expect(sheet.get_by_role("region", name=say["history"])).to_contain_text(say["no operator"])
    expect(sheet.get_by_role("alert")).to_have_count(0)
    expect(done).to_be_in_viewport()
    done.get_by_role("button", name=say["undo"]).click()
    expect(sheet.get_by_role("status").filter(has_text=say["undone"])).to_be_visible()
    expect(listed).to_have_count(before)
    assert _overhang(page) <= 0


def test_a_stop_is_cut_in_two_and_the_cut_taken_back(
    visit: Callable[..., Visitor], stop: dict[str, Any]
) -> None:
    page = visit("en", "phone").let_in("operator").go(address(stop))
    sheet, listed = page.get_by_role("dialog"), page.locator("main li > button")
    expect(listed).not_to_have_count(0)
    before = listed.count()
    sheet.get_by_role("button", name="Split", exact=True).click()
    sheet.get_by_role("button", name=re.compile("^Split at")).click()
    done = sheet.get_by_role("status").filter(has_text="Stop split")
    expect(done).to_be_in_viewport()
    expect(listed).to_have_count(before + 1)
    # The part that is left can be cut again, and be joined with the other one.
    expect(sheet.get_by_role("button", name=re.compile("^Split at"))).to_be_enabled()
    sheet.get_by_role("button", name="Merge", exact=True).click()
    expect(sheet.get_by_role("button", name=re.compile("^With the stop after"))).to_be_visible()
    done.get_by_role("button", name="Undo").click()
    expect(sheet.get_by_role("status").filter(has_text="Undone")).to_be_visible()
    expect(listed).to_have_count(before)


def test_a_bar_of_the_pareto_leads_to_its_stops(visit: Callable[..., Visitor]) -> None:
    page = visit("zh", "phone").let_in("operator").go("/downtime/pareto?days=1")
    names = page.get_by_role("table", name="停机汇总").locator("tbody tr td:first-child")
    expect(names).not_to_have_count(0)
    bars = names.all_inner_texts()
    # Minor stops have no list of their own.
    at = next(index for index, name in enumerate(bars) if name != "小停机")
    chart = page.get_by_role("img", name="按原因的停机时间")
    chart.locator("canvas").wait_for()
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    row = (box["height"] - 8) / min(len(bars), 12)
    # The canvas stands a frame before what is drawn on it; bars begin right of the names, which take 118 px.
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    chart.click(position={"x": 140, "y": 4 + (at + 0.5) * row})
    expect(page).to_have_url(re.compile(r"/downtime\?.*start="))
    expect(page.get_by_role("button", name=f"只看：{bars[at]}")).to_be_visible()
    expect(page.locator("main li > button")).not_to_have_count(0)


def test_a_rule_is_tried_on_past_stops_before_it_is_kept(visit: Callable[..., Visitor]) -> None:
    page = visit("en", "desk").let_in("manager").go("/downtime/reasons?part=rules")
    rules = page.get_by_role("list", name="Rules").get_by_role("listitem")
    page.get_by_role("button", name="Add a rule").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("At least (minutes)")).to_be_visible()
    # No list lies over the fields before somebody asks for it.
    expect(page.get_by_role("option")).to_have_count(0)
    dialog.get_by_label("Reason", exact=True).first.click()
    page.get_by_role("option", name="No operator").click()
    tried = dialog.get_by_role("region", name="On the last 3 days")
    expect(tried).to_contain_text(re.compile(r"explain [1-9][\d,]* stops"))
    # So long nothing stands: the rule stays in the list and changes no figure of the other tests.
    dialog.get_by_label("At least (minutes)").fill("90000")
    expect(tried).to_contain_text("explain 0 stops")
    known = rules.count()
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog).to_be_hidden()
    expect(rules).to_have_count(known + 1)
    expect(rules.last).to_contain_text("No operator")
    expect(rules.last).to_contain_text("at least")


def test_a_sheet_is_saved_corrected_and_withdrawn(visit: Callable[..., Visitor], speechless: str) -> None:
    page = visit("en", "phone").let_in("operator").go("/downtime/manual")
    expect(page.get_by_label("Machine", exact=True).first).to_have_value(re.compile(speechless))
    page.get_by_role("button", name="Shift before").click()
    begin = page.get_by_label("From (hh:mm)").first.input_value()
    later = datetime.strptime(begin, "%H:%M") + timedelta(minutes=30)  # noqa: DTZ007  a time of day
    page.get_by_role("button", name="Add a stop").click()
    page.get_by_label("From (hh:mm)").first.fill(begin)
    page.get_by_label("To (hh:mm)").first.fill(later.strftime("%H:%M"))
    page.get_by_label("Good", exact=True).fill("12")
    page.get_by_role("button", name="Save this shift").click()
    saved = page.get_by_role("status").filter(has_text="Saved; OEE, stops and orders follow.")
    expect(saved).to_be_visible()
    newest = page.get_by_role("region", name="History of changes").get_by_role("listitem").first
    expect(newest).to_contain_text("Stops: 1 · good: 12")
    page.get_by_label("Good", exact=True).fill("13")
    expect(saved).to_have_count(0)
    page.get_by_role("button", name="Save the correction").click()
    expect(saved).to_be_visible()
    expect(newest).to_contain_text("Stops: 1 · good: 13")
    assert _overhang(page) <= 0
    page.get_by_role("button", name="Withdraw the sheet").click()
    expect(newest).to_contain_text("Withdrawn")


def _overhang(page: Page) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width
