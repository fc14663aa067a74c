"""The opening of a spool's file: what can be wrong with it is said in one sentence."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class SpoolWrong(RuntimeError):
    """The spool's file cannot be used; the message says which and why."""


def connected(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """Connection to the spool's file that any one thread at a time may use.

    Raises
    ------
    SpoolWrong
        When the file cannot be opened.
    """
    try:
        db = sqlite3.connect(
            f"{path.resolve().as_uri()}{'?mode=ro' if read_only else ''}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=10.0,
        )
        db.execute("PRAGMA query_only = on" if read_only else "PRAGMA journal_mode = wal").fetchone()
    except sqlite3.Error as wrong:
        raise SpoolWrong(f"{path}: cannot open the spool: {wrong}") from wrong
    return db


@contextmanager
def usable(path: Path, close: Callable[[], None]) -> Iterator[None]:
    """Call `close` when the block, part of the opening of `path`, cannot use it.

    Raises
    ------
    SpoolWrong
        With the file and the reason: the disk is full or broken, or the file is no spool.
    """
    try:
        yield
    except sqlite3.OperationalError as wrong:
        close()
        raise SpoolWrong(f"{path}: cannot write the spool: {wrong}") from wrong
    except sqlite3.Error as wrong:
        close()
        raise SpoolWrong(f"{path}: not a spool: {wrong}") from wrong
    except SpoolWrong:
        close()
        raise
