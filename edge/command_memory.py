"""Which commands were taken and which wait for their result, in the spool's file over restarts."""

import sqlite3
from typing import Final, NamedTuple

MAX_REMEMBERED: Final = 10_000

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS commands (
    id TEXT PRIMARY KEY, until_ms INTEGER NOT NULL, device TEXT NOT NULL, metric TEXT NOT NULL,
    requester TEXT NOT NULL, is_open INTEGER NOT NULL DEFAULT 1) WITHOUT ROWID;
"""


class OpenCommand(NamedTuple):
    """A command that was taken and has no result yet."""

    id: str
    device: str
    metric: str
    requester: str


class CommandMemory:
    """The table of commands; every method belongs inside a transaction of the spool's writer."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def take(self, command: OpenCommand, until_ms: int, now_ms: int) -> bool | None:
        """Whether the id is new, remembered now until `until_ms` (real time); None when memory is full."""
        self._db.execute("DELETE FROM commands WHERE until_ms < ? AND NOT is_open", (now_ms,))
        if self._db.execute("SELECT 1 FROM commands WHERE id = ?", (command.id,)).fetchone():
            return False
        (held,) = self._db.execute("SELECT count(*) FROM commands").fetchone()
        if held >= MAX_REMEMBERED:
            return None
        self._db.execute(
            "INSERT INTO commands (id, until_ms, device, metric, requester) VALUES (?, ?, ?, ?, ?)",
            (command.id, until_ms, command.device, command.metric, command.requester),
        )
        return True

    def conclude(self, identity: str) -> bool:
        """Whether the command was open; it has its result now."""
        changed = self._db.execute(
            "UPDATE commands SET is_open = 0 WHERE id = ? AND is_open", (identity,)
        ).rowcount
        return bool(changed)

    def open_commands(self) -> list[OpenCommand]:
        """Commands without a result: after a restart nobody knows any more what became of them."""
        rows = self._db.execute("SELECT id, device, metric, requester FROM commands WHERE is_open")
        return [OpenCommand(*row) for row in rows]
