"""Opens the store of points that the settings choose."""

from collections.abc import Callable

from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.settings import Settings, SettingsWrong
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import Store
from wire.clock import real_ms

LATE_EVERY_S = 60.0


def open_store(settings: Settings, db: Database, guard: Callable[[Session], None] | None = None) -> Store:
    """Return the store of points, ready to be written.

    Parameters
    ----------
    settings
        Which store, and where it is.
    db
        The migrated relational database, which keeps the ledger of a store on a server.
    guard
        Called in each transaction that moves watermarks of a store on a server, see `Ledger`.

    Raises
    ------
    SettingsWrong
        When the store is chosen but its address is not given, or it is asked for what it does not do.
    StoreRefused
        When the server cannot be reached or refuses the login.
    """
    # The drivers are imported when they are chosen: they take 40 MB and half a second.
    if settings.store == "duckdb":
        return DuckDBStore(settings.data / "points.duckdb", late_every_s=LATE_EVERY_S)
    if settings.keep_sums_months is not None:
        kept = f"Accepted with TAKTLINE_STORE={settings.store}: none; its sums go with their points."
        raise SettingsWrong([f"TAKTLINE_KEEP_SUMS_MONTHS: the embedded store alone keeps sums. {kept}"])
    from cloud.timeseries.ledger import Ledger  # noqa: PLC0415
    from cloud.timeseries.ledger_store import LedgerStore  # noqa: PLC0415

    ledger = None if guard is None else Ledger(db, real_ms, guard)
    if settings.store == "clickhouse":
        from cloud.timeseries.clickhouse import ClickHousePoints  # noqa: PLC0415

        points = ClickHousePoints(_given(settings.clickhouse_url, "CLICKHOUSE_URL"))
        return LedgerStore(points, db, ledger=ledger)
    from cloud.timeseries.influx import InfluxPoints  # noqa: PLC0415

    url = _given(settings.influxdb_url, "INFLUXDB_URL")
    token = _given(_token(settings), "INFLUXDB_TOKEN")
    influx = InfluxPoints(url, settings.influxdb_org, settings.influxdb_bucket, token)
    return LedgerStore(influx, db, ledger=ledger)


def _token(settings: Settings) -> str | None:
    if settings.influxdb_token_file is None:
        return settings.influxdb_token
    return settings.influxdb_token_file.read_text().partition("\n")[0].strip()


def _given(value: str | None, name: str) -> str:
    if not value:
        raise SettingsWrong([f"TAKTLINE_{name} is not set; TAKTLINE_STORE chooses a store that needs it."])
    return value
