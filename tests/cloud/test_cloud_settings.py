"""Settings are checked at start, say what is accepted, and are all documented."""

import re
from pathlib import Path

import pytest

from cloud.settings import PREFIX, Settings, SettingsWrong

DOCUMENTED = Path(__file__).parents[2] / "docs" / "settings.md"
CLOCK = "2026-03-02T16:00:00+08:00@2026-11-23T09:00:00+00:00x60"


def _rows() -> dict[str, list[str]]:
    rows = [
        line.split("|") for line in DOCUMENTED.read_text().splitlines() if line.startswith(f"| `{PREFIX}")
    ]
    return {row[1].strip().strip("`"): [cell.strip() for cell in row[2:5]] for row in rows}


def test_every_setting_is_documented_and_no_other() -> None:
    assert set(_rows()) == {PREFIX + name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_the_documented_default_and_accepted_values_are_those_of_the_code(name: str) -> None:
    default, accepted, _ = _rows()[PREFIX + name.upper()]
    field = Settings.model_fields[name]
    assert isinstance(field.json_schema_extra, dict)
    assert accepted.replace("`", "") == str(field.json_schema_extra["accepted"]).replace("`", "")
    if field.default is not None:
        shown = int(field.default) if isinstance(field.default, bool) else field.default
        assert default == f"`{shown}`"
    else:
        assert not re.match(r"`", default)


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TAKTLINE_DATA", str(tmp_path))
    monkeypatch.setenv("TAKTLINE_HTTP_PORT", "0")
    monkeypatch.setenv("TAKTLINE_DEMO_USERS", "1")
    monkeypatch.setenv("TAKTLINE_CLOCK", CLOCK)
    settings = Settings.from_environment()
    assert settings.url == f"sqlite:///{tmp_path}/taktline.db"
    assert settings.http_port == 0
    assert settings.demo_users
    assert settings.plant_clock().speed == 60


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("HTTP_PORT", "many", "0 to 65535"),
        ("MQTT_PORT", "0", "1 to 65535"),
        ("CLOCK", "yesterday", "<plant origin>@<real anchor>x<speed>"),
        ("DATABASE_URL", "mysql://x", "sqlite:///FILE or postgresql+psycopg://"),
        ("HOST_ID", "a/b", "letters, digits"),
        ("DEMO_USERS", "perhaps", "0 or 1"),
        ("LOG_LEVEL", "loud", "debug, info, warning or error"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, accepted: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsWrong) as wrong:
        Settings.from_environment()
    [line] = wrong.value.lines
    assert line.startswith(f"{PREFIX}{name} = {value!r}: ")
    assert accepted in line


def test_all_wrong_settings_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAKTLINE_HTTP_PORT", "x")
    monkeypatch.setenv("TAKTLINE_MQTT_PORT", "y")
    with pytest.raises(SettingsWrong) as wrong:
        Settings.from_environment()
    assert len(wrong.value.lines) == 2


def test_a_wrong_password_setting_is_not_shown() -> None:
    with pytest.raises(SettingsWrong) as wrong:
        Settings.from_environment(mqtt_password=["secret"])
    assert "secret" not in str(wrong.value)
