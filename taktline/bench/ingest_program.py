"""Ingestion as a process of its own, for benchmarks: argv = folder, broker's port."""

import signal
import sys
import threading
from pathlib import Path

from cloud.db import Base, Database
from cloud.ingest.runtime import IngestRuntime
from cloud.log import configure_log
from cloud.migrations import import_tables
from cloud.settings import Settings
from cloud.timeseries.duckdb import DuckDBStore
from wire.clock import REAL_TIME


def main(folder: Path, port: int) -> None:
    """Take in what comes until SIGTERM; the store is closed before the process ends."""
    configure_log(as_json=True)
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    db = Database(f"sqlite:///{folder / 'taktline.db'}")
    import_tables()
    Base.metadata.create_all(db.engine)
    store = DuckDBStore(folder / "points.duckdb")
    runtime = IngestRuntime(Settings(data=folder, mqtt_port=port), db, REAL_TIME, store)
    runtime.start()
    ending.wait()
    runtime.stop()
    store.close()
    db.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
