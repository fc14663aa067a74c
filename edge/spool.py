"""The spool: what drivers saw becomes durable here, in commits of many, before anything is sent."""

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import structlog

from edge.gateway import GatewayIdentity, SpoolSettings
from edge.reading import DeviceSpec, Scan
from edge.spool_batches import Committed, Draft, Tags, write_scans
from edge.spool_bounds import SpoolCounts, within_bytes, without_old
from edge.spool_file import SpoolFile, SpoolWrong, Stream, TagAlias
from edge.spool_reader import SpoolReader
from wire.clock import real_ms
from wire.coverage import OBSERVED_SINCE
from wire.receipts import STORED_THROUGH, GapReason
from wire.sparkplug import DataType

T = TypeVar("T")
log = structlog.get_logger(__name__)

_RETRY_S: Final = 1.0
_SOON_S: Final = 30.0
_FORGET_EVERY_S: Final = 1.0
# Receipts need no commit of their own: one that is lost is said again.
_NOTES_EVERY_S: Final = 1.0


class UnknownTag(KeyError):
    """A reading of a device or tag that no configuration declares."""


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """What the spool holds and has lost; `trouble` is the last write error while it lasts."""

    counts: SpoolCounts
    waiting_readings: int
    unfit_values: int
    refused_scans: int
    trouble: str | None


@dataclass(frozen=True, slots=True)
class _Task:
    """Work for the writer inside its next transaction; the answer comes when that is durable."""

    work: Callable[[Draft], Any]
    answer: Future[Any] | None = None


