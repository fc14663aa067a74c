"""Commands of hosts: checked, executed once, and their results spooled."""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

import structlog

from edge.command_memory import MAX_REMEMBERED, OpenCommand
from edge.reading import Reading, Scan
from edge.spool import Spool
from edge.spool_batches import Draft
from edge.spool_file import SpoolFile
from edge.write_rules import Bucket, Refused, WriteRule, Writing
from edge.writes import WriteFailed, WriteValue
from wire.clock import PlantClock, real_ms
from wire.commands import (
    COMMAND_RESULT,
    LONGEST_LIFE_MS,
    CommandHeader,
    CommandResult,
    Outcome,
)
from wire.sparkplug import Metric

log = structlog.get_logger(__name__)

# A driver that was given a write may still be at it when the command expires; then nobody knows.
GRACE_S: Final = 10.0
MAX_OPEN: Final = 256
_RESULTS_PER_MINUTE: Final = 600
_MAX_NAME: Final = 200


@dataclass(slots=True)
class _Open:
    """A command under way: being remembered, or with the driver."""

    said: OpenCommand
    metric: Metric
    deadline_s: float
    refusal: str = ""
    rule: WriteRule | None = None
    remembered: Future[bool | None] | None = None
    answer: Future[WriteValue] | None = None
    value: WriteValue | None = None


@dataclass(slots=True)
class CommandCounts:
    """What became of commands since the process started."""

    done: int = 0
    refused: int = 0
    failed: int = 0
    unknown: int = 0
    repeated: int = 0
    unreported: int = 0


