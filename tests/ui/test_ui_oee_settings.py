"""Managers say what OEE is measured against and charge scrap back; the figures show it; others only look."""

from collections.abc import Callable

import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

SAY = {
    "zh": {
        "settings": "设定",
        "scrap": "报废追溯",
        "title": "OEE 设定",
        "targets": "OEE 及各项指标的目标",
        "line": "（整线）",
        "availability": "可用率",
        "save": "保存",
        "below": "低于目标 99.9%",
        "cycles": "各产品在各设备上的理想节拍",
        "cycle": "理想节拍（秒/件）",
        "seconds": "{} 秒",
        "days": "与平日不同的日子",
        "add day": "登记例外",
        "day": "日期",
        "closed": "停产（节假日）",
        "take it back": "确认取消",
        "kind": "类型",
        "planned stop": "计划停机（保养、试产）",
        "applies to": "范围",
        "from": "开始",
        "to": "结束",
        "charge": "登记报废",
        "charge it": "登记",
        "serial": "序列号",
        "reason": "原因",
        "charges": "已登记的报废",
        "holds": "有效",
        "withdraw": "撤回 {} 的报废",
        "withdraw it": "确认撤回",
        "withdrawn": "已撤回",
        "constraint": "瓶颈工位",
        "products": "按产品",
        "time": "时间利用",
        "failures": "故障与换型",
    },
    "en": {
        "settings": "Settings",
        "scrap": "Scrap",
        "title": "OEE settings",
        "targets": "OEE targets",
        "line": "(whole line)",
        "availability": "Availability",
        "save": "Save",
        "below": "Below target 99.9%",
        "cycles": "Ideal cycle of each product on each machine",
        "cycle": "Ideal cycle (seconds per part)",
        "seconds": "{} s",
        "days": "Calendar exceptions",
        "add day": "Add an exception",
        "day": "Day",
        "closed": "Closed (holiday)",
        "take it back": "Remove it",
        "kind": "Kind",
        "planned stop": "Planned stop (maintenance, trial)",
        "applies to": "Applies to",
        "from": "From",
        "to": "To",
        "charge": "Charge scrap",
        "charge it": "Charge it",
        "serial": "Serial number",
        "reason": "Reason",
        "charges": "Charges",
        "holds": "Valid",
        "withdraw": "Withdraw the charge of {}",
        "withdraw it": "Withdraw it",
        "withdrawn": "Withdrawn",
        "constraint": "Constraint of the line",
        "products": "By product",
        "time": "Use of time",
        "failures": "Failures and setups",
    },
}
BOTH = pytest.mark.parametrize(("language", "size"), [("zh", "desk"), ("en", "phone")])
DAY = "2027-05-03"


