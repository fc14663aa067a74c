"""Chromium and a person in front of it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Cookie, Locator, Page, expect, sync_playwright

from cloud.identity.actions import DEMO_PASSWORD

SIZES = {"desk": (1440, 900), "phone": (390, 844)}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The server computes OEE on two shared cores; a page may take its time, but not for ever.
PATIENCE_MS = 45_000

WORDS = {
    "zh": {
        "log in": "登录",
        "user name": "用户名",
        "password": "密码",
        "wrong": "用户名或密码不正确。",
        "live": "实时工厂",
        "orders": "订单",
        "alarms": "报警",
        "system": "系统",
        "user menu": "用户菜单",
        "log out": "退出登录",
        "appearance": "外观",
        "dark": "深色",
        "availability": "可用率",
        "open details": "打开明细",
        "state segments": "状态片段",
        "job segments": "作业片段",
        "formula": "计算公式",
        "previous shift": "上一班次",
        "period": "时段",
        "search orders": "搜索订单号、客户或产品",
        "status": "状态",
        "operations": "工序",
        "machine events": "设备事件",
        "units": "产品单件",
        "customer": "客户",
        "open oee": "查看 OEE",
        "all": "全部",
        "list of alarms": "报警列表",
        "acknowledge": "确认报警",
        "acknowledged": "已确认",
        "note": "备注",
        "add note": "添加备注",
        "history": "历史",
        "gateways": "边缘网关",
        "connection": "连接状态",
        "is live": "实时更新",
        "is offline": "连接中断",
        "try again": "重试",
        "no such order": "没有这张订单。",
        "navigation": "主导航",
        "more": "更多",
    },
    "en": {
        "log in": "Log in",
        "user name": "User name",
        "password": "Password",
        "wrong": "User name or password is wrong.",
        "live": "Live plant",
        "orders": "Orders",
        "alarms": "Alarms",
        "system": "System",
        "user menu": "User menu",
        "log out": "Log out",
        "appearance": "Appearance",
        "dark": "Dark",
        "availability": "Availability",
        "open details": "open the details",
        "state segments": "State segments",
        "job segments": "Job segments",
        "formula": "Formula",
        "previous shift": "Previous shift",
        "period": "Period",
        "search orders": "Search order, customer or product",
        "status": "Status",
        "operations": "Operations",
        "machine events": "Machine events",
        "units": "Units",
        "customer": "Customer",
        "open oee": "Open OEE",
        "all": "All",
        "list of alarms": "List of alarms",
        "acknowledge": "Acknowledge",
        "acknowledged": "Acknowledged",
        "note": "Note",
        "add note": "Add note",
        "history": "History",
        "gateways": "Edge gateways",
        "connection": "Connection",
        "is live": "Live",
        "is offline": "Offline",
        "try again": "Try again",
        "no such order": "There is no such order.",
        "navigation": "Main navigation",
        "more": "More",
    },
}

SESSIONS: dict[str, list[Cookie]] = {}
"""By user, the cookies of a session at the one product that the tests of this process look at."""


@contextlib.contextmanager
def launched_chromium(program: Path) -> Iterator[Browser]:
    """Run a Chromium without a window for as long as the context lasts."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(program), args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass(slots=True)
class Visitor:
    """A page in a profile of its own, with the words of its language."""

    page: Page
    url: str
    language: str
    size: str

    @classmethod
    def arriving(cls, browser: Browser, url: str, language: str, size: str) -> "Visitor":
        """Open a fresh profile whose browser prefers a language."""
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=LOCALES[language], reduced_motion="reduce"
        )
        context.set_default_timeout(PATIENCE_MS)
        return cls(context.new_page(), url, language, size)

    def say(self, word: str) -> str:
        """Return what the page calls a thing in the language it is shown in."""
        return WORDS[self.language][word]

    def go(self, path: str) -> Page:
        """Open an address of the product."""
        self.page.goto(f"{self.url}{path}")
        return self.page

    def logged_in(self, username: str = "admin") -> "Visitor":
        """Come in and wait for the live plant."""
        self.let_in(username).go("/")
        expect(self.heading("live")).to_be_visible(timeout=PATIENCE_MS)
        return self

    def logged_in_by_form(self, username: str = "admin") -> "Visitor":
        """Begin a session of one's own through the form and wait for the live plant."""
        self.go("/login")
        self.fill_login(username, DEMO_PASSWORD)
        expect(self.heading("live")).to_be_visible(timeout=PATIENCE_MS)
        return self

    def let_in(self, username: str = "admin") -> "Visitor":
        """Come in with the session that the user has, else log in beside the page; no page is opened yet."""
        context = self.page.context
        if username not in SESSIONS:
            login = {"username": username, "password": DEMO_PASSWORD}
            answer = context.request.post(f"{self.url}/api/v1/session", data=login, timeout=PATIENCE_MS)
            expect(answer).to_be_ok()
            SESSIONS[username] = context.cookies()
        context.add_cookies(
            [
                {"name": kept["name"], "value": kept["value"], "domain": kept["domain"], "path": kept["path"]}
                for kept in SESSIONS[username]
            ]
        )
        return self

    def fill_login(self, username: str, password: str) -> None:
        """Fill the login form and send it."""
        self.page.get_by_label(self.say("user name"), exact=True).fill(username)
        self.page.get_by_label(self.say("password"), exact=True).fill(password)
        self.page.get_by_role("button", name=self.say("log in"), exact=True).click()

    def heading(self, word: str) -> Locator:
        """Return the main heading that bears a word."""
        return self.page.get_by_role("heading", level=1, name=self.say(word))

    def open_place(self, word: str) -> None:
        """Follow a link of the main navigation."""
        navigation = self.page.get_by_role("navigation", name=self.say("navigation"))
        navigation.wait_for()
        link = navigation.get_by_role("link", name=self.say(word))
        if not link.is_visible():  # a phone has no room for all of them
            navigation.get_by_role("button", name=self.say("more")).click()
            link = self.page.get_by_role("menuitem", name=self.say(word))
        link.click()
