"""A browser at a running product, in both languages and at both sizes."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import Visitor, launched_chromium
from playwright.sync_api import Browser
from relay import Relay

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def base_url(require: Callable[[object, str], None], root: Path) -> str:
    """The address of a running product with the built pages."""
    require((root / "cloud/ui/dist/index.html").exists(), "the built web app")
    return os.environ["TAKTLINE_UI_URL"]


@pytest.fixture(scope="session")
def browser(require: Callable[[object, str], None]) -> Iterator[Browser]:
    """Debian's Chromium without a window."""
    require(CHROMIUM.exists(), "Chromium")
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
    """Somebody who is logged in, in each language and at each size."""
    language, size = request.param.split("-")
    return visit(language, size).logged_in()


@pytest.fixture
def relay(base_url: str) -> Iterator[Relay]:
    """A way to the product that a test can cut and mend."""
    between = Relay(base_url)
    between.open()
    yield between
    between.close()