def fits(page: Page) -> bool:
    """Whether nothing hangs over the side of the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def closed(dialog: Locator) -> None:
    expect(dialog).to_be_hidden(timeout=PATIENCE_MS)


@BOTH
def test_a_target_is_set_and_the_figure_below_it_says_so(
    visit: Callable[..., Visitor], language: str, size: str
) -> None:
    visitor, say = visit(language, size).logged_in("manager"), SAY[language]
    page = visitor.go("/oee")
    page.get_by_role("link", name=say["settings"], exact=True).click()
    expect(page.get_by_role("heading", level=1, name=say["title"])).to_be_visible(timeout=PATIENCE_MS)
    rows = page.get_by_role("table", name=say["targets"]).get_by_role("row")
    row = rows.filter(has_text=say["line"]).last

    def aim(percent: str) -> None:
        row.get_by_role("button").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label(say["availability"], exact=True).fill(percent)
        dialog.get_by_role("button", name=say["save"]).click()
        closed(dialog)

    aim("99.9")
    expect(row).to_contain_text("99.9%", timeout=PATIENCE_MS)
    assert fits(page)
    page = visitor.go("/oee?scope=line:L3&period=previous_shift")
    expect(page.get_by_text(say["below"])).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("region", name=say["constraint"])).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_role("region", name=say["time"])).to_contain_text("TEEP")
    expect(page.get_by_role("region", name=say["failures"])).to_contain_text("MTBF")
    products = page.get_by_role("table", name=say["products"])
    expect(products.get_by_role("row").nth(1)).to_be_visible(timeout=PATIENCE_MS)
    assert fits(page)
    page = visitor.go("/oee/settings")
    aim("")
    expect(row).not_to_contain_text("99.9%", timeout=PATIENCE_MS)
    expect(row).to_contain_text("80.0%")  # what the demo's manager has set stays


@BOTH
def test_an_ideal_cycle_is_corrected_and_a_day_closed_and_taken_back(
    visit: Callable[..., Visitor], language: str, size: str
) -> None:
    visitor, say = visit(language, size).logged_in("manager"), SAY[language]
    page = visitor.go("/oee/settings?part=cycles")
    row = page.get_by_role("table", name=say["cycles"]).get_by_role("row").nth(1)
    row.get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    before = dialog.get_by_label(say["cycle"]).input_value(timeout=PATIENCE_MS)
    for seconds in (str(float(before) + 0.25), before):
        dialog.get_by_label(say["cycle"]).fill(seconds)
        dialog.get_by_role("button", name=say["save"]).click()
        closed(dialog)
        expect(row).to_contain_text(say["seconds"].format(f"{float(seconds):.2f}"), timeout=PATIENCE_MS)
        row.get_by_role("button").click()
    assert fits(page)
    page = visitor.go("/oee/settings?part=days")
    page.get_by_role("button", name=say["add day"]).click()
    dialog.get_by_label(say["day"], exact=True).fill(DAY)
    dialog.get_by_role("button", name=say["save"]).click()
    closed(dialog)
    entry = page.get_by_role("table", name=say["days"]).get_by_role("row").filter(has_text=say["closed"])
    expect(entry).to_contain_text("manager", timeout=PATIENCE_MS)
    assert fits(page)
    entry.get_by_role("button").click()
    dialog.get_by_role("button", name=say["take it back"]).click()
    closed(dialog)
    expect(entry).to_have_count(0, timeout=PATIENCE_MS)


@BOTH
def test_a_machine_is_planned_to_stand_and_that_is_taken_back(
    visit: Callable[..., Visitor], language: str, size: str
) -> None:
    visitor, say = visit(language, size).logged_in("manager"), SAY[language]
    page = visitor.go("/oee/settings?part=days")
    page.get_by_role("button", name=say["add day"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(say["kind"], exact=True).first.click()
    page.get_by_role("option", name=say["planned stop"], exact=True).click()
    dialog.get_by_label(say["applies to"], exact=True).first.click()
    machine = page.get_by_role("listbox", name=say["applies to"]).get_by_role("option").last
    name = machine.inner_text(timeout=PATIENCE_MS)
    machine.click()
    save = dialog.get_by_role("button", name=say["save"])
    dialog.get_by_label(say["from"], exact=True).fill("10:00")
    dialog.get_by_label(say["to"], exact=True).fill("09:00")
    expect(save).to_be_disabled()  # it would end before it begins
    dialog.get_by_label(say["to"], exact=True).fill("12:00")
    assert fits(page)
    save.click()
    closed(dialog)
    entry = (
        page.get_by_role("table", name=say["days"]).get_by_role("row").filter(has_text=say["planned stop"])
    )
    expect(entry).to_contain_text(name, timeout=PATIENCE_MS)
    expect(entry).to_contain_text("10:00")
    assert fits(page)
    entry.get_by_role("button").click()
    dialog.get_by_role("button", name=say["take it back"]).click()
    closed(dialog)
    expect(entry).to_have_count(0, timeout=PATIENCE_MS)


@BOTH
def test_a_unit_is_charged_as_scrap_and_the_charge_withdrawn(
    visit: Callable[..., Visitor], language: str, size: str
) -> None:
    visitor, say = visit(language, size).logged_in("manager"), SAY[language]
    page = visitor.go("/oee")
    page.get_by_role("link", name=say["scrap"], exact=True).click()
    serial = some_serial(page, size == "phone")
    page.get_by_role("button", name=say["charge"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(say["serial"]).last.fill(serial)
    dialog.get_by_label(say["reason"]).fill("cracked")
    dialog.get_by_role("button", name=say["charge it"], exact=True).click()
    closed(dialog)
    row = page.get_by_role("table", name=say["charges"]).get_by_role("row").filter(has_text=serial)
    expect(row).to_contain_text(say["holds"], timeout=PATIENCE_MS)
    assert fits(page)
    page.get_by_role("button", name=say["withdraw"].format(serial)).click()
    dialog.get_by_role("button", name=say["withdraw it"]).click()
    closed(dialog)
    expect(row).to_contain_text(say["withdrawn"], timeout=PATIENCE_MS)


def some_serial(page: Page, is_second: bool) -> str:  # noqa: FBT001  each visitor has a unit of their own
    """The serial number of a unit that was made."""
    ask = """async () => {
      const {items} = await (await fetch('/api/v1/orders?limit=50&status=completed')).json();
      const found = [];
      for (const order of items.slice(0, 10)) {
        const thread = await (await fetch(`/api/v1/orders/${order.number}/thread?events=1&units=50`)).json();
        const made = JSON.stringify(thread).matchAll(/"serial":"([0-9]+-[0-9]+)"/g);
        found.push(...[...made].map(([, serial]) => serial));
      }
      return found;
    }"""
    serials: list[str] = page.evaluate(ask)
    return serials[1 if is_second else 0]


def test_a_planner_looks_and_changes_nothing(visit: Callable[..., Visitor]) -> None:
    page = visit("en", "desk").logged_in("planner").go("/oee/settings")
    expect(page.get_by_role("table", name="OEE targets")).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_role("button", name="Change").count() == 0
    page.goto(page.url.replace("/settings", "/scrap"))
    expect(page.get_by_role("heading", level=1, name="Scrap charged back")).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_role("button", name="Charge scrap").count() == 0


def test_a_planner_marks_a_work_order_as_rework_and_takes_it_back(visit: Callable[..., Visitor]) -> None:
    page = visit("en", "phone").logged_in("planner").go("/orders?status=completed")
    page.get_by_role("table").get_by_role("link").first.click()
    work = page.get_by_role("heading", level=3).filter(has_text="Work order").first
    work.get_by_role("button", name="Mark work order").click()
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    closed(page.get_by_role("dialog"))
    expect(work.get_by_text("Rework", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert fits(page)
    work.get_by_role("button", name="is no rework").click()
    page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    expect(work.get_by_text("Rework", exact=True)).to_have_count(0, timeout=PATIENCE_MS)
