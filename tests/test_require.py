"""A skip names what is missing, and a run that must have everything allows none."""

from collections.abc import Callable

import pytest

Require = Callable[[object, str], None]


def test_what_is_there_lets_the_test_go_on(require: Require) -> None:
    require("/usr/sbin/mosquitto", "Mosquitto")


def test_what_is_missing_skips_by_name(require: Require, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAKTLINE_REQUIRE_ALL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="Mosquitto"):
        require(None, "Mosquitto")


def test_with_require_all_what_is_missing_fails(require: Require, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTLINE_REQUIRE_ALL", "1")
    with pytest.raises(pytest.fail.Exception, match="Mosquitto"):
        require(None, "Mosquitto")
