"""What every test may ask for."""

import os
from collections.abc import Callable

import pytest

Require = Callable[[object, str], None]


def required(condition: object, what: str) -> None:
    """Skip the test when something it needs is missing, by name; with TAKTLINE_REQUIRE_ALL=1 fail instead."""
    if condition:
        return
    if os.environ.get("TAKTLINE_REQUIRE_ALL") == "1":
        pytest.fail(f"missing: {what} (TAKTLINE_REQUIRE_ALL=1 allows no skips)")
    pytest.skip(f"missing: {what}")


@pytest.fixture(scope="session")
def require() -> Require:
    """`require(shutil.which("mosquitto"), "mosquitto")`: the test goes on only if the first is true."""
    return required
