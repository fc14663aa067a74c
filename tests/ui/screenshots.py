"""Pictures of every page in each size, theme and language of a running product.

    TAKTLINE_UI_URL=http://127.0.0.1:8000 TAKTLINE_SCREENSHOTS=/tmp/shots python tests/ui/screenshots.py

`TAKTLINE_UI_USER` and `TAKTLINE_UI_PASSWORD` name the login (default: the demo's administrator);
`TAKTLINE_SCREENSHOT_PAGES` may name some pages only, separated by commas.
"""

import itertools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from cloud.identity.actions import DEMO_PASSWORD

SIZES = {"desk": (1440, 900), "phone": (390, 844)}
THEMES = ("light", "dark")
LANGUAGES = {"zh": "zh-CN", "en": "en-GB"}
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Shot:
    """One page to take: its address, what must stand on it, what to do before."""

    path: str
    ready: str
    act: Callable[[Page], None] | None = None
    is_full: bool = False


def _open_first_tile(page: Page) -> None:
    page.locator("article[data-machine] button").first.click()
    page.get_by_role("dialog").wait_for()


def _open_availability(page: Page) -> None:
    page.locator("main button", has_text="÷").first.click()
    page.get_by_role("dialog").locator("table").first.wait_for()


def _show_heat_map(page: Page) -> None:
    page.locator("main td a").last.scroll_into_view_if_needed()


def _open_first_alarm(page: Page) -> None:
    page.locator("main li a").first.click()
    page.locator("main h2").first.wait_for()


def _open_running_order(page: Page) -> None:
    page.goto(page.url.replace("/orders", "/orders?status=in_production"))
    page.locator("tbody tr a").first.click()
    page.wait_for_url("**/orders/*")
    page.locator("main h1").first.wait_for()
    page.locator("main table").first.wait_for()


def _open_first_device(page: Page) -> None:
    page.locator("main article li button").first.click()
    page.get_by_role("dialog").locator("table").first.wait_for()


def _open_write(page: Page) -> None:
    _open_first_device(page)
    page.get_by_role("dialog").locator("tbody button").first.click()
    page.get_by_role("dialog").locator("textarea").wait_for()


def _open_state_signal(page: Page) -> None:
    page.locator("main tbody tr", has_text="/state").first.locator("button").first.click()
    dialog = page.get_by_role("dialog")
    dialog.locator("button[type=submit]").click()
    dialog.get_by_role("status").wait_for()


def _open_counter(page: Page) -> None:
    page.locator("main tbody tr", has_text="/good").first.locator("button").first.click()
    numbers = page.get_by_role("dialog").locator("input.mantine-NumberInput-input")
    numbers.first.fill("65536")
    numbers.last.fill("5")


def _open_versions(page: Page) -> None:
    page.locator("main tbody tr").first.locator("button").last.click()
    page.get_by_role("dialog").locator("table").wait_for()


def _open_first_stop(page: Page) -> None:
    page.locator("main li > button").first.click()
    page.get_by_role("dialog").locator("input").first.wait_for()


def _plan_mapping(page: Page) -> None:
    page.locator("main button", has=page.locator("svg.tabler-icon-plus")).click()
    dialog = page.get_by_role("dialog")
    for field, address in enumerate(("suzhou/gw-l1", "suzhou/gw-l1b")):
        dialog.locator("input[placeholder='suzhou/gw-l1']").nth(field).fill(address)
    page.keyboard.press("Tab")
    dialog.locator("section table").wait_for()


def _open_new_token(page: Page) -> None:
    page.locator("main button", has=page.locator("svg.tabler-icon-plus")).click()
    page.get_by_role("dialog").locator("input").first.fill("Grafana")


def _make_token(page: Page) -> None:
    _open_new_token(page)
    page.get_by_role("dialog").locator("button[type=submit]").click()
    page.get_by_role("dialog").locator("pre").wait_for()


def _ask_to_revoke(page: Page) -> None:
    page.locator("main tbody tr button").first.click()
    page.get_by_role("dialog").locator("button").last.wait_for()


def _open_first_change(page: Page) -> None:
    page.locator("main section button").first.click()
    page.get_by_role("dialog").locator("button[type=submit]").wait_for()


def _open_last_change(page: Page) -> None:
    page.locator("main tbody button").last.click()
    page.get_by_role("dialog").locator("button[type=submit]").wait_for()


