"""A program that watches SQLite's own file calls while a spool is written and sent from.

It prints, in order, `write`, `sync` (of the write-ahead log) and `publish`. SQLite's file layer is wrapped
from outside, so the spool runs as it is. `python fsync_probe.py FOLDER full|off`.
"""

import ctypes
import sys
from pathlib import Path

from edge.commands import CommandDesk
from edge.gateway import GatewayIdentity, SpoolSettings, UplinkSettings, WindowSettings
from edge.node_session import Node, NodeSession, Traffic
from edge.reading import DeviceSpec, Reading, Scan
from edge.sending import Sending
from edge.spool import Spool
from edge.write_rules import Writing
from wire.clock import REAL_TIME
from wire.sparkplug import DataType

IS_WAL = 0x0008_0000  # SQLITE_OPEN_WAL
VFS_FUNCTIONS = (
    *("open", "delete", "access", "full_pathname", "dl_open", "dl_error", "dl_sym", "dl_close"),
    *("randomness", "sleep", "current_time", "last_error", "current_time_64"),
    *("set_call", "get_call", "next_call"),
)
FILE_FUNCTIONS = (
    *("close", "read", "write", "truncate", "sync", "file_size", "lock", "unlock", "check_lock", "control"),
    *("sector", "characteristics", "shm_map", "shm_lock", "shm_barrier", "shm_unmap", "fetch", "unfetch"),
)
OPEN = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p
)
WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64)
SYNC = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int)

events: list[str] = []
alive: list[object] = []  # what SQLite points to must not be collected


class Vfs(ctypes.Structure):
    _fields_ = (
        ("version", ctypes.c_int),
        ("file_size", ctypes.c_int),
        ("max_path", ctypes.c_int),
        ("next", ctypes.c_void_p),
        ("name", ctypes.c_char_p),
        ("app", ctypes.c_void_p),
        *[(name, ctypes.c_void_p) for name in VFS_FUNCTIONS],
    )


class Methods(ctypes.Structure):
    _fields_ = (("version", ctypes.c_int), *[(name, ctypes.c_void_p) for name in FILE_FUNCTIONS])


def pointer_to(callback: object) -> int | None:
    alive.append(callback)
    return ctypes.cast(callback, ctypes.c_void_p).value  # type: ignore[arg-type]


def watch(file: int) -> None:
    """Put calls of our own before the write and sync of an open file."""
    slot = ctypes.cast(file, ctypes.POINTER(ctypes.c_void_p))
    methods = Methods.from_buffer_copy(ctypes.string_at(slot[0] or 0, ctypes.sizeof(Methods)))
    write, sync = WRITE(methods.write), SYNC(methods.sync)

    def on_write(f: int, content: int, size: int, at: int) -> int:
        events.append("write")
        return int(write(f, content, size, at))

    def on_sync(f: int, flags: int) -> int:
        done = int(sync(f, flags))
        events.append("sync")
        return done

    methods.write, methods.sync = pointer_to(WRITE(on_write)), pointer_to(SYNC(on_sync))
    alive.extend((methods, write, sync))
    slot[0] = ctypes.addressof(methods)


def wrap_sqlite() -> None:
    sqlite = ctypes.CDLL("libsqlite3.so.0")
    sqlite.sqlite3_vfs_find.restype = ctypes.POINTER(Vfs)
    standard = sqlite.sqlite3_vfs_find(None)
    vfs = Vfs.from_buffer_copy(standard.contents)
    vfs.name, vfs.next = b"watched", None
    opened = OPEN(standard.contents.open)

    def on_open(own: int, name: int, file: int, flags: int, out: int) -> int:
        result = int(opened(own, name, file, flags, out))
        if result == 0 and flags & IS_WAL:
            watch(file)
        return result

    vfs.open = pointer_to(OPEN(on_open))
    alive.extend((vfs, opened))
    if sqlite.sqlite3_vfs_register(ctypes.byref(vfs), 1) != 0:
        raise SystemExit("SQLite takes no file layer")


class Link:
    """Takes what would go to the broker."""

    def publish(self, topic: str, _payload: bytes, _qos: int = 0) -> int:
        if "/DDATA/" in topic:
            events.append("publish")
        return 1

    def subscribe(self, topics: list[str]) -> None:
        pass


def main(folder: Path, synchronous: str) -> None:
    wrap_sqlite()
    device = DeviceSpec("press", {"good": DataType.INT64})
    spool = Spool(SpoolSettings(folder / "gw.spool"), GatewayIdentity("g", "n"), [device])
    if synchronous != "full":
        spool._file._db.execute(f"PRAGMA synchronous = {synchronous}")
    reader = spool.reader()
    sending = Sending(reader, WindowSettings(), spool.generation)
    node = Node(
        settings=UplinkSettings(waits_for_host=False),
        spool=spool,
        sending=sending,
        clock=REAL_TIME,
        present=lambda: frozenset({"press"}),
        traffic=Traffic(),
        desk=CommandDesk(spool, Writing(), REAL_TIME, lambda: None),
    )
    session = NodeSession(Link(), 0, node)  # type: ignore[arg-type]
    session.begin()
    events.clear()
    for number in range(20):
        spool.put(Scan("press", (Reading("press", "good", number, number),), (0, number)))
        session.advance()
        spool.flush()
        session.advance()
    reader.close()
    seen = list(events)
    spool.close()
    sys.stdout.write(" ".join(seen))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
