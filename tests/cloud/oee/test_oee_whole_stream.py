"""A stream shuffled, doubled, delayed and reset on the wire gives the OEE of the clean one, to 1e-9.

From the bytes of Sparkplug messages through decoding, gates, store, derivation and reactions to the kept
totals; cloud and gateway are started anew in between. `test_oee_disorder` does more, from facts on.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from shutil import copyfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from cloud.app import REACTIONS
from cloud.customers.tables import Customer
from cloud.db import Database
from cloud.ingest.arrival import Arrival, Block
from cloud.ingest.bad_input import BadInputLog
from cloud.ingest.derive import Deriver
from cloud.ingest.host import Host
from cloud.ingest.rows import meanings_of
from cloud.oee import queries
from cloud.oee.actions import TotalsKeeper
from cloud.orders.actions import enter_order
from cloud.orders.schemas import OrderIn, OrderLineIn
from cloud.outbox import dispatch
from cloud.plant import queries as plant
from cloud.plant.schemas import iso
from cloud.production.actions import release_work_order
from cloud.production.schemas import WorkOrderIn
from cloud.timeseries.duckdb import DuckDBStore
from cloud.timeseries.store import StreamKey
from wire.clock import PlantClock
from wire.receipts import REBIRTH, STORED_THROUGH, BatchHeader
from wire.session import BD_SEQ
from wire.sparkplug import DataType, Metric, Payload, encode

HOUR = 3_600_000
START = 1_772_409_600_000  # 2026-03-02T08:00+08:00: an early, a late and a night shift
END = START + 24 * HOUR
MACHINE, NODE = "L1-OP10", "suzhou/gw-l1"
CLOCK = PlantClock(datetime.fromtimestamp(END / 1000 + 3600, UTC), datetime.now(UTC) + timedelta(days=1), 60)
TYPES = {
    "state": DataType.INT32,
    "reason": DataType.INT32,
    "job": DataType.INT64,
    "good": DataType.INT64,
    "reject": DataType.INT64,
    "observed_since": DataType.DATETIME,
}
PACE = {"state": HOUR // 3, "reason": HOUR, "job": 4 * HOUR, "good": HOUR // 4, "reject": HOUR // 2}
SAID = {"state": range(1, 8), "reason": (0, 101, 201), "job": (0, 110, 210)}
Row = tuple[str, int, int]  # metric, time, value
Message = tuple[str, bytes]
Fresh = Callable[[], AbstractContextManager[Database]]


def rows_of(random: Random) -> list[Row]:
    """What a machine says over three shifts in time order; its counters restart and step back at times."""
    rows: list[Row] = []
    for kind, mean_ms in PACE.items():
        at, value = START, random.randrange(50, 300)
        while at < END:
            dice = random.random()
            if kind not in SAID:
                fallen = 0 if dice < 0.03 else max(value - random.randrange(3), 0)
                value = fallen if dice < 0.1 else value + random.randrange(6)
            rows.append((kind, at, value if kind not in SAID else random.choice(SAID[kind])))
            at += 1 + random.randrange(2 * mean_ms)
    rows += [("observed_since", until, START) for until in range(START + HOUR, END + 1, HOUR)]
    return sorted(rows, key=lambda row: row[1])


class Gateway:
    """The messages of one gateway with two streams, as it sends them: each with the next sequence number."""

    def __init__(self, streams: dict[bytes, list[list[Row]]]) -> None:
        self.streams = streams
        self._seq = count(0)

    def births(self) -> list[Message]:
        """What it says first in a session."""
        self._seq = count(0)
        node = (
            Metric(BD_SEQ, None, START, DataType.INT64, 0),
            Metric(REBIRTH, None, START, DataType.BOOLEAN, value=False),
            Metric(STORED_THROUGH, 0, START, DataType.STRING, None, is_null=True),
        )
        device = tuple(
            Metric(name, alias, START, kind, None, is_null=True)
            for alias, (name, kind) in enumerate(TYPES.items(), 1)
        )
        return [self._message("NBIRTH", node), self._message("DBIRTH", device)]

    def batch(self, stream: bytes, position: int) -> Message:
        """A batch of a stream, positions from 1."""
        aliases = {name: alias for alias, name in enumerate(TYPES, 1)}
        metrics = tuple(
            Metric(None, aliases[name], at, TYPES[name], value)
            for name, at, value in self.streams[stream][position - 1]
        )
        return self._message("DDATA", metrics, BatchHeader(stream, position - 1, position).to_bytes())

    def _message(self, kind: str, metrics: tuple[Metric, ...], body: bytes | None = None) -> Message:
        group, node = NODE.split("/")
        device = "" if kind.startswith("N") else f"/{MACHINE}"
        payload = encode(Payload(END, next(self._seq) % 256, metrics, body))
        return f"spBv1.0/{group}/{kind}/{node}{device}", payload


class Cloud:
    """Ingestion without a network, its store and what listens to it; may be started anew at any time."""

    def __init__(self, db: Database, file: Path) -> None:
        self.db, self.file = db, file
        self._seconds = count(1)
        self._open()

    def _open(self) -> None:
        self.store = DuckDBStore(self.file)
        with self.db.read() as session:
            bindings = plant.binding_versions(session)
        self.host = Host("taktline", self.store, CLOCK, BadInputLog())
        self.store.rebind(meanings_of(bindings))
        self.host.book.bind(meanings_of(bindings))
        self.deriver = Deriver(self.db, self.store, lambda: bindings, BadInputLog())

    def restart(self) -> None:
        """What was not committed is gone."""
        self.store.close()
        self._open()

    def take(self, messages: list[Message]) -> None:
        """Messages arrive together and are committed."""
        arrived: deque[Arrival | Block] = deque(Arrival(*message, END) for message in messages)
        while arrived:
            self.host.receive_all(arrived, float(next(self._seconds)))
        if not self.host.staged.is_empty():
            self.store.append(self.host.take())
            self.host.committed()

    def conclude(self) -> None:
        """Everything that is stored has become facts, and those the totals of shifts."""
        while self.deriver.step():
            pass
        while dispatch(self.db, REACTIONS):
            pass
        TotalsKeeper(self.db, CLOCK).settle()

    def stored(self, stream: bytes) -> int:
        return self.store.watermarks().get(StreamKey(NODE, stream.hex()), 0)


def figures(db: Database) -> Any:
    """The kept figures of the three shifts, and that they are those of the facts."""
    asked = (f"machine:{MACHINE}", (START, END))
    with db.read() as session:
        kept = queries.oee_by(session, *asked, "shift", END + HOUR)
        anew = queries.oee(session, *asked, END + HOUR).figure.model_dump()
    assert kept.provenance.reckoned == 0
    assert len(kept.groups) == 3
    assert kept.figure.losses.model_dump() == pytest.approx(anew["losses"], abs=1e-6)
    return [dict(flat(each.figure.model_dump())) for each in kept.groups]


def flat(figure: dict[str, Any], within: str = "") -> Iterator[tuple[str, Any]]:
    """Everything that a figure says, by its path."""
    for name, value in figure.items():
        if isinstance(value, dict):
            yield from flat(value, f"{within}{name}.")
        else:
            yield f"{within}{name}", value


def chunks(rows: list[Row], random: Random) -> list[list[Row]]:
    """Rows as batches of up to eight."""
    found, rest = [], deque(rows)
    while rest:
        found.append([rest.popleft() for _ in range(min(len(rest), random.randrange(1, 9)))])
    return found


def play_clean(cloud: Cloud, rows: list[Row]) -> None:
    stream = b"c" * 16
    gateway = Gateway({stream: [rows[at : at + 8] for at in range(0, len(rows), 8)]})
    cloud.take(gateway.births())
    cloud.take([gateway.batch(stream, position) for position in range(1, len(gateway.streams[stream]) + 1)])
    cloud.conclude()


def play_disturbed(cloud: Cloud, rows: list[Row], random: Random) -> None:
    """Two streams, their readings in any order, a quarter in both; batches lost, swapped, doubled."""
    mixed = [*rows, *random.sample(rows, len(rows) // 4)]
    random.shuffle(mixed)
    cut = random.randrange(1, len(mixed))
    live, backlog = b"l" * 16, b"h" * 16
    gateway = Gateway({live: chunks(mixed[:cut], random), backlog: chunks(mixed[cut:], random)})
    cloud.take(gateway.births())
    for _ in range(random.randrange(15, 30)):
        stream = random.choice((live, backlog))
        first = cloud.stored(stream) + 1
        last = min(first + random.randrange(4), len(gateway.streams[stream]))
        sent = [gateway.batch(stream, position) for position in range(max(1, first - 2), last + 1)]
        for _ in range(random.randrange(3)):
            if len(sent) > 1:
                at = random.randrange(len(sent) - 1)
                sent[at], sent[at + 1] = sent[at + 1], sent[at]
        if random.random() < 0.2:
            del sent[random.randrange(len(sent))]  # lost on the way; its sequence number is missing, too
        cloud.take(sent)
        dice = random.random()
        if dice < 0.15:
            cloud.conclude()  # what was concluded without the rest must not stay
        elif dice < 0.25:
            cloud.restart()
            cloud.take(gateway.births())
        elif dice < 0.35:
            cloud.take(gateway.births())
    cloud.take(gateway.births())
    for stream, batches in gateway.streams.items():
        while (first := cloud.stored(stream) + 1) <= len(batches):
            cloud.take([gateway.batch(stream, position) for position in range(first, len(batches) + 1)])
    cloud.conclude()


def release(db: Database) -> None:
    """Work orders 1 and 2 for two products of the machine's line, so that its jobs have ideal cycles."""
    with db.write() as session:
        made = [each.id for each in plant.products(session).values() if each.line == "L1"][:2]
        customer = session.scalars(select(Customer.id)).first()
        lines = [
            OrderLineIn(line=line, product=product, quantity=Decimal(500), due=iso(END))
            for line, product in enumerate(made, 1)
        ]
        enter_order(session, OrderIn(number="SO-1", customer=customer or "", lines=lines), "test", START)
        for line in range(1, len(made) + 1):
            wanted = WorkOrderIn(number=line, order="SO-1", line=line, quantity=Decimal(500))
            release_work_order(session, wanted, "test", START)