def _open_new_day(page: Page) -> None:
    page.locator("main button", has=page.locator("svg.tabler-icon-plus")).first.click()
    page.get_by_role("dialog").locator("button[type=submit]").wait_for()


def _plan_a_stop(page: Page) -> None:
    _open_new_day(page)
    dialog = page.get_by_role("dialog")
    dialog.locator("input[role=combobox], input[aria-haspopup=listbox]").first.click()
    page.get_by_role("option").last.click()
    dialog.locator("input[placeholder='08:00']").first.fill("10:00")
    dialog.locator("input[placeholder='08:00']").last.fill("12:00")


def _chart_three(page: Page) -> None:
    for metric in ("condition", "good", "state"):
        page.get_by_role("checkbox", name=f"L1-OP10 {metric}", exact=True).check()
    page.locator("main canvas").first.wait_for()


def _open_free_period(page: Page) -> None:
    page.locator("main canvas").first.wait_for()
    if page.viewport_size == {"width": 390, "height": 844}:
        page.locator("main input[aria-haspopup=listbox]").click()
        page.get_by_role("option").last.click()
    else:
        page.locator("main [role=radiogroup] label").last.click()
    page.get_by_role("dialog").locator("button").first.wait_for()


SHOTS = {
    "live": Shot("/", "article[data-machine]"),
    "live-drawer": Shot("/", "article[data-machine]", _open_first_tile),
    "live-full": Shot("/", "article[data-machine]", is_full=True),
    "oee": Shot("/oee", "main canvas", is_full=True),
    "oee-heat": Shot("/oee", "main td a", _show_heat_map),
    "oee-line": Shot("/oee?scope=line:L1&period=last_24h", "main canvas"),
    "oee-line-full": Shot("/oee?scope=line:L1&period=previous_shift", "main canvas", is_full=True),
    "oee-targets": Shot("/oee/settings", "main table", is_full=True),
    "oee-target": Shot("/oee/settings", "main table", _open_first_change),
    "oee-cycles": Shot("/oee/settings?part=cycles", "main table"),
    "oee-cycle": Shot("/oee/settings?part=cycles", "main table", _open_first_change),
    "oee-minor": Shot("/oee/settings?part=machines", "main table"),
    "oee-shifts": Shot("/oee/settings?part=shifts", "main table"),
    "oee-shift": Shot("/oee/settings?part=shifts", "main table", _open_last_change),
    "oee-days": Shot("/oee/settings?part=days", "main h2"),
    "oee-day": Shot("/oee/settings?part=days", "main h2", _open_new_day),
    "oee-flow": Shot("/oee/settings?part=lines", "main ol"),
    "oee-flow-change": Shot("/oee/settings?part=lines", "main ol", _open_first_change),
    "scrap": Shot("/oee/scrap", "main h2"),
    "oee-planned-stop": Shot("/oee/settings?part=days", "main h2", _plan_a_stop),
    "scrap-new": Shot("/oee/scrap", "main h2", _open_new_day),
    "oee-drawer": Shot("/oee?period=previous_shift", "main canvas", _open_availability),
    "downtime": Shot("/downtime", "main li > button", is_full=True),
    "downtime-line": Shot("/downtime?scope=line:L1", "main li > button"),
    "downtime-stop": Shot("/downtime?scope=line:L1", "main li > button", _open_first_stop),
    "pareto": Shot("/downtime/pareto?days=1", "main canvas", is_full=True),
    "pareto-impact": Shot("/downtime/pareto?days=1&measure=customer_impact&by=machine", "main canvas"),
    "reasons": Shot("/downtime/reasons", "main h1", is_full=True),
    "reason-new": Shot("/downtime/reasons", "main h1", _open_new_day),
    "codes": Shot("/downtime/reasons?part=codes", "main h1"),
    "code": Shot("/downtime/reasons?part=codes", "main h1", _open_first_change),
    "rules": Shot("/downtime/reasons?part=rules", "main h1"),
    "rule-new": Shot("/downtime/reasons?part=rules", "main h1", _open_new_day),
    "manual": Shot("/downtime/manual", "main h1"),
    "report": Shot("/report", "main h1", is_full=True),
    "andon": Shot("/andon", "h1, h2"),
    "andon-site": Shot("/andon?screens=site", "h1, h2"),
    "andon-machine": Shot("/andon?screens=machine:L1-OP10&theme=light", "h1, h2"),
    "orders": Shot("/orders", "tbody tr"),
    "thread": Shot("/orders", "tbody tr", _open_running_order, is_full=True),
    "alarms": Shot("/alarms?show=all", "main li a"),
    "alarm": Shot("/alarms?show=all", "main li a", _open_first_alarm, is_full=True),
    "history": Shot("/history?q=L1-OP10", "main li label", _chart_three, is_full=True),
    "history-long": Shot("/history?q=L1-OP10&hours=24", "main li label", _chart_three, is_full=True),
    "history-free": Shot(
        '/history?hours=336&tags=["suzhou/gw-l1/L1-OP10/good"]', "main li label", _open_free_period
    ),
    "history-empty": Shot("/history", "main li label"),
    "gateways": Shot("/gateways", "main article", is_full=True),
    "device": Shot("/gateways", "main article", _open_first_device),
    "write": Shot("/gateways", "main article", _open_write),
    "system": Shot("/system", "main table", is_full=True),
    "signals": Shot("/system/signals", "main table"),
    "signal": Shot("/system/signals", "main table", _open_state_signal),
    "signal-counter": Shot("/system/signals", "main table", _open_counter),
    "signal-versions": Shot("/system/signals", "main table", _open_versions),
    "mapping-new": Shot("/system/mappings", "main h1", _plan_mapping),
    "mappings": Shot("/system/mappings", "main table, main h2"),
    "token-new": Shot("/system/tokens", "main h1", _open_new_token),
    "token-made": Shot("/system/tokens", "main h1", _make_token),
    "tokens": Shot("/system/tokens", "main table"),
    "audit": Shot("/system/audit", "main table"),
    "audit-object": Shot("/system/audit?object=reason%2Feq-mechanical", "main h2"),
    "audit-none": Shot("/system/audit?who=nobody", "main h2"),
    "token-revoke": Shot("/system/tokens", "main table", _ask_to_revoke),
}


