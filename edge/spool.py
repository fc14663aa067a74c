"""The spool: what drivers saw becomes durable here, in commits of many, before anything is sent."""

import math
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Final, TypeVar

import structlog

from edge.gateway import GatewayIdentity, SpoolSettings
from edge.reading import DeviceSpec, Scan
from edge.spool_batches import Draft, Tags, tags_of, write_gap, write_scans
from edge.spool_bounds import SpoolBounds, SpoolCounts
from edge.spool_file import SpoolFile, Stream, TagAlias
from edge.spool_latest import LatestValues
from edge.spool_opening import SpoolWrong, usable
from edge.spool_reader import SpoolReader
from edge.spool_room import DiskRoom, Part, nothing
from edge.spool_status import SpoolStatus, UnknownTag, kept_counters
from edge.spool_thin import Thinning
from edge.spool_writer import Task, WriterThread
from wire.clock import real_ms
from wire.commands import COMMAND_RESULT
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
# Where the newest batches are dropped, share of the bound below which there is room again for what is owed.
_OWED_BELOW: Final = 0.9


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
        with usable(settings.path, self._file.close), self._file.transaction():
            controls = (STORED_THROUGH, COMMAND_RESULT)
            self._file.register("", [(name, DataType.STRING) for name in controls])
            self._register(devices)
            stream = self._file.open_stream()
            self.generation = self._file.generation()
            self.tags = Tags(self._file.aliases(), self._file.aliases(retired=True), self._file.devices())
            self.tags.kept = kept_counters(devices)
            # Where the counters of `kept` stood when the process before this one ended, by device and tag.
            self.kept_counts = self._file.counts()
            self._counts = SpoolCounts().recounted(self._file)
        self._stream = stream
        self._latest = LatestValues()
        thinning = Thinning(lambda alias: alias in self.tags.samples)
        self._bounds = SpoolBounds(self._file, settings, thinning)
        self._room = DiskRoom(settings.path, self._bounds, self._file.write_back)
        self._changed = threading.Condition()
        self._scans: list[Scan] = []
        self._waiting_readings = 0
        self._tasks: list[Task] = []
        self._is_urgent = False
        self._is_closing = False
        self._refused_scans = self._told_refused = 0
        self._unfit_values = 0
        self._trouble: str | None = None
        self._oldest_ms: int | None = None
        self._forget_at_s = 0.0
        self._listener: Callable[[], None] = lambda: None
        self._writer = WriterThread(settings.path, self._run)
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
        if (tag := next((tag for tag in tags_of(scan) if tag not in known), None)) is not None:
            raise UnknownTag(f"tag {tag!r} of device {scan.device!r} is not configured")
        with self._changed:
            if self._is_closing or not self._writer.is_alive():
                raise SpoolWrong(f"{self.settings.path}: nothing is spooled any more")
            if self._waiting_readings + len(scan.readings) > self.settings.max_waiting_readings:
                self._refused_scans += 1
                return False
            self._scans.append(scan)
            self._waiting_readings += len(scan.readings) + 1
            if len(self._scans) == 1:  # else the writer knows when it is due
                self._changed.notify_all()
        return True

    def mark(self, device: str) -> int | None:
        """Plant time (ms) through which the device was observed last, across restarts; None if never."""
        return self.tags.marks.get(device)

    def configure(self, settings: SpoolSettings, devices: Sequence[DeviceSpec]) -> None:
        """Take other bounds and other tags; what is held, aliases and streams stay as they are.

        Tags that are no longer configured keep their history; in births they stand without a value.

        Parameters
        ----------
        settings : SpoolSettings
            With the same path.
        devices : sequence of DeviceSpec
            All devices and tags that readings may name from now on.

        Raises
        ------
        TimeoutError
            When the disk does not take it in time.
        """

        def change(_: Draft) -> None:
            self._register(devices)
            old = self.tags.marks
            tags = Tags(self._file.aliases(), self._file.aliases(retired=True), self._file.devices())
            tags.marks |= old
            tags.kept = kept_counters(devices)
            self.kept_counts = self._file.counts()
            named = {(device.id, tag) for device in devices for tag in device.tags}
            for alias in self._latest.aliases():
                tag = tags.by_alias.get(alias)
                if tag is None or (tag.name != OBSERVED_SINCE and (tag.device, tag.name) not in named):
                    self._latest.forget(alias)
            self.tags.become(tags)

        self._ask(change)
        self.settings = self._bounds.settings = settings
        self._room.forget()

    def _register(self, devices: Sequence[DeviceSpec]) -> None:
        for device in devices:
            coverage = {OBSERVED_SINCE: DataType.DATETIME} if device.id else {}  # nobody watches the node
            self._file.register(device.id, (dict(device.tags) | coverage).items())

    def oldest_waiting_ms(self) -> int | None:
        """Real time (ms) at which the oldest batch without a receipt was written; None without one."""
        with self._changed:
            return self._oldest_ms

    def flush(self, timeout_s: float = _SOON_S) -> None:
        """Return when everything put so far is durable.

        Raises
        ------
        TimeoutError
            When the disk does not take it in time.
        """
        self._ask(nothing, timeout_s)

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
        self._room.close()
        self._file.close()

    @property
    def ended(self) -> "Future[None]":
        """Done when nothing is spooled any more: after `close`, or with what its writer died of."""
        return self._writer.ended

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
    def latest(self) -> LatestValues:
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

        self._do(Task(note))

    def renewed(self, generation: int) -> None:
        """Note that the host was restored: every receipt counts as zero from now on."""

        def renew(draft: Draft) -> None:
            self._file.renew(generation)
            draft.counts = draft.counts.recounted(self._file)

        self.generation = generation
        self._do(Task(renew))

    def unstorable(self, stream_no: int, position: int) -> None:
        """Turn a batch that the host cannot read into a gap."""

        def lose(draft: Draft) -> None:
            self._file.lose(stream_no, position, GapReason.UNSTORABLE)
            counts = draft.counts.recounted(self._file)
            draft.counts = replace(counts, unstorable=counts.unstorable + 1)

        self._do(Task(lose))

    def soon(self, work: Callable[[SpoolFile, Draft], T]) -> "Future[T]":
        """What `work` gives, done at once in a transaction of the writer and durable when it is there.

        Scans given to `extend` there become entries of the same transaction. A `SpoolWrong` when the writer
        has ended, or ends before.
        """
        answer: Future[T] = self._writer.promise()
        self._do(Task(lambda draft: work(self._file, draft), answer))
        return answer

    def extend(self, draft: Draft, scan: Scan) -> None:
        """Append `scan` inside the transaction of `soon`."""
        write_scans(self._file, self.tags, draft, [scan], real_ms())

    @property
    def stored_through(self) -> TagAlias:
        """The tag by which receipts come."""
        return self.tags.of("")[STORED_THROUGH]

    # ---- the writer ----

    def _do(self, task: Task) -> None:
        with self._changed:
            self._tasks.append(task)
            self._is_urgent = self._is_urgent or task.answer is not None
            self._changed.notify_all()

    def _ask(self, work: Callable[[Draft], T], timeout_s: float = _SOON_S) -> T:
        """Result of `work`, done by the writer at once and durable."""
        answer: Future[T] = self._writer.promise()
        if not self._writer.is_alive() or self._is_closing:
            raise SpoolWrong(f"{self.settings.path}: the spool is closed")
        self._do(Task(work, answer))
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
                if not self._commit_all(scans, tasks) and self._is_closing:
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

    def _commit_all(self, scans: list[Scan], tasks: list[Task]) -> bool:
        """Whether scans and tasks are durable now; what is not is put back and tried again later."""
        parts = self._room.portions(scans, tasks, self._waiting_readings)
        try:
            while parts:
                self._commit(*self._room.allowed(parts[0], self._counts), is_last=len(parts) == 1)
                parts.pop(0)
        except sqlite3.Error as wrong:
            self._room.make(wrong)
            self._put_back(parts, str(wrong))
            return False
        return True

    def _commit(self, scans: list[Scan], tasks: list[Task], *, is_last: bool) -> None:
        draft = Draft(self._stream, self._counts)
        answers = []
        refused, now_ms = self._refused_scans, real_ms()
        self._bounds.lost.clear()
        with self._file.transaction():
            answers = [task.work(draft) for task in tasks]
            write_gap(self._file, draft, now_ms, refused - self._told_refused)
            owed = self._latest.scans(self.tags) if self._has_room_for_owed(draft.counts) else []
            write_scans(self._file, self.tags, draft, [*owed, *scans], now_ms)
            draft.counts = self._bounds.within_bytes(draft.counts, now_ms)
            if time.monotonic() >= self._forget_at_s:
                self._forget_at_s = time.monotonic() + _FORGET_EVERY_S
                draft.counts = self._bounds.without_old(draft.counts, now_ms)
            oldest = self._file.oldest_waiting(1)
        self._told_refused = refused
        self._oldest_ms = oldest[0].written_ms if oldest else None
        self._take_over(draft, sum(len(scan.readings) + 1 for scan in scans))
        if is_last and self._trouble is not None:
            self._trouble = None
            log.info("spool_writes_again", path=str(self.settings.path))
        for task, answer in zip(tasks, answers, strict=True):
            if task.answer is not None:
                task.answer.set_result(answer)
        if draft.has_entries:
            self._listener()

    def _has_room_for_owed(self, counts: SpoolCounts) -> bool:
        """Where the newest are dropped, what is owed waits for room; elsewhere it makes its own."""
        has_room = counts.waiting_bytes <= _OWED_BELOW * self.settings.max_bytes
        return bool(self._latest.owed) and (has_room or self.settings.when_full != "newest")

    def _take_over(self, draft: Draft, readings: int) -> None:
        self._latest.take_over(draft, self._bounds.lost)
        if self._has_room_for_owed(draft.counts) and not self._is_closing:
            self._do(Task(lambda _: None))  # soon, though no device may say anything more
        self.tags.marks.update(draft.marks)
        with self._changed:
            self._stream, self._counts = draft.stream, draft.counts
            self._waiting_readings -= readings
            self._unfit_values += draft.unfit_values

    def _put_back(self, parts: list[Part], why: str) -> None:
        with self._changed:
            if self._trouble is None:
                log.error("spool_cannot_write", path=str(self.settings.path), reason=why)
            self._trouble = why
            self._scans[:0] = [scan for scans, _ in parts for scan in scans]
            self._tasks[:0] = [task for _, tasks in parts for task in tasks]
            if not self._is_closing:
                self._changed.wait_for(lambda: self._is_closing, _RETRY_S)