class Spool:
    """One gateway's spool: a writer thread commits in groups, readers see only what is durable.

    Parameters
    ----------
    settings : SpoolSettings
        File, commit interval and bounds.
    gateway : GatewayIdentity
        Whose spool it is.
    devices : sequence of DeviceSpec
        Devices and tags that readings may name; each gets its alias before anything else happens.

    Raises
    ------
    SpoolWrong
        When the file is in use, damaged or another node's.
    """

    def __init__(
        self, settings: SpoolSettings, gateway: GatewayIdentity, devices: Sequence[DeviceSpec]
    ) -> None:
        self.settings = settings
        self.gateway = gateway
        self._file = SpoolFile(settings.path, gateway.group, gateway.node)
        with self._file.transaction():
            self._file.register("", [(STORED_THROUGH, DataType.STRING)])
            for device in devices:
                tags = dict(device.tags) | {OBSERVED_SINCE: DataType.DATETIME}
                self._file.register(device.id, tags.items())
            stream = self._file.open_stream()
            self.generation = self._file.generation()
            self.tags = Tags(self._file.aliases(), self._file.aliases(retired=True), self._file.devices())
            self._counts = SpoolCounts().recounted(self._file)
        self._stream = stream
        self._latest: dict[int, Committed] = {}
        self._changed = threading.Condition()
        self._scans: list[Scan] = []
        self._waiting_readings = 0
        self._tasks: list[_Task] = []
        self._is_urgent = False
        self._is_closing = False
        self._refused_scans = 0
        self._unfit_values = 0
        self._trouble: str | None = None
        self._forget_at_s = 0.0
        self._listener: Callable[[], None] = lambda: None
        self._writer = threading.Thread(target=self._run, name="spool-writer", daemon=True)
        self._writer.start()

    # ---- what drivers and the agent call ----

    def put(self, scan: Scan) -> bool:
        """Whether `scan` was taken; False when memory is full because the disk does not keep up.

        A scan taken is durable after the next commit. After False the device counts as not observed: let the
        next scan's `observed` begin anew.

        Raises
        ------
        UnknownTag
            When the device or a tag is not among the declared ones.
        SpoolWrong
            When the spool is closed or its writer has died.
        """
        known = self.tags.of(scan.device)
        if not known:
            raise UnknownTag(f"device {scan.device!r} is not configured")
        for reading in scan.readings:
            if reading.tag not in known:
                raise UnknownTag(f"tag {reading.tag!r} of device {scan.device!r} is not configured")
        with self._changed:
            if self._is_closing or not self._writer.is_alive():
                raise SpoolWrong(f"{self.settings.path}: nothing is spooled any more")
            if self._waiting_readings + len(scan.readings) > self.settings.max_waiting_readings:
                self._refused_scans += 1
                return False
            self._scans.append(scan)
            self._waiting_readings += len(scan.readings) + 1
            self._changed.notify_all()
        return True

    def mark(self, device: str) -> int | None:
        """Plant time (ms) through which the device was observed last, across restarts; None if never."""
        return self.tags.marks.get(device)

    def flush(self, timeout_s: float = _SOON_S) -> None:
        """Return when everything put so far is durable.

        Raises
        ------
        TimeoutError
            When the disk does not take it in time.
        """
        self._ask(lambda _: None, timeout_s)

    def status(self) -> SpoolStatus:
        """What the spool holds and has lost so far."""
        with self._changed:
            return SpoolStatus(
                self._counts, self._waiting_readings, self._unfit_values, self._refused_scans, self._trouble
            )

    def close(self) -> None:
        """Commit what was put, stop the writer and release the file."""
        with self._changed:
            if self._is_closing:
                return
            self._is_closing = True
            self._changed.notify_all()
        self._writer.join()
        self._file.close()

    # ---- what the uplink calls ----

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each commit that wrote entries, in the writer's thread: never block there."""
        self._listener = listener

    def reader(self) -> SpoolReader:
        """A reader of what is durable."""
        return SpoolReader(self.settings.path)

    @property
    def live(self) -> Stream:
        """The stream that is being extended, with its last durable position."""
        return self._stream

    @property
    def latest(self) -> dict[int, Committed]:
        """Newest durable value of each alias, since this process started."""
        return self._latest

    def open_stream(self) -> Stream:
        """A new stream, durable, that takes all entries from now on."""

        def begin(draft: Draft) -> Stream:
            draft.stream = self._file.open_stream()
            return draft.stream

        return self._ask(begin)

    def next_bd_seq(self) -> int:
        """Number of the next CONNECT (bdSeq), durable."""
        return self._ask(lambda _: self._file.next_bd_seq())

    def receipted(self, stream_no: int, position: int) -> None:
        """Note that the host has stored a stream through `position`; durable with the next commit."""

        def note(draft: Draft) -> None:
            draft.counts = draft.counts.receipted(self._file.receipt(stream_no, position))

        self._do(_Task(note))

    def renewed(self, generation: int) -> None:
        """Note that the host was restored: every receipt counts as zero from now on."""

        def renew(draft: Draft) -> None:
            self._file.renew(generation)
            draft.counts = draft.counts.recounted(self._file)

        self.generation = generation
        self._do(_Task(renew))

    def unstorable(self, stream_no: int, position: int) -> None:
        """Turn a batch that the host cannot read into a gap."""

        def lose(draft: Draft) -> None:
            self._file.lose(stream_no, position, GapReason.UNSTORABLE)
            counts = draft.counts.recounted(self._file)
            draft.counts = replace(counts, unstorable=counts.unstorable + 1)

        self._do(_Task(lose))

    @property
    def stored_through(self) -> TagAlias:
        """The tag by which receipts come."""
        return self.tags.of("")[STORED_THROUGH]

    # ---- the writer ----

    def _do(self, task: _Task) -> None:
        with self._changed:
            self._tasks.append(task)
            self._is_urgent = self._is_urgent or task.answer is not None
            self._changed.notify_all()

    def _ask(self, work: Callable[[Draft], T], timeout_s: float = _SOON_S) -> T:
        """Result of `work`, done by the writer at once and durable."""
        answer: Future[T] = Future()
        if not self._writer.is_alive() or self._is_closing:
            raise SpoolWrong(f"{self.settings.path}: the spool is closed")
        self._do(_Task(work, answer))
        return answer.result(timeout_s)

    def _run(self) -> None:
        scans_due_s = tasks_due_s = 0.0
        while True:
            with self._changed:
                while (wait_s := self._wait_s(scans_due_s, tasks_due_s)) is None or wait_s > 0:
                    self._changed.wait(wait_s)
                scans, tasks = self._scans, self._tasks
                self._scans, self._tasks, self._is_urgent = [], [], False
            if scans or tasks:
                now_s = time.monotonic()
                if scans:
                    scans_due_s = now_s + self.settings.commit_s
                tasks_due_s = now_s + max(self.settings.commit_s, _NOTES_EVERY_S)
                if not self._commit(scans, tasks) and self._is_closing:
                    return
            elif self._is_closing:
                return

    def _wait_s(self, scans_due_s: float, tasks_due_s: float) -> float | None:
        """Seconds until the next commit; None when there is nothing to commit."""
        if self._is_closing or self._is_urgent:
            return 0.0
        due_s = scans_due_s if self._scans else math.inf
        if self._tasks:
            due_s = min(due_s, tasks_due_s)
        return None if math.isinf(due_s) else due_s - time.monotonic()

    def _commit(self, scans: list[Scan], tasks: list[_Task]) -> bool:
        """Whether scans and tasks are durable now; if not, they are put back and tried again later."""
        draft = Draft(self._stream, self._counts)
        answers = []
        try:
            with self._file.transaction():
                answers = [task.work(draft) for task in tasks]
                write_scans(self._file, self.tags, draft, scans, real_ms())
                draft.counts = within_bytes(self._file, draft.counts, self.settings)
                self._forget(draft)
        except sqlite3.Error as wrong:
            self._put_back(scans, tasks, str(wrong))
            return False
        self._take_over(draft, sum(len(scan.readings) + 1 for scan in scans))
        for task, answer in zip(tasks, answers, strict=True):
            if task.answer is not None:
                task.answer.set_result(answer)
        if draft.has_entries:
            self._listener()
        return True

    def _forget(self, draft: Draft) -> None:
        if time.monotonic() >= self._forget_at_s:
            self._forget_at_s = time.monotonic() + _FORGET_EVERY_S
            before_ms = real_ms() - int(self.settings.keep_after_receipt_s * 1000)
            draft.counts = without_old(self._file, draft.counts, before_ms)

    def _take_over(self, draft: Draft, readings: int) -> None:
        for alias, value in draft.latest.items():
            newest = self._latest.get(alias)
            if newest is None or value.ts_ms >= newest.ts_ms:
                self._latest[alias] = value
        self.tags.marks.update(draft.marks)
        with self._changed:
            self._stream, self._counts = draft.stream, draft.counts
            self._waiting_readings -= readings
            self._unfit_values += draft.unfit_values
            if self._trouble is not None:
                log.info("spool_writes_again", path=str(self.settings.path))
            self._trouble = None

    def _put_back(self, scans: list[Scan], tasks: list[_Task], why: str) -> None:
        with self._changed:
            if self._trouble is None:
                log.error("spool_cannot_write", path=str(self.settings.path), reason=why)
            self._trouble = why
            self._scans[:0] = scans
            self._tasks[:0] = tasks
            if not self._is_closing:
                self._changed.wait_for(lambda: self._is_closing, _RETRY_S)
