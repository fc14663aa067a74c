"""The receipts model's world: real spool, sending and stream gate, a net that fails, random schedules."""

import copy
import math
import random
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.gateway import GatewayIdentity, SpoolSettings, WhenFull, WindowSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.sending import Sending
from edge.spool import Spool
from edge.spool_file import Stream
from edge.spool_reader import read_all_points
from wire.receipts import BatchHeader, Receipt
from wire.sparkplug import DataType, decode
from wire.stream_gate import StreamGate

GATEWAY = GatewayIdentity("plant", "gateway")
DEVICE = DeviceSpec("press", {"number": DataType.INT64})
NEVER_S = 1e9
BATCH_BYTES = 90
SEEDS = 40
Key = tuple[bytes, int]


class Net:
    """Two queues of bytes that lose, double and reorder."""

    def __init__(self) -> None:
        self.up: list[tuple[bytes, bytes]] = []
        self.down: list[str] = []

    def forget(self) -> None:
        self.up.clear()
        self.down.clear()


class Edge:
    """The real spool and the real sending, with a crash that keeps only what is on the disk."""

    kind: type[Sending] = Sending

    def __init__(self, folder: Path, bound: int, rng: random.Random) -> None:
        self.folder, self.rng, self.bound = folder, rng, bound
        self.when_full: WhenFull = rng.choice(["oldest", "newest", "thin"])
        self.lives, self.numbers = 0, 0
        self.produced: dict[Key, int] = {}
        self.connected = False
        self.path = folder / "life0.spool"
        self.open()

    def open(self) -> None:
        settings = SpoolSettings(
            self.path,
            commit_s=NEVER_S,
            max_bytes=self.bound * BATCH_BYTES,
            when_full=self.when_full,
            keep_after_receipt_s=-1.0,
        )
        self.spool = Spool(settings, GATEWAY, [DEVICE])
        self.spool._forget_at_s = math.inf
        self.produce()
        self.spool.flush()  # from now on it commits only when told to
        self.produced[self.spool.live.id, self.spool.live.last] = self.numbers
        self.reader = self.spool.reader()
        window = WindowSettings(max_entries=6, max_bytes=6 * BATCH_BYTES, go_back_s=0.0, silence_s=NEVER_S)
        self.sending = self.kind(self.reader, window, self.spool.generation)

    def produce(self) -> None:
        self.numbers += 1
        reading = Reading("press", "number", 1000 + self.numbers, self.numbers)
        assert self.spool.put(Scan("press", (reading,)))

    def commit(self) -> None:
        before = self.spool.live
        first = self.numbers - len(self.spool._scans) + 1
        waiting = len(self.spool._scans)
        owes = bool(self.spool._latest.owed)
        self.spool.flush()
        after = self.spool.live
        assert after.last - before.last == (1 if waiting else 0) or owes
        self.note(before, first, owes=owes)
        self.sending.extended(after)

    def note(self, before: Stream, first: int, *, owes: bool) -> None:
        """What was written after `before`; a value that was dropped while it was the newest is said again."""
        live = self.spool.live
        start = before.last if live.id == before.id else 0
        numbers = dict.fromkeys(range(start + 1, live.last + 1), first)
        for entry in self.reader.entries(live.no, start, 100):
            if entry.reason is None:
                (metric,) = decode(entry.content).metrics[:1]
                assert metric.value == first or owes
                assert isinstance(metric.value, int)
                numbers[entry.position] = metric.value
        self.produced.update({(live.id, position): number for position, number in numbers.items()})

    def forget(self) -> None:
        self.spool._forget_at_s = 0.0
        self.commit()
        self.spool._forget_at_s = math.inf

    def connect(self) -> None:
        self.commit()
        before, owes = self.spool.live, bool(self.spool._latest.owed)
        self.sending.connected(self.spool.open_stream())
        self.note(before, self.numbers, owes=owes)
        self.connected = True

    def crash(self) -> None:
        """What a kill leaves: the files as they are, nothing of what waited for a commit."""
        self.lives += 1
        path = self.folder / f"life{self.lives}.spool"
        for end in ("", "-wal"):
            if (file := self.path.with_name(self.path.name + end)).exists():
                shutil.copy(file, path.with_name(path.name + end))
        self.close()
        self.path, self.connected = path, False
        self.open()

    def close(self) -> None:
        self.reader.close()
        self.spool.close()

    def send(self, net: Net, now_s: float) -> None:
        if not self.connected:
            return
        for out in self.sending.due(now_s):
            net.up.append((out.header.to_bytes(), out.entry.content))
            if self.rng.random() < 0.5:
                break

    def hear_nothing(self) -> None:
        self.sending.went_silent(math.inf)

    def receive(self, text: str, now_s: float) -> None:
        if not self.connected:
            return
        effect = self.sending.receipt(Receipt.parse(text), now_s)
        if effect.renewed is not None:
            self.spool.renewed(effect.renewed)
        if effect.stored is not None:
            self.spool.receipted(*effect.stored)
        if effect.unstorable is not None:
            self.spool.unstorable(*effect.unstorable)