def take_all(browser: Browser, base_url: str, folder: Path, wanted: set[str]) -> list[Path]:
    """Write every wanted picture; files are named page-size-theme-language.png."""
    taken: list[Path] = []
    for size, theme, language in itertools.product(SIZES, THEMES, LANGUAGES):
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            locale=LANGUAGES[language],
            reduced_motion="reduce",
        )
        page = context.new_page()
        ending = f"{size}-{theme}-{language}.png"
        page.goto(f"{base_url}/login")
        page.locator("input[name=username]").wait_for()
        if "login" in wanted:
            taken.append(_write(page, folder / f"login-{ending}", is_full=False))
        log_in(page)
        for name in (name for name in SHOTS if name in wanted):
            shot = SHOTS[name]
            page.goto(f"{base_url}{shot.path}")
            page.locator(shot.ready).first.wait_for()
            if shot.act is not None:
                shot.act(page)
            taken.append(_write(page, folder / f"{name}-{ending}", is_full=shot.is_full))
        context.close()
    return taken


def log_in(page: Page) -> None:
    """Fill the login form with the names in the environment and wait for the live plant."""
    page.locator("input[name=username]").fill(os.environ.get("TAKTLINE_UI_USER", "admin"))
    page.locator("input[name=password]").fill(os.environ.get("TAKTLINE_UI_PASSWORD", DEMO_PASSWORD))
    page.locator("button[type=submit]").click()
    page.locator("article[data-machine]").first.wait_for()


def _write(page: Page, path: Path, *, is_full: bool) -> Path:
    page.evaluate("document.fonts.ready")
    # Two frames after the last request the charts have drawn.
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.wait_for_function("() => document.querySelector('[aria-busy=true]') === null")
    before = page.viewport_size
    if is_full and before is not None:
        # Bars that stick to the window would be drawn in the middle of a page taken in one piece.
        height = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": before["width"], "height": max(height, before["height"])})
        page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.screenshot(path=path)
    if is_full and before is not None:
        page.set_viewport_size(before)
    return path


def main() -> int:
    """Take the pictures that the environment asks for."""
    folder = Path(os.environ["TAKTLINE_SCREENSHOTS"])
    folder.mkdir(parents=True, exist_ok=True)
    asked = os.environ.get("TAKTLINE_SCREENSHOT_PAGES")
    wanted = set(asked.split(",")) if asked else {"login", *SHOTS}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        taken = take_all(browser, os.environ["TAKTLINE_UI_URL"], folder, wanted)
        browser.close()
    sys.stdout.write(f"{len(taken)} pictures in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