class CommandDesk:
    """Takes commands, has them written, reports each result once; lives in the uplink's thread.

    A command with an id is remembered durably before anything else, so it is executed at most once, whatever
    dies; one that was open when the gateway died is reported as unknown after the next start. Nothing is ever
    tried again.

    Parameters
    ----------
    spool : Spool
        Remembers ids and takes the results.
    writing : Writing
        Which tags may be written, and the way to their drivers.
    clock : PlantClock
        Stamps results.
    wake : callable
        Called from other threads when `turn` has something to do.
    """

    def __init__(self, spool: Spool, writing: Writing, clock: PlantClock, wake: Callable[[], None]) -> None:
        self._spool = spool
        self._writing = writing
        self._clock = clock
        self._wake = wake
        self._rate = Bucket(writing.settings.per_minute)
        self._result_rate = Bucket(_RESULTS_PER_MINUTE)
        self._open: deque[_Open] = deque()
        self._recovering: Future[int] | None = None
        self.counts = CommandCounts()

    def recover(self) -> None:
        """Report what was open when the gateway last died: nobody knows what became of it.

        Waits for nothing: on a full disk the report is written when there is room, before any new command.
        """

        def conclude(file: SpoolFile, draft: Draft) -> int:
            left = file.commands.open_commands()
            for said in left:
                why = "the gateway stopped before the answer came"
                result = CommandResult(
                    said.id, said.device, said.metric, Outcome.UNKNOWN, None, why, said.requester
                )
                file.commands.conclude(said.id)
                self._spool.extend(draft, self._scan(result))
            return len(left)

        self._recovering = self._spool.soon(conclude)

    def _note_recovered(self) -> None:
        if self._recovering is None or not self._recovering.done():
            return
        recovering, self._recovering = self._recovering, None
        if recovering.exception() is None and (count := recovering.result()):
            log.warning("commands_left_open", count=count)
            self.counts.unknown += count

    def take(
        self, device: str, metrics: Sequence[Metric], header: CommandHeader | None, now_s: float
    ) -> None:
        """Take what a DCMD asks of `device`, or an NCMD of the node (empty); answers come by `turn`.

        `now_s` is monotonic.
        """
        if header is None:
            for metric in metrics:
                self._take_plain(device, metric, now_s)
            return
        if len(self._open) >= MAX_OPEN:
            self.counts.unreported += 1
            log.warning("command_dropped", id=header.id, reason=f"{MAX_OPEN} commands are under way")
            return
        metric = metrics[0] if metrics else Metric()
        said = OpenCommand(header.id, device, self._name(device, metric), header.requester)
        ahead_ms = header.expires_ms - real_ms()
        command = _Open(said, metric, now_s + min(ahead_ms, LONGEST_LIFE_MS) / 1000.0)
        if len(metrics) != 1:
            command.refusal = f"a command with an id asks for one write, not {len(metrics)}"
        elif ahead_ms > LONGEST_LIFE_MS:
            command.refusal = "expires more than an hour ahead: shorten its life, or set the clocks"
        # Kept for an hour beyond its expiry: a clock that was set back must not run it again.
        until_ms = real_ms() + max(0, min(ahead_ms, LONGEST_LIFE_MS)) + LONGEST_LIFE_MS
        command.remembered = self._spool.soon(
            lambda file, _draft: file.commands.take(said, until_ms, real_ms())
        )
        command.remembered.add_done_callback(lambda _: self._wake())
        self._open.append(command)

    def turn(self, now_s: float) -> None:
        """Move every open command on; `now_s` is monotonic."""
        self._note_recovered()
        for _ in range(len(self._open)):
            command = self._open.popleft()
            if self._is_under_way(command, now_s):
                self._open.append(command)

    @property
    def under_way(self) -> int:
        """Commands that have no result yet."""
        return len(self._open)

    # ---- from the broker to the driver ----

    def _name(self, device: str, metric: Metric) -> str:
        """The metric's name; a command may carry the alias of the birth instead."""
        if metric.name is not None:
            return metric.name[:_MAX_NAME]
        tags = self._spool.tags.of(device).values()
        return next((tag.name for tag in tags if tag.alias == metric.alias), "")

    def _take_plain(self, device: str, metric: Metric, now_s: float) -> None:
        settings = self._writing.settings
        command = _Open(OpenCommand("", device, self._name(device, metric), ""), metric, 0.0)
        command.deadline_s = now_s + settings.timeout_s
        if not settings.plain:
            command.refusal = (
                "commands need an id and an expiry here, so that none is run twice or late; accepted without "
                "from any Sparkplug host: plain = true under [commands] in the gateway's file"
            )
        elif len(self._open) >= MAX_OPEN:
            command.refusal = f"{MAX_OPEN} commands are under way"
        if self._begins(command, now_s):
            self._open.append(command)

    def _is_under_way(self, command: _Open, now_s: float) -> bool:
        """Whether the command needs another turn."""
        if command.answer is not None:
            return not self._is_answered(command, command.answer, now_s)
        if command.remembered is None or not command.remembered.done():
            return True  # the disk is slow or full: nothing is done that might be done again
        if (wrong := command.remembered.exception()) is not None:
            # Nothing can be remembered any more, so nothing may be run either; the gateway is about to end.
            self.counts.unreported += 1
            log.error("command_dropped", id=command.said.id, reason=str(wrong))
            return False
        is_new = command.remembered.result()
        command.remembered = None
        if is_new is False:
            self.counts.repeated += 1
            log.info("command_repeated", id=command.said.id)
            return False
        if is_new is None:
            command.refusal = f"{MAX_REMEMBERED} commands of the last hours are remembered already"
        return self._begins(command, now_s)

    def _begins(self, command: _Open, now_s: float) -> bool:
        """Whether the driver has the command now; its result is spooled where not."""
        try:
            command.value = self._checked(command, now_s)
        except Refused as why:
            self._conclude(command, Outcome.REFUSED, str(why))
            return False
        queue = self._writing.queue(command.said.device)
        if queue is None:
            self._conclude(command, Outcome.REFUSED, "the device is not configured")
            return False
        command.answer = queue.put(command.said.metric, command.value, command.deadline_s)
        command.answer.add_done_callback(lambda _: self._wake())
        return True

    def _checked(self, command: _Open, now_s: float) -> WriteValue:
        said = command.said
        if command.refusal:
            raise Refused(command.refusal)
        if not said.metric:
            raise Refused("the command names no metric of this birth")
        rule = self._writing.rules().get((said.device, said.metric))
        if rule is None:
            raise Refused("not writable; accepted: tags with writable = true in the gateway's file")
        command.rule = rule
        value = rule.value(command.metric)
        if now_s >= command.deadline_s:
            raise Refused("expired before it could be begun")
        if not self._rate.take(now_s):
            raise Refused(f"more than {self._writing.settings.per_minute} writes a minute; ask again later")
        return value

    # ---- from the driver to the host ----

    def _is_answered(self, command: _Open, answer: Future[WriteValue], now_s: float) -> bool:
        """Whether the driver has answered, or its time is over."""
        if not answer.done():
            if now_s < command.deadline_s + GRACE_S:
                return False
            # The queue answers what it still holds; what the driver holds, nobody can take back.
            queue = self._writing.queue(command.said.device)
            if queue is not None:
                queue.expire(now_s)
            if not answer.done():
                self._conclude(command, Outcome.UNKNOWN, "the device's driver gave no answer in time")
                return True
        try:
            read_back = answer.result()
        except WriteFailed as why:
            self._conclude(command, why.outcome, str(why))
        except Exception as wrong:  # noqa: BLE001 - a fault in one driver must not end the uplink
            self._conclude(command, Outcome.UNKNOWN, f"fault in the driver: {wrong!r}")
        else:
            self._settle(command, read_back)
        return True

    def _settle(self, command: _Open, read_back: WriteValue) -> None:
        asked = command.value
        command.value = read_back
        if asked is not None and command.rule is not None and command.rule.holds(asked, read_back):
            self._conclude(command, Outcome.DONE, "")
        else:
            self._conclude(
                command, Outcome.FAILED, f"written {asked!r:.60}, but the device holds another value"
            )

    def _conclude(self, command: _Open, outcome: Outcome, reason: str) -> None:
        """Spool the result, once: mark and point are one transaction."""
        said = command.said
        value = command.value if command.value is not None else _shown(command.metric)
        result = CommandResult(said.id, said.device, said.metric, outcome, value, reason, said.requester)
        counts = self.counts
        setattr(counts, outcome.value, getattr(counts, outcome.value) + 1)
        # A flood of nonsense must fill neither spool nor log.
        is_reported = outcome is not Outcome.REFUSED or self._result_rate.take(time.monotonic())
        counts.unreported += not is_reported
        if is_reported:
            self._audit(result)

        def conclude(file: SpoolFile, draft: Draft) -> None:
            is_closed = not said.id or file.commands.conclude(said.id)
            if is_reported and (is_closed or outcome is Outcome.REFUSED):
                self._spool.extend(draft, self._scan(result))

        if said.id or is_reported:
            self._spool.soon(conclude)

    @staticmethod
    def _audit(result: CommandResult) -> None:
        log.info(
            "command",
            id=result.id,
            device=result.device,
            metric=result.metric,
            outcome=result.outcome.value,
            value=result.value,
            reason=result.reason,
            requester=result.requester,
        )

    def _scan(self, result: CommandResult) -> Scan:
        return Scan("", (Reading("", COMMAND_RESULT, self._clock.now_ms(), result.to_text()),))


def _shown(metric: Metric) -> WriteValue | None:
    """What was asked for, where a result can show it."""
    value = metric.value
    if isinstance(value, bytes) or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value