@dataclass
class Store:
    """What the host has committed."""

    stored: dict[Key, int] = field(default_factory=dict)
    through: dict[bytes, int] = field(default_factory=dict)
    gaps: list[tuple[bytes, int, int]] = field(default_factory=list)


class Host:
    """A store in memory behind the real stream gates."""

    gate: Callable[[int], StreamGate[bytes]] = staticmethod(lambda w: StreamGate(w, hold_s=0.0, held_max=8))

    def __init__(self) -> None:
        self.store, self.backup, self.generation = Store(), Store(), 1
        self.crash()

    def crash(self) -> None:
        self.gates: dict[bytes, StreamGate[bytes]] = {}
        self.staged: list[tuple[BatchHeader, int, bytes]] = []

    def say(self, stream: bytes, net: Net) -> None:
        net.down.append(str(Receipt("h", self.generation, stream, self.store.through.get(stream, 0))))

    def receive(self, message: tuple[bytes, bytes], net: Net, now_s: float) -> None:
        header = BatchHeader.from_body(message[0])
        assert header is not None
        stream = header.stream
        if stream not in self.gates:
            self.gates[stream] = self.gate(self.store.through.get(stream, 0))
        verdict = self.gates[stream].offer(header, message[1], now_s)
        self.staged += [(entry.header, entry.first, entry.item) for entry in verdict.accepted]
        if verdict.repeat_receipt:
            self.say(stream, net)

    def commit(self, net: Net, *, fails: bool = False) -> None:
        if fails:
            self.staged.clear()
            for gate in self.gates.values():
                gate.rolled_back()
            return
        for header, first, content in self.staged:
            key = (header.stream, header.position)
            assert key not in self.store.stored, "stored twice"
            assert first == self.store.through.get(header.stream, 0) + 1, "a position was skipped"
            if header.is_gap:
                self.store.gaps.append((header.stream, first, header.position))
            else:
                assert first == header.position
                (metric,) = decode(content).metrics[:1]
                assert isinstance(metric.value, int)
                self.store.stored[key] = metric.value
            self.store.through[header.stream] = header.position
        touched = {header.stream for header, _, _ in self.staged}
        self.staged.clear()
        for stream in touched:
            self.gates[stream].committed()
            self.say(stream, net)

    def reorder_timeout(self, net: Net) -> None:
        for stream, gate in self.gates.items():
            if gate.expired(math.inf):
                self.say(stream, net)

    def restore(self) -> None:
        self.store = copy.deepcopy(self.backup)
        self.generation += 1
        self.crash()


