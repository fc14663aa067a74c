"""Commits batches to ClickHouse with a ledger until killed; says durable positions: argv = both addresses."""

import sys

from crash_writer import commits
from engines import ledger_database

from cloud.timeseries.clickhouse import ClickHousePoints
from cloud.timeseries.ledger_store import LedgerStore


def main() -> None:
    store = LedgerStore(ClickHousePoints(sys.argv[1]), ledger_database(sys.argv[2]))
    for position, commit in commits(store):
        store.append(commit)
        sys.stdout.write(f"{position}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
