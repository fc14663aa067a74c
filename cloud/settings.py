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
    store: Literal["duckdb", "clickhouse", "influxdb"] = _setting(
        "duckdb",
        "duckdb, clickhouse or influxdb",
        "Where points are kept: one file in the data folder, or a server.",
    )
    ingest: Literal["serve", "workers"] = _setting(
        "serve", "serve or workers", "Whether the server takes in data itself or leaves it to workers."
    )
    worker_groups: str | None = _setting(
        None,
        "Sparkplug groups with commas between",
        "What `taktline cloud worker` takes in; group G as host `<host id>-G`.",
    )
    worker_http_host: str = _setting(
        "127.0.0.1", "an address of its machine", "Address of a worker's `/metrics`.", min_length=1
    )
    worker_http_port: int = _setting(
        0, "0 to 65535; 0 takes a free port", "Port of a worker's `/metrics`.", ge=0, le=65535
    )
    close_after_min: float = _setting(
        15.0,
        "0 to 1440",
        "Plant minutes after its end until an hour is closed: sorted, summed and moved to its day's file.",
        ge=0,
        le=1440,
    )
    keep_months: int | None = _setting(
        None, "1 or more", "Full months whose points are kept beside the present one; unset keeps all.", ge=1
    )
    keep_sums_months: int | None = _setting(
        None,
        "1 or more",
        "Full months whose sums by hour and minute stay when their points go (embedded store); unset: none.",
        ge=1,
    )
    clickhouse_url: str | None = _setting(
        None,
        "clickhouse://USER:PASSWORD@HOST:8123/DATABASE, clickhouses://… for TLS, or chdb:///FOLDER",
        "ClickHouse, for `TAKTLINE_STORE=clickhouse`.",
        pattern=r"^(clickhouses?://.+|chdb:///.+)$",
    )
    influxdb_url: str | None = _setting(
        None,
        "http://HOST:8086 or https://…",
        "InfluxDB 2, for `TAKTLINE_STORE=influxdb`.",
        pattern=r"^https?://.+$",
    )
    influxdb_org: str = _setting("taktline", "text", "Organisation at InfluxDB.", min_length=1)
    influxdb_bucket: str = _setting("taktline", "text", "Bucket at InfluxDB.", min_length=1)
    influxdb_token: str | None = _setting(None, "text", "Token that may read and write the bucket.")
    influxdb_token_file: Path | None = _setting(None, "a file", "File whose first line is that token.")
    mqtt_host: str = _setting("127.0.0.1", "a host name or address", "MQTT broker.", min_length=1)
    mqtt_port: int = _setting(1883, "1 to 65535", "Port of the MQTT broker.", ge=1, le=65535)
    mqtt_username: str | None = _setting(None, "text", "User name at the broker; unset logs in without one.")
    mqtt_password: str | None = _setting(None, "text", "Password at the broker.")
    mqtt_password_file: Path | None = _setting(
        None, "a file", "File whose first line is the password at the broker."
    )
    mqtt_tls: bool = _setting(
        False, "0 or 1", "Use TLS with the certificate authorities of this machine; a CA file implies TLS."
    )
    mqtt_ca_file: Path | None = _setting(
        None, "a PEM file", "Certificate authority that must have signed the broker's certificate."
    )
    mqtt_cert_file: Path | None = _setting(
        None, "a PEM file, with a key file", "Certificate that the cloud shows to the broker (mTLS)."
    )
    mqtt_key_file: Path | None = _setting(
        None, "a PEM file, with a certificate file", "Private key of that certificate."
    )
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
    is_secret = any(word in field for word in ("password", "token", "clickhouse_url"))
    shown = "…" if is_secret else repr(error["input"])
    return f"{PREFIX}{field.upper()} = {shown}: {error['msg']}. Accepted: {accepted}."