@pytest.fixture(params=["sqlite", "postgresql"])
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Fresh:
    """A new database with the demo plant, as often as asked."""
    number = count()

    @contextmanager
    def on_sqlite() -> Iterator[Database]:
        file = tmp_path / f"{next(number)}.db"
        copyfile(request.getfixturevalue("plant_file_db"), file)
        database = Database(f"sqlite:///{file}")
        yield database
        database.dispose()

    @contextmanager
    def on_postgresql() -> Iterator[Database]:
        copy = request.getfixturevalue("postgres_copy")
        with copy(request.getfixturevalue("plant_postgres")) as url:
            database = Database(url)
            yield database
            database.dispose()

    return on_sqlite if request.param == "sqlite" else on_postgresql


@contextmanager
def played(fresh: Fresh, file: Path) -> Iterator[Cloud]:
    with fresh() as db:
        release(db)
        cloud = Cloud(db, file)
        yield cloud
        cloud.store.close()


@pytest.mark.slow
@pytest.mark.timeout(600)  # two clouds play a day; under load each of their commits waits
@settings(
    max_examples=2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 10**9))
def test_a_disturbed_stream_gives_the_oee_of_the_clean_one(fresh: Fresh, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    rows = rows_of(random)
    with played(fresh, tmp_path / f"clean-{seed}.duckdb") as cloud:
        play_clean(cloud, rows)
        clean = figures(cloud.db)
    with played(fresh, tmp_path / f"disturbed-{seed}.duckdb") as cloud:
        play_disturbed(cloud, rows, random)
        disturbed = figures(cloud.db)
    assert any(each["good"] and each["oee"] for each in clean), "nothing was made in any shift"
    for ours, theirs in zip(disturbed, clean, strict=True):
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            same = pytest.approx(value, abs=1e-9) if isinstance(value, float) else value
            assert ours[name] == same, name
