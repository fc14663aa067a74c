"""The settings of the cloud, read once at start from `TAKTLINE_*`."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from wire.clock import PlantClock, clock_from

PREFIX = "TAKTLINE_"


class SettingsWrong(Exception):
    """One or more settings are wrong; `lines` name each with its value and what is accepted."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _clock_text(text: str | None) -> str | None:
    clock_from(text)
    return text


def _setting(default: Any, accepted: str, description: str, **limits: Any) -> Any:
    return Field(default, description=description, json_schema_extra={"accepted": accepted}, **limits)


class Settings(BaseSettings):
    """What can be set from outside; `docs/settings.md` lists the same."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    data: Path = _setting(Path("var"), "a folder that can be written", "Folder of the embedded databases.")
    database_url: str | None = _setting(
        None,
        "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
        "Relational database; by default `taktline.db` in the data folder.",
        pattern=r"^(sqlite:///.+|postgresql\+psycopg://.+)$",
    )
    mqtt_host: str = _setting("127.0.0.1", "a host name or address", "MQTT broker.", min_length=1)
    mqtt_port: int = _setting(1883, "1 to 65535", "Port of the MQTT broker.", ge=1, le=65535)
    mqtt_username: str | None = _setting(None, "text", "User name at the broker; unset logs in without one.")
    mqtt_password: str | None = _setting(None, "text", "Password at the broker.")
    host_id: str = _setting(
        "taktline",
        "letters, digits, `-`, `_` and `.`",
        "Sparkplug host id; a gateway obeys the receipts of the host it is configured for.",
        pattern=r"^[A-Za-z0-9_.\-]+$",
    )
    http_host: str = _setting(
        "127.0.0.1", "an address of this machine", "Address the web server binds to.", min_length=1
    )
    http_port: int = _setting(
        8080, "0 to 65535; 0 takes a free port", "Port of the web server.", ge=0, le=65535
    )
    clock: Annotated[str | None, AfterValidator(_clock_text)] = _setting(
        None,
        "`<plant origin>@<real anchor>x<speed>`, ISO times with zone",
        "Plant clock; unset is real time at ×1.",
    )
    plant_file: Path | None = _setting(
        None, "a TOML file", "Plant file, loaded at the first start into an empty database."
    )
    demo_users: bool = _setting(
        False,
        "0 or 1",
        "Create the demo users admin, manager, planner and operator with the published demo password.",
    )
    admin_password: str | None = _setting(
        None,
        "at least 8 characters",
        "Password of the user `admin`, who is created at the first start.",
        min_length=8,
    )
    ui_dir: Path | None = _setting(
        None, "a folder with index.html", "Built web app; unset serves the API alone."
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "debug, info, warning or error", "Lowest level that is written to the log."
    )

    @property
    def url(self) -> str:
        """The SQLAlchemy URL of the relational database."""
        return self.database_url or f"sqlite:///{(self.data / 'taktline.db').absolute()}"

    def plant_clock(self) -> PlantClock:
        """The plant clock these settings describe."""
        return clock_from(self.clock)

    @classmethod
    def from_environment(cls, **given: Any) -> Self:
        """Settings from `TAKTLINE_*`, with `given` values before them.

        Raises
        ------
        SettingsWrong
            With one line per wrong setting: name, value, reason, accepted values.
        """
        try:
            return cls(**given)
        except ValidationError as wrong:
            raise SettingsWrong([_line(error) for error in wrong.errors()]) from None


def _line(error: Any) -> str:
    field = str(error["loc"][0])
    extra = Settings.model_fields[field].json_schema_extra
    accepted = extra["accepted"] if isinstance(extra, dict) else ""
    shown = "…" if "password" in field else repr(error["input"])
    return f"{PREFIX}{field.upper()} = {shown}: {error['msg']}. Accepted: {accepted}."
