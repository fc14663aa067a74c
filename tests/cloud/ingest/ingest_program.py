"""A small process that takes in data until it is told to end: argv = data folder, broker port."""

import signal
import sys
import threading
from pathlib import Path

from cloud.db import Database
from cloud.ingest.runtime import IngestRuntime
from cloud.log import configure_log
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from wire.clock import REAL_TIME


def main() -> None:
    configure_log(as_json=True)
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    db = Database(f"sqlite:///{folder / 'taktline.db'}")
    store = DuckDBStore(folder / "points.duckdb")
    runtime = IngestRuntime(Settings(data=folder, mqtt_port=port), db, REAL_TIME, store)
    runtime.start()
    ending.wait()
    runtime.stop()
    store.close()
    db.dispose()


if __name__ == "__main__":
    main()
