"""The engine of ClickHouse in a process of its own, and the ledger beside it."""

import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

import clickhouse_connect

from cloud.db import Base, Database
from cloud.timeseries import tables
from cloud.timeseries.store import Store

FRONT = Path(__file__).with_name("clickhouse_front.py")

Opener = Callable[[], Store]


class ClickHouse:
    """The engine of ClickHouse in a process of its own, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = 0
        self.start()

    def start(self) -> None:
        """Start it, on the same port as before if there was one."""
        command = [sys.executable, str(FRONT), str(self._folder), str(self.port)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def kill(self) -> None:
        """Kill it as a lost machine would be."""
        self.process.kill()
        self.process.wait()

    def new_database(self) -> str:
        """The address of an empty database."""
        name = f"t{uuid.uuid4().hex}"
        client = clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, autogenerate_session_id=False
        )
        client.command(f"create database {name}")
        client.close()
        return f"clickhouse://127.0.0.1:{self.port}/{name}"


def ledger_database(url: str) -> Database:
    """A relational database with the tables of the ledger."""
    db = Database(url)
    ledger = [table for name, table in Base.metadata.tables.items() if name.startswith("store_")]
    assert tables.StoreCommit.__table__ in ledger
    Base.metadata.create_all(db.engine, tables=ledger)
    return db
