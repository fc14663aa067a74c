"""A browser at a running product, in both languages and at both sizes."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import PATIENCE_MS, Visitor, launched_chromium
from playwright.sync_api import Browser, expect
from relay import Relay

from taktline.demo import DemoOptions, started
from taktline.programs import free_port, wait_until
from taktline.stack import Stack

CHROMIUM = Path("/usr/bin/chromium")


READY_S = 120.0


def is_ready(stack: Stack) -> bool:
    """Whether the history has arrived and been worked into orders and alarms."""
    with stack.api() as api:
        system = api.get("/system")
        orders = api.get("/orders", status="completed")
        alarms = api.get("/alarms", state="active")
    return bool(system["outbox_pending"] < 50 and orders["total"] and alarms["total"])


@pytest.fixture(scope="session")
def base_url(
    require: Callable[[object, str], None], root: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the demo with its history, or of the product that TAKTLINE_UI_URL names."""
    ui_dir = root / "cloud/ui/dist"
    require((ui_dir / "index.html").exists(), "the built web app")
    if given := os.environ.get("TAKTLINE_UI_URL"):
        yield given
        return
    options = DemoOptions(root / "simulators/plants/demo.toml", port=free_port(), ui_dir=ui_dir)
    with started(options, tmp_path_factory.mktemp("demo"), threading.Event()) as stack:
        assert wait_until(lambda: is_ready(stack), READY_S, every_s=0.5), stack.cloud.tail()
        yield stack.url


@pytest.fixture(scope="session")
def browser(require: Callable[[object, str], None]) -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    require(CHROMIUM.exists(), "Chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with launched_chromium(CHROMIUM) as chromium:
        yield chromium


@pytest.fixture
def visit(browser: Browser, base_url: str) -> Iterator[Callable[..., Visitor]]:
    """A function that opens a fresh browser profile: `visit("zh", "phone")`."""
    opened: list[Visitor] = []

    def open_one(language: str = "en", size: str = "desk", url: str | None = None) -> Visitor:
        opened.append(Visitor.arriving(browser, url or base_url, language, size))
        return opened[-1]

    yield open_one
    for visitor in opened:
        visitor.page.context.close()


@pytest.fixture(params=["zh-desk", "en-desk", "zh-phone", "en-phone"])
def visitor(request: pytest.FixtureRequest, visit: Callable[..., Visitor]) -> Visitor:
    """Somebody whom the product lets in, in each language and at each size; no page is opened yet."""
    language, size = request.param.split("-")
    return visit(language, size).let_in()


@pytest.fixture
def relay(base_url: str) -> Iterator[Relay]:
    """A way to the product that a test can cut and mend."""
    between = Relay(base_url)
    between.open()
    yield between
    between.close()