class Schedule:
    """One random run."""

    NAMES = (
        ["produce"] * 6
        + ["spool"] * 4
        + ["send"] * 8
        + ["up"] * 12
        + ["down"] * 6
        + ["commit"] * 4
        + ["silence", "reorder", "connect", "forget"]
    )
    RARE = ("edge_crash", "host_crash", "host_fails", "broker", "backup", "restore")

    def __init__(self, seed: int, folder: Path, *, restores: bool, forgets: bool, host: Host) -> None:
        self.rng = random.Random(seed)
        self.edge = Edge(folder, self.rng.choice([5, 12, 10**6]), self.rng)
        self.host, self.net, self.now_s = host, Net(), 0.0
        self.restores, self.forgets, self.restored = restores, forgets, False

    def run(self, steps: int) -> None:
        for _ in range(steps):
            names = self.RARE if self.rng.random() < 0.03 else self.NAMES
            self.act(self.rng.choice(names), faulty=True)
        self.come_to_rest()
        self.judge()

    def deliver(self, queue: list[Any], sink: Callable[[Any], None], *, faulty: bool) -> None:
        if not queue:
            return
        late = faulty and self.rng.random() < 0.2
        index = self.rng.randrange(len(queue)) if late else 0
        doubled = faulty and self.rng.random() < 0.15
        message = queue[index] if doubled else queue.pop(index)
        if not (faulty and self.rng.random() < 0.15):
            sink(message)

    def act(self, name: str, *, faulty: bool) -> None:
        self.now_s += 0.1
        edge, host, net, now_s = self.edge, self.host, self.net, self.now_s
        acts: dict[str, Callable[[], None]] = {
            "produce": edge.produce,
            "spool": edge.commit,
            "send": lambda: edge.send(net, now_s),
            "up": lambda: self.deliver(net.up, lambda m: host.receive(m, net, now_s), faulty=faulty),
            "down": lambda: self.deliver(net.down, lambda text: edge.receive(text, now_s), faulty=faulty),
            "commit": lambda: host.commit(net),
            "silence": edge.hear_nothing,
            "reorder": lambda: host.reorder_timeout(net),
            "connect": edge.connect,
            "forget": edge.forget if self.forgets else edge.commit,
            "edge_crash": edge.crash,
            "host_crash": host.crash,
            "host_fails": lambda: host.commit(net, fails=True),
            "broker": net.forget,
            "backup": lambda: setattr(host, "backup", copy.deepcopy(host.store)),
            "restore": self.restore if self.restores else host.crash,
        }
        acts[name]()

    def restore(self) -> None:
        self.host.restore()
        self.restored = True

    def come_to_rest(self) -> None:
        edge, host, net = self.edge, self.host, self.net
        if not edge.connected:
            edge.connect()
        for turn in range(4000):
            for name in ("spool", "send", "up", "commit", "down"):
                self.act(name, faulty=False)
            knows = not self.restored or edge.sending._generation == host.generation
            if edge.sending.is_drained and knows and not net.up and not net.down:
                return
            if turn % 40 == 39:
                self.act("reorder", faulty=False)
                self.act("silence", faulty=False)
            if not knows and turn % 40 == 20:
                self.act("produce", faulty=False)  # life goes on, so the host speaks again
        raise AssertionError("never at rest")

    def judge(self) -> None:
        store = self.host.store
        in_gap = {(s, p) for s, first, last in store.gaps for p in range(first, last + 1)}
        for key, number in self.edge.produced.items():
            assert store.stored.get(key, number) == number, "wrong content"
            assert (key in store.stored) != (key in in_gap), (
                f"lost in silence, or stored and called lost: {key}"
            )
        assert set(store.stored) <= set(self.edge.produced)
        held = {(bytes.fromhex(point.stream), point.position) for point in read_all_points(self.edge.path)}
        assert held <= set(self.edge.produced)


def drive(
    seed: int, folder: Path, host: Host, *, restores: bool, forgets: bool, steps: int = 400
) -> Schedule:
    schedule = Schedule(seed, folder, restores=restores, forgets=forgets, host=host)
    try:
        schedule.run(steps)
    except AssertionError as violated:
        raise AssertionError(f"seed {seed}: {violated}") from violated
    finally:
        schedule.edge.close()
    return schedule
