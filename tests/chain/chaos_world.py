"""A gateway, a broker and a cloud as real programs, a device with a ledger, and every way to hurt them."""

import asyncio
import contextlib
import resource
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from faulty_link import FaultyLink

from cloud.db import Database, migrate
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import AuditRow
from edge.spool_reader import SpooledPoint, SpoolReader, read_all_points
from taktline.broker import broker_program
from taktline.programs import Program, answers, free_port, wait_until

ROOT = Path(__file__).resolve().parents[2]
INGEST = ROOT / "tests" / "cloud" / "ingest" / "ingest_program.py"
EVERY_S = 0.02
JUMPS_MS = (-36_000_000, -60_000, -1_000, 1_000, 60_000, 36_000_000)
CONFIG = """
[gateway]
group = "suzhou"
node = "gw-chaos"

[uplink]
port = {broker}

[spool]
path = "gw.spool"
commit_s = 0.05

[[device]]
id = "COUNTER"
driver = "serial_sensor"
endpoint = "127.0.0.1:{source}"
framing = {{ type = "delimited", separator = ";", columns = ["clock", "n"] }}
time = {{ field = "clock", form = "unix_ms" }}

[[device.tag]]
name = "n"
datatype = "Int64"
"""


class Counter:
    """A device that says 1, 2, 3, … to whoever listens, with times of its own clock."""

    def __init__(self) -> None:
        self.said = 0
        self.ahead_ms = 0
        self._ends: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(listening, self._loop).result(60)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        with contextlib.suppress(OSError):
            while not writer.is_closing():
                self.said += 1
                clock_ms = time.time_ns() // 1_000_000 + self.ahead_ms
                writer.write(f"{clock_ms};{self.said}\r\n".encode())
                await writer.drain()
                await asyncio.sleep(EVERY_S)
        self._ends.discard(writer)

    def reset(self) -> None:
        """Cut whoever listens; they come again."""
        self._loop.call_soon_threadsafe(lambda: [end.transport.abort() for end in list(self._ends)])

    def close(self) -> None:
        """End the device."""

        async def end() -> None:
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(end(), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class ChaosWorld:
    """The chain from the device to the store, with `faults` by name; each fault is ended by `heal`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.counter = Counter()
        port = free_port()
        self.broker = broker_program(folder / "broker", port)
        self._broker_port = port
        self.link = FaultyLink(port)
        self.spool = folder / "gw.spool"
        (folder / "gw.toml").write_text(CONFIG.format(broker=self.link.port, source=self.counter.port))
        # A compiled module that a full disk cuts short would stay, and break every later import of it.
        env = {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        edge = [sys.executable, "-m", "edge", "run", str(folder / "gw.toml")]
        self.edge = Program("gateway", edge, env, folder / "edge.log")
        cloud = [sys.executable, str(INGEST), str(folder / "cloud"), str(port)]
        self.cloud = Program("cloud", cloud, env, folder / "cloud.log")
        self.faults: Mapping[str, Callable[[float], None]] = {
            "stall": lambda _: self.link.stall(),
            "black hole": lambda _: self.link.black_hole(),
            "reset": lambda _: self.link.reset(),
            "half-open": lambda _: self.link.half_open(),
            "refused": lambda _: self.link.refuse(),
            "latency": lambda dice: self.link.delay(0.05 + dice / 5),
            "device reset": lambda _: self.counter.reset(),
            "device clock jumps": self._jump,
            "edge disk full": lambda _: _fill_disk(self.edge),
            "cloud disk full": lambda _: _fill_disk(self.cloud),
            "edge killed": lambda _: self.edge.kill(),
            "cloud killed": lambda _: self.cloud.kill(),
            "broker killed": lambda _: self.broker.kill(),
        }

    def start(self) -> None:
        """Everything runs and the first readings are stored."""
        (self.folder / "cloud").mkdir()
        db = Database(f"sqlite:///{self.folder / 'cloud' / 'taktline.db'}")
        migrate(db)
        db.dispose()
        self.heal()
        self.broker.expect(lambda: answers(self._broker_port), 30, "listening")
        self.edge.expect(lambda: self.receipted() > 0, 60, "a receipt of the cloud")

    def heal(self) -> None:
        """Whatever was broken works again; who died is started."""
        self.link.heal()
        for program in (self.broker, self.cloud, self.edge):
            if not program.alive:
                program.start()
            else:
                _free_disk(program)

    def _jump(self, dice: float) -> None:
        self.counter.ahead_ms = JUMPS_MS[int(dice * len(JUMPS_MS))]

    def receipted(self) -> int:
        """Batches that the cloud has receipted, over all streams."""
        return sum(receipted for _, receipted, _ in self._streams())

    def is_drained(self, until: Mapping[str, int]) -> bool:
        """Whether the cloud has receipted each stream up to a position."""
        now = {stream: receipted for stream, receipted, _ in self._streams()}
        return all(now.get(stream, 0) >= position for stream, position in until.items())

    def spooled(self) -> dict[str, int]:
        """The last position of each stream."""
        return {stream: last for stream, _, last in self._streams()}

    def _streams(self) -> list[tuple[str, int, int]]:
        if not self.spool.exists():
            return []
        try:
            reader = SpoolReader(self.spool)
        except sqlite3.Error:
            return []
        try:
            return [(found.id.hex(), found.receipted, found.last) for found in reader.streams()]
        except sqlite3.Error:  # not yet made, or busy: the next look will tell
            return []
        finally:
            reader.close()

    def judged(self) -> tuple[list[SpooledPoint], list[AuditRow]]:
        """What was spooled and what is stored, after both sides have ended: nothing moves any more."""
        assert self.edge.stop(30), self.edge.tail()
        assert self.cloud.stop(30), self.cloud.tail()
        store = DuckDBStore(self.folder / "cloud" / "points.duckdb")
        stored: list[AuditRow] = []
        after: int | None = 0
        while after is not None:
            page = store.audit(after, 10_000)
            stored += page.rows
            after = page.next
        store.close()
        return list(read_all_points(self.spool)), stored

    def close(self) -> None:
        """End every program, the link and the device."""
        for program in (self.edge, self.cloud, self.broker):
            program.kill()
        self.link.close()
        self.counter.close()


@contextmanager
def chaos_world(folder: Path) -> Iterator[ChaosWorld]:
    """A running world; everything it started has ended afterwards."""
    world = ChaosWorld(folder)
    try:
        world.start()
        yield world
    finally:
        world.close()


def settled(world: ChaosWorld, timeout_s: float) -> dict[str, int]:
    """Positions up to which all that was spooled by now is receipted.

    Raises
    ------
    AssertionError
        When it was not within `timeout_s`; names what is missing and shows the ends of the logs.
    """
    world.heal()
    until = world.spooled()

    def is_drained() -> bool:
        world.heal()  # as systemd does: a program that found its disk full while it started, ended
        return world.is_drained(until)

    drained = wait_until(is_drained, timeout_s, every_s=0.2)
    logs = f"\n--- edge\n{world.edge.tail()}\n--- cloud\n{world.cloud.tail()}"
    assert drained, f"{until} is not receipted: {world._streams()}{logs}"
    return until


def lasts(seconds: float) -> None:
    """Let a fault last; nothing is waited for."""
    threading.Event().wait(seconds)


def _fill_disk(program: Program) -> None:
    """No file of the program can be written beyond its first page: a full disk, without filling this one."""
    if program.pid is not None:
        _limit(program.pid, 4096)


def _free_disk(program: Program) -> None:
    if program.pid is not None:
        _limit(program.pid, resource.RLIM_INFINITY)


def _limit(pid: int, size: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
