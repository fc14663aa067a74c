"""API tokens are made, used and revoked; mappings are tried, made and undone; who may do neither."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from browser import PATIENCE_MS, Visitor
from playwright.sync_api import Locator, Page, expect

pytestmark = [pytest.mark.ui, pytest.mark.slow, pytest.mark.alone]

SAY = {
    "zh": {
        "tokens": "访问令牌",
        "make token": "创建令牌",
        "name": "名称",
        "make": "创建",
        "secret": "令牌密文",
        "copy": "复制",
        "copied": "已复制",
        "kept": "已保存，关闭",
        "revoke": "吊销令牌“{}”",
        "revoke it": "确认吊销",
        "all": "全部",
        "revoked": "已吊销",
        "mappings": "地址映射",
        "new mapping": "新建映射",
        "signal": "信号",
        "old": "旧地址",
        "new": "新地址",
        "joined": "接续 1 个信号",
        "make mapping": "建立映射",
        "in force": "生效",
        "undo": "撤销映射 {} → {}",
        "undo it": "确认撤销",
        "undone": "已撤销",
    },
    "en": {
        "tokens": "API tokens",
        "make token": "Make a token",
        "name": "Name",
        "make": "Make it",
        "secret": "Secret of the token",
        "copy": "Copy",
        "copied": "Copied",
        "kept": "I have kept it",
        "revoke": "Revoke token “{}”",
        "revoke it": "Revoke it",
        "all": "All",
        "revoked": "Revoked",
        "mappings": "Mappings",
        "new mapping": "New mapping",
        "signal": "Signal",
        "old": "Old address",
        "new": "New address",
        "joined": "1 signal is joined",
        "make mapping": "Make the mapping",
        "in force": "In force",
        "undo": "Undo mapping {} → {}",
        "undo it": "Undo it",
        "undone": "Undone",
    },
}
BOTH = pytest.mark.parametrize(("language", "size"), [("zh", "desk"), ("en", "phone")])


def fits(page: Page) -> bool:
    """Whether nothing hangs over the side of the window."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def is_within_the_window(button: Locator) -> bool:
    """Whether a button lies in the window without scrolling sideways, even inside a table."""
    box, size = button.bounding_box(), button.page.viewport_size
    return box is not None and size is not None and box["x"] >= 0 and box["x"] + box["width"] <= size["width"]


@BOTH
def test_a_token_is_made_shown_once_used_and_revoked(
    visit: Callable[..., Visitor], base_url: str, language: str, size: str
) -> None:
    visitor, say, name = visit(language, size).logged_in("operator"), SAY[language], f"Grafana {size}"
    page = visitor.page
    # An operator has no System page: the way leads through the user menu.
    page.get_by_role("button", name=visitor.say("user menu")).click()
    page.get_by_role("menuitem", name=say["tokens"]).click()
    page.get_by_role("button", name=say["make token"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(say["name"], exact=True).fill(name)
    dialog.get_by_role("button", name=say["make"], exact=True).click()
    secret = dialog.get_by_label(say["secret"]).input_value(timeout=PATIENCE_MS)
    dialog.get_by_role("button", name=say["copy"], exact=True).click()
    expect(dialog.get_by_role("button", name=say["copied"])).to_be_visible(timeout=PATIENCE_MS)
    dialog.get_by_role("button", name=say["kept"]).click()
    expect(dialog).to_be_hidden(timeout=PATIENCE_MS)
    assert secret not in page.content(), "it is shown once"
    bearer = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{base_url}/api/v1/plant", headers=bearer).status_code == 200
    assert fits(page)
    revoke = page.get_by_role("button", name=say["revoke"].format(name))
    assert is_within_the_window(revoke)
    revoke.click()
    page.get_by_role("dialog").get_by_role("button", name=say["revoke it"]).click()
    expect(page.get_by_role("dialog")).to_be_hidden(timeout=PATIENCE_MS)
    page.get_by_text(say["all"]).first.click()
    row = page.get_by_role("table", name=say["tokens"]).get_by_role("row", name=name).first
    expect(row).to_contain_text(say["revoked"], timeout=PATIENCE_MS)
    assert httpx.get(f"{base_url}/api/v1/plant", headers=bearer).status_code == 401


@BOTH
def test_a_mapping_is_tried_made_and_undone(visit: Callable[..., Visitor], language: str, size: str) -> None:
    visitor, say = visit(language, size).let_in("manager"), SAY[language]
    page = visitor.go("/system")
    page.get_by_role("link", name=say["mappings"]).click()
    old = unbound_signal(page)
    new = f"{old}_{size}"
    page.get_by_role("button", name=say["new mapping"]).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(say["signal"], exact=True).first.click()
    for field, address in (("old", old), ("new", new)):
        dialog.get_by_label(say[field], exact=True).fill(address)
        page.keyboard.press("Tab")
    expect(dialog.get_by_text(say["joined"])).to_be_visible(timeout=PATIENCE_MS)
    dialog.get_by_role("button", name=say["make mapping"]).click()
    expect(dialog).to_be_hidden(timeout=PATIENCE_MS)
    row = page.get_by_role("table", name=say["mappings"]).get_by_role("row", name=new).first
    expect(row).to_contain_text(say["in force"], timeout=PATIENCE_MS)
    expect(row).to_contain_text("manager")
    assert earlier(page, new) == [old]
    assert fits(page)
    undo = page.get_by_role("button", name=say["undo"].format(old, new))
    assert is_within_the_window(undo)
    undo.click()
    page.get_by_role("dialog").get_by_role("button", name=say["undo it"]).click()
    expect(row).to_contain_text(say["undone"], timeout=PATIENCE_MS)
    assert earlier(page, new) == []


def test_a_planner_sees_mappings_and_makes_none(visit: Callable[..., Visitor]) -> None:
    page = visit("en", "desk").let_in("planner").go("/system/mappings")
    expect(page.get_by_role("heading", level=1, name="Mappings")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_function("() => document.querySelector('main [aria-busy=true]') === null")
    expect(page.get_by_role("heading", level=2, name="Mappings")).to_be_visible(timeout=PATIENCE_MS)
    assert page.get_by_role("button", name=SAY["en"]["new mapping"]).count() == 0


def unbound_signal(page: Page) -> str:
    """A stored signal that means nothing: joining it changes no figure that another test looks at."""
    return next(str(item["tag"]) for item in tags(page, "Gateway/CPU") if item["role"] is None)


def earlier(page: Page, tag: str) -> list[str]:
    """The addresses with whose history a signal goes on."""
    return [address for item in tags(page, tag) if item["tag"] == tag for address in item["earlier"]]


def tags(page: Page, words: str) -> list[dict[str, Any]]:
    """Signals with stored values, asked for as the page does."""
    ask = (
        "words => fetch(`/api/v1/history/tags?q=${encodeURIComponent(words)}`).then(answer => answer.json())"
    )
    found: list[dict[str, Any]] = page.evaluate(ask, words)["items"]
    return found
