"""Which worker takes in a Sparkplug group: one PostgreSQL advisory lock and a fencing number for each.

The lock ends with its connection, so a killed worker's groups are free at once. A worker that lost its
connection but lives on may still believe that it holds them: each claim raises the group's number, and who
bears an older one stores nothing any more.
"""

import contextlib
import hashlib
import os
import socket
from typing import Any, Final

from psycopg import Connection, Error
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.db import Database
from cloud.ingest.tables import IngestClaim
from cloud.timeseries.store import StoreRefused
from wire.clock import real_ms

# A machine that vanished is noticed by the server after 5 + 3 * 2 s, not after two hours.
_KEEPALIVE: Final = ("tcp_keepalives_idle = 5", "tcp_keepalives_interval = 2", "tcp_keepalives_count = 3")


class Fenced(StoreRefused):
    """Another worker has claimed the group meanwhile; nothing was stored."""


class Claim:
    """The right to take in a group, as long as its connection lives and nobody has claimed the group since.

    Parameters
    ----------
    group
        The Sparkplug group.
    fence
        The number of this claim.
    connection
        Holds the advisory lock; closed by `release`.
    """

    def __init__(self, group: str, fence: int, connection: Connection[Any], db: Database) -> None:
        self.group = group
        self.fence = fence
        self._connection = connection
        self._db = db

    def check_in(self, session: Session) -> None:
        """Nothing comes back; in the session's transaction nobody else has claimed the group.

        Raises
        ------
        Fenced
            When somebody has.
        """
        found = session.scalar(select(IngestClaim.fence).where(IngestClaim.group == self.group))
        if found != self.fence:
            raise Fenced(f"group {self.group}: claim {self.fence} was followed by claim {found}")

    def check(self) -> None:
        """Nothing comes back; nobody else has claimed the group; raises Fenced when somebody has."""
        with self._db.read() as session:
            self.check_in(session)

    def is_held(self) -> bool:
        """Whether the connection with the lock still lives."""
        try:
            self._connection.execute("SELECT 1")
        except Error:
            return False
        return True

    def release(self) -> None:
        """Nothing comes back; another worker may claim the group."""
        with contextlib.suppress(Error):
            self._connection.close()


def claim(db: Database, group: str) -> Claim | None:
    """Return the claim of a group, None when another worker holds it.

    Raises
    ------
    SQLAlchemyError, psycopg.Error
        When the database does not answer.
    """
    connection = _connection(db)
    try:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", [_key(group)]).fetchone()
        if row is None or not row[0]:
            connection.close()
            return None
        return Claim(group, _next_fence(db, group), connection, db)
    except BaseException:
        connection.close()
        raise


def _next_fence(db: Database, group: str) -> int:
    with db.write() as session:
        row = session.get(IngestClaim, group)
        if row is None:
            row = IngestClaim(group=group, fence=0, holder="", since_ms=0)
            session.add(row)
        row.fence += 1
        row.holder = f"{socket.gethostname()}:{os.getpid()}"
        row.since_ms = real_ms()
        return row.fence


def _connection(db: Database) -> Connection[Any]:
    """Return a connection of its own, not one that the pool would give to others."""
    pooled = db.engine.raw_connection()
    connection = pooled.driver_connection
    pooled.detach()
    if not isinstance(connection, Connection):
        raise TypeError("claims need PostgreSQL")
    connection.autocommit = True
    for setting in _KEEPALIVE:
        connection.execute(f"SET {setting}".encode())
    return connection


def _key(group: str) -> int:
    digest = hashlib.sha256(f"taktline ingest {group}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
