"""The spool's SQLite file: streams, entries, receipts, aliases; plain transactions, no threads."""

import fcntl
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

from edge.command_memory import SCHEMA as COMMANDS_SCHEMA
from edge.command_memory import CommandMemory
from edge.spool_opening import SpoolWrong, connected, usable
from wire.receipts import STREAM_BYTES, GapReason
from wire.sparkplug import DataType

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS node (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS streams (
    no INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL UNIQUE, receipted INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS devices (
    no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, observed_through_ms INTEGER);
CREATE TABLE IF NOT EXISTS aliases (
    alias INTEGER PRIMARY KEY AUTOINCREMENT, device TEXT NOT NULL, name TEXT NOT NULL,
    datatype INTEGER NOT NULL, retired INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS counts (
    device TEXT NOT NULL, tag TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (device, tag)) WITHOUT ROWID;
-- key = stream << 40 | position, so that one tree keeps all entries in the order they were written.
CREATE TABLE IF NOT EXISTS entries (
    key INTEGER PRIMARY KEY, first INTEGER NOT NULL, reason INTEGER, device INTEGER,
    written_ms INTEGER NOT NULL, content BLOB);
"""
_POSITION_BITS: Final = 40
POSITION_MASK: Final = (1 << _POSITION_BITS) - 1
_WAL_BYTES: Final = 16 << 20
_BD_SEQS: Final = 256


class TagAlias(NamedTuple):
    """A tag with the alias that stands for it for ever; the device is empty for a metric of the node."""

    alias: int
    device: str
    name: str
    datatype: DataType


class Held(NamedTuple):
    """How many batches, and the bytes of their content."""

    batches: int
    size: int


class Batch(NamedTuple):
    """Where a batch stands, its bytes, and the real time (ms) it was written."""

    stream_no: int
    position: int
    size: int
    written_ms: int


class Stream(NamedTuple):
    """A stream with the highest position receipted and the last one written."""

    no: int
    id: bytes
    receipted: int
    last: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A batch (metrics section in `content`) or, with a `reason`, a gap over `first … position`."""

    stream_no: int
    position: int
    first: int
    reason: GapReason | None
    device: str
    content: bytes

    @property
    def size(self) -> int:
        """Bytes that count against the window."""
        return len(self.content) + 64


def entry_key(stream_no: int, position: int) -> int:
    """Key of the entry that ends at `position` of a stream; keys sort as entries were written."""
    return stream_no << _POSITION_BITS | position


class SpoolFile:
    """The one writer of a spool's file; every method but `transaction` belongs inside a transaction.

    Parameters
    ----------
    path : Path
        The file; made when missing. A lock beside it keeps a second process out.
    group, node : str
        Whose spool it is; recorded at the first opening, checked at every later one.

    Raises
    ------
    SpoolWrong
        When another process holds the spool, it belongs to another node, or it cannot be read.
    """

    def __init__(self, path: Path, group: str, node: str) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as wrong:
            raise SpoolWrong(f"{path}: cannot open the spool: {wrong.strerror}") from wrong
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._db = connected(path)
        except (OSError, SpoolWrong) as wrong:
            os.close(self._lock)
            if isinstance(wrong, SpoolWrong):
                raise
            raise SpoolWrong(f"{path}: another process uses this spool") from wrong
        self.commands = CommandMemory(self._db)
        with usable(path, self.close):
            self._prepare(group, node)

    def _prepare(self, group: str, node: str) -> None:
        # FULL: a commit returns after the write-ahead log is on the disk; that is what "spooled" means.
        self._db.execute("PRAGMA synchronous = full")
        self._db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")
        # Some builds overwrite what is deleted with zeros: on a full disk that needs the room it is to make.
        self._db.execute("PRAGMA secure_delete = off")
        with self.transaction():
            for statement in (_SCHEMA + COMMANDS_SCHEMA).split(";"):
                self._db.execute(statement)
            owner = self._setting("owner")
            if owner is None:
                self._set("owner", f"{group}/{node}")
            elif owner != f"{group}/{node}":
                raise SpoolWrong(f"{self.path}: this spool belongs to {owner}, not to {group}/{node}")

    def write_back(self) -> None:
        """Write the write-ahead log back and cut it, as far as readers allow; outside any transaction."""
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._db.close()
        os.close(self._lock)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block in one transaction, durable when the block is left without an error."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    # ---- the node ----

    def _setting(self, key: str) -> str | int | None:
        row = self._db.execute("SELECT value FROM node WHERE key = ?", (key,)).fetchone()
        return None if row is None else row[0]

    def _set(self, key: str, value: str | int) -> None:
        self._db.execute("INSERT OR REPLACE INTO node VALUES (?, ?)", (key, value))

    def next_bd_seq(self) -> int:
        """Number of the next CONNECT (bdSeq): 0, 1, … 255, 0, across restarts."""
        last = self._setting("bd_seq")
        following = 0 if last is None else (int(last) + 1) % _BD_SEQS
        self._set("bd_seq", following)
        return following

    def generation(self) -> int:
        """Newest generation of the host seen so far, 0 before its first receipt."""
        return int(self._setting("generation") or 0)

    def renew(self, generation: int) -> None:
        """Take every receipt as zero because the host was restored: everything kept is offered again."""
        self._set("generation", generation)
        self._db.execute("UPDATE streams SET receipted = 0")

    def register(self, device: str, tags: Iterable[tuple[str, DataType]]) -> None:
        """Give every tag an alias; a tag whose datatype changed gets a new one, none is ever reused."""
        self._db.execute("INSERT OR IGNORE INTO devices (id) VALUES (?)", (device,))
        # One look for the whole device: a gateway of ten thousand tags starts in a second, not in five.
        rows = self._db.execute(
            "SELECT name, alias, datatype FROM aliases WHERE device = ? AND NOT retired", (device,)
        )
        known = {name: (alias, datatype) for name, alias, datatype in rows}
        for name, datatype in tags:
            row = known.get(name)
            if row is not None and row[1] == datatype:
                continue
            if row is not None:
                self._db.execute("UPDATE aliases SET retired = 1 WHERE alias = ?", (row[0],))
            self._db.execute(
                "INSERT INTO aliases (device, name, datatype) VALUES (?, ?, ?)", (device, name, int(datatype))
            )

    def aliases(self, *, retired: bool = False) -> list[TagAlias]:
        """Tags with their present aliases, or those retired by a change of datatype."""
        rows = self._db.execute(
            "SELECT alias, device, name, datatype FROM aliases WHERE retired = ? ORDER BY alias", (retired,)
        )
        return [TagAlias(alias, device, name, DataType(datatype)) for alias, device, name, datatype in rows]

    def devices(self) -> dict[str, tuple[int, int | None]]:
        """Number and last observed plant time (ms) of every device ever known here."""
        rows = self._db.execute("SELECT id, no, observed_through_ms FROM devices")
        return {device: (no, through_ms) for device, no, through_ms in rows}

    def mark_observed(self, device_no: int, through_ms: int) -> None:
        """Record up to when a device was observed."""
        self._db.execute("UPDATE devices SET observed_through_ms = ? WHERE no = ?", (through_ms, device_no))

    def keep_count(self, device: str, tag: str, count: int) -> None:
        """Record where a counter of the gateway's own stands."""
        self._db.execute("INSERT OR REPLACE INTO counts VALUES (?, ?, ?)", (device, tag, count))

    def counts(self) -> dict[tuple[str, str], int]:
        """Where the gateway's own counters stand, by device and tag."""
        return {(device, tag): count for device, tag, count in self._db.execute("SELECT * FROM counts")}

    # ---- streams and entries ----

    def open_stream(self) -> Stream:
        """A new stream with a random id for the entries to come; older ones that stayed empty are removed."""
        self._db.execute(
            "DELETE FROM streams WHERE NOT EXISTS"
            " (SELECT 1 FROM entries WHERE key > (no << 40) AND key < ((no + 1) << 40))"
        )
        stream_id = secrets.token_bytes(STREAM_BYTES)
        no = self._db.execute("INSERT INTO streams (id) VALUES (?)", (stream_id,)).lastrowid
        return Stream(int(no or 0), stream_id, 0, 0)

    def append(self, stream_no: int, position: int, device_no: int, written_ms: int, content: bytes) -> None:
        """Write a batch at `position`, the next of its stream."""
        self._db.execute(
            "INSERT INTO entries VALUES (?, ?, NULL, ?, ?, ?)",
            (entry_key(stream_no, position), position, device_no, written_ms, content),
        )

    def receipt(self, stream_no: int, position: int) -> Held:
        """Batches and bytes that became receipted: the host has stored the stream through `position`.

        An older receipt changes nothing.
        """
        (before,) = self._db.execute(
            "SELECT receipted FROM streams WHERE no = ?", (stream_no,)
        ).fetchone() or (position,)
        if position <= before:
            return Held(0, 0)
        self._db.execute("UPDATE streams SET receipted = ? WHERE no = ?", (position, stream_no))
        row = self._db.execute(
            "SELECT count(*), total(length(content)) FROM entries"
            " WHERE key BETWEEN ? AND ? AND reason IS NULL",
            (entry_key(stream_no, before + 1), entry_key(stream_no, position)),
        ).fetchone()
        return Held(row[0], int(row[1]))

    def lose(self, stream_no: int, position: int, reason: GapReason) -> None:
        """Replace the batch at `position` by a gap.

        The gap joins neighbours of the same reason on the same side of the receipt, so that gaps cost next to
        nothing. A position that holds no batch is left alone.
        """
        found = self._db.execute(
            "SELECT receipted FROM streams JOIN entries ON key = ? WHERE no = ? AND reason IS NULL",
            (entry_key(stream_no, position), stream_no),
        ).fetchone()
        if found is None:
            return
        first, last = position, position
        after = self._gap(stream_no, last, reason, found[0], "key > ? ORDER BY key")
        if after is not None and after[1] == last + 1:
            last = after[0]
        before = self._gap(stream_no, first, reason, found[0], "key < ? ORDER BY key DESC")
        if before is not None and before[0] == first - 1:
            first = before[1]
        (written_ms,) = self._db.execute(
            "SELECT written_ms FROM entries WHERE key = ?", (entry_key(stream_no, position),)
        ).fetchone()
        self._db.execute(
            "DELETE FROM entries WHERE key BETWEEN ? AND ?",
            (entry_key(stream_no, first), entry_key(stream_no, last)),
        )
        self._db.execute(
            "INSERT INTO entries VALUES (?, ?, ?, NULL, ?, NULL)",
            (entry_key(stream_no, last), first, int(reason), written_ms),
        )

    def _gap(
        self, stream_no: int, position: int, reason: GapReason, receipted: int, beside: str
    ) -> tuple[int, int] | None:
        """Position and first position of the entry beside `position`, if the two are one gap."""
        row = self._db.execute(
            f"SELECT key, first, reason FROM entries WHERE {beside} LIMIT 1",  # noqa: S608 - two constants
            (entry_key(stream_no, position),),
        ).fetchone()
        if row is None or row[0] >> _POSITION_BITS != stream_no or row[2] != reason:
            return None
        is_same_side = ((row[0] & POSITION_MASK) <= receipted) == (position <= receipted)
        return (row[0] & POSITION_MASK, row[1]) if is_same_side else None

    def held(self) -> tuple[Held, Held]:
        """Batches that wait for their receipt, and batches kept after it."""
        row = self._db.execute(
            "SELECT total(key > b), total((key > b) * length(content)), total(key <= b),"
            " total((key <= b) * length(content)) FROM (SELECT key, content, (no << 40) + receipted AS b"
            " FROM streams JOIN entries ON key > (no << 40) AND key < ((no + 1) << 40) WHERE reason IS NULL)"
        ).fetchone()
        return Held(int(row[0]), int(row[1])), Held(int(row[2]), int(row[3]))

    def oldest_waiting(self, limit: int) -> list[Batch]:
        """At most `limit` batches without a receipt, oldest first."""
        return self._batches("key > (no << 40) + receipted AND key < ((no + 1) << 40)", limit)

    def newest_waiting(self, limit: int) -> list[Batch]:
        """At most `limit` batches without a receipt, newest first."""
        return self._batches("key > (no << 40) + receipted AND key < ((no + 1) << 40)", limit, "DESC")

    def waiting_after(
        self, after: int, span_ms: tuple[int, int], limit: int
    ) -> list[tuple[int, Batch, int, bytes]]:
        """At most `limit` batches without a receipt with keys beyond `after`, oldest first.

        Those written within `[span_ms[0], span_ms[1])`; each with its key, device number and content.
        """
        rows = self._db.execute(
            "SELECT key, no, key & ((1 << 40) - 1), length(content), written_ms, device, content"
            " FROM streams CROSS JOIN entries ON key > max((no << 40) + receipted, ?)"
            " AND key < ((no + 1) << 40) WHERE reason IS NULL AND no >= ? >> 40 AND written_ms >= ?"
            " ORDER BY no, key LIMIT ?",
            (after, after, span_ms[0], limit),
        )
        return [
            (key, Batch(no, position, size, written_ms), device, content)
            for key, no, position, size, written_ms, device, content in takewhile(
                lambda row: row[4] < span_ms[1], rows
            )
        ]

    def append_gap(self, stream_no: int, position: int, written_ms: int, reason: GapReason) -> None:
        """Write a gap at `position`, the next of its stream, for what never became a batch."""
        self._db.execute(
            "INSERT INTO entries VALUES (?, ?, ?, NULL, ?, NULL)",
            (entry_key(stream_no, position), position, int(reason), written_ms),
        )

    def oldest_kept(self, limit: int) -> list[Batch]:
        """At most `limit` batches kept after their receipt, oldest first."""
        return self._batches("key > (no << 40) AND key <= (no << 40) + receipted", limit)

    def _batches(self, side: str, limit: int, order: str = "") -> list[Batch]:
        rows = self._db.execute(
            "SELECT no, key & ((1 << 40) - 1), length(content), written_ms"  # noqa: S608 - constants
            f" FROM streams CROSS JOIN entries ON {side} WHERE reason IS NULL"
            f" ORDER BY no {order}, key {order} LIMIT ?",
            (limit,),
        )
        return [Batch(*row) for row in rows]
