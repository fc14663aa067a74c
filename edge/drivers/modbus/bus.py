"""One connection or serial line with all its units: who shares it, who may speak, when it is opened anew."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from edge.devices.device import SerialKeys
from edge.devices.modbus import ModbusDevice
from edge.devices.tag import host_and_port
from edge.drivers.modbus.frames import FrameWrong, Question, exception_of, read
from edge.drivers.modbus.lines import QUIET_S, Line, LineLost, RtuLine, TcpLine
from edge.drivers.modbus.turns import Rank, Turns, Wish
from edge.drivers.streams import open_serial, open_tcp
from edge.errors import DeviceUnreachable

# A probe shorter than this tells nothing about a unit.
SHORTEST_PROBE_S = 0.04
# Where others wait too, an answer may take so many times the slowest of late, and at least so long:
# a device that pauses for a moment has not failed, and some lose a question that comes before their answer.
SLOWER = 4.0
LEAST_SPARED_S = 0.1
SLOWEST_KEPT = 0.98
# Between two frames a serial line is silent for three and a half characters, above 19,200 baud for 1.75 ms.
SILENT_CHARACTERS = 3.5
LEAST_SILENCE_S = 0.00175
BITS_PER_CHARACTER = 11
# What a device says while it is at work on something else.
BUSY = frozenset((5, 6))
BUSY_PAUSE_S = 0.05


@dataclass(slots=True, eq=False)
class Seat:
    """A unit's place at the bus during one session.

    Attributes
    ----------
    device : ModbusDevice
        Whose session it is.
    flag : callable
        Counts bad input of a kind.
    is_proven : bool
        Whether it has answered in this session, and not missed a question since.
    due_s : float
        When its next poll is due, monotonic seconds; probes of others keep clear of it.
    slowest_s : float
        About how long its slowest answer of late took, real seconds.
    """

    device: ModbusDevice
    flag: Callable[[str], None]
    is_proven: bool = False
    due_s: float = -math.inf
    slowest_s: float = 0.0


class Bus:
    """What devices of one endpoint share; one question at a time.

    A unit that does not answer is asked again only in time that no other unit needs, so it never slows the
    others down; that is the breaker. The connection itself is given up when every unit at it is silent, when
    a frame does not fit, or when the last unit leaves.
    """

    def __init__(self, device: ModbusDevice) -> None:
        self._endpoint = device.endpoint
        self._is_rtu = device.is_rtu
        self._serial = (device.serial or SerialKeys()) if device.is_serial else None
        self._character_s = BITS_PER_CHARACTER / self._serial.baud if self._serial else 0.0
        self._line: Line | None = None
        self._opening: asyncio.Task[None] | None = None
        self._seats: set[Seat] = set()
        self._silent: set[Seat] = set()
        # Questions without an answer since the last one that had one, by unit.
        self._misses: dict[int, int] = {}
        # Length of an RTU answer that may still come, by unit.
        self._owed: dict[int, int] = {}
        self._asking: Seat | None = None
        self._turns = Turns(self._next_poll_s, max(QUIET_S, self._silence_s()) if self._is_rtu else 0.0)
        self._loop = asyncio.get_running_loop()

    @property
    def is_empty(self) -> bool:
        """Whether no unit sits here."""
        return not self._seats

    async def join(self, seat: Seat) -> None:
        """Give a unit its place; the connection is there when this returns.

        Raises
        ------
        DeviceUnreachable
            When it cannot be opened.
        """
        self._seats.add(seat)
        if self._line is not None and self._line.is_open:
            return
        if self._opening is None:
            self._opening = asyncio.create_task(self._open(seat.device.timeout_s))
            self._opening.add_done_callback(self._opened)
        # Shielded: units that come at once wait for the same attempt, whichever of them leaves first.
        await asyncio.shield(self._opening)

    def leave(self, seat: Seat) -> None:
        """Take a unit's place away; the last one closes the connection."""
        self._seats.discard(seat)
        self._silent.discard(seat)
        if not self._seats:
            if self._opening is not None:
                self._opening.cancel()
            if self._line is not None:
                self._line.close()
                self._line = None

    def _opened(self, opening: asyncio.Task[None]) -> None:
        self._opening = None
        if not opening.cancelled():
            opening.exception()  # everybody who waited has it; nobody waiting is no fault

    async def _open(self, timeout_s: float) -> None:
        line = RtuLine(self._flag, self._silence_s()) if self._is_rtu else TcpLine(self._flag)
        try:
            if self._serial:
                line.opened(open_serial(self._endpoint, self._serial, line))
            else:
                async with asyncio.timeout(timeout_s):
                    line.opened(await open_tcp(*host_and_port(self._endpoint), line))
        except TimeoutError as error:
            raise DeviceUnreachable(f"{self._endpoint} does not answer within {timeout_s:g} s") from error
        except OSError as error:
            said = error.strerror or str(error)
            raise DeviceUnreachable(f"{self._endpoint} cannot be opened: {said}") from error
        self._line = line
        self._silent.clear()

    def _silence_s(self) -> float:
        return max(LEAST_SILENCE_S, SILENT_CHARACTERS * self._character_s)

    def _flag(self, kind: str) -> None:
        seat = self._asking or next(iter(self._seats), None)
        if seat is not None:
            seat.flag(kind)

    def _next_poll_s(self) -> float:
        return min((seat.due_s for seat in self._seats if seat.is_proven), default=math.inf)

    async def ask(
        self, seat: Seat, question: Question, *, is_write: bool = False
    ) -> tuple[int | None, bytes]:
        """Exception code or None, and the whole answer from its function code on.

        A read that got no answer is asked again as often as the device's `retries` say; a write never is.

        Raises
        ------
        DeviceUnreachable
            When no right answer came.
        """
        device = seat.device
        retries = 1 if device.retries is None else device.retries
        left = 0 if is_write or not seat.is_proven else retries
        while True:
            wish = self._wish(seat, question, is_write=is_write)
            lasting_s = await self._turns.take(wish)
            try:
                code, pdu = await self._asked(seat, question, lasting_s)
            except DeviceUnreachable:
                if self._line is None or not self._line.is_open or is_write:
                    raise
                if wish.rank is Rank.POLL and lasting_s < device.timeout_s:
                    # Others were spared a long wait: it is asked again where nobody minds.
                    seat.is_proven = False
                elif left > 0:
                    left -= 1
                else:
                    raise
                continue
            finally:
                self._asking = None
                self._turns.give_back()
            if code not in BUSY or left == 0:
                return code, pdu
            left -= 1
            await asyncio.sleep(BUSY_PAUSE_S)

    def _wish(self, seat: Seat, question: Question, *, is_write: bool) -> Wish:
        timeout_s, least_s = seat.device.timeout_s, self._least_s(seat.device, question)
        if is_write:
            return Wish(Rank.WRITE, seat.due_s, timeout_s)
        misses = self._misses.get(seat.device.unit, 0)
        if misses and not seat.is_proven:
            return Wish(Rank.PROBE, misses, timeout_s, least_s, least_s * 2 ** min(misses, 10))
        others_s = [other.slowest_s for other in self._seats if other.is_proven and other is not seat]
        if others_s:
            known_s = seat.slowest_s if seat.is_proven else max(others_s)
            timeout_s = min(timeout_s, max(least_s, LEAST_SPARED_S, SLOWER * known_s))
        return Wish(Rank.POLL, seat.due_s, timeout_s)

    def _least_s(self, device: ModbusDevice, question: Question) -> float:
        characters = len(question.pdu) + question.answer_bytes + 6
        return min(device.timeout_s, SHORTEST_PROBE_S + characters * self._character_s)

    async def _asked(self, seat: Seat, question: Question, lasting_s: float) -> tuple[int | None, bytes]:
        device, line = seat.device, self._line
        where = f"{self._endpoint} unit {device.unit}"
        if line is None:
            raise DeviceUnreachable(f"{where}: the connection is gone")
        self._asking = seat
        if device.pause_ms:
            await asyncio.sleep(device.pause_ms / 1000)
        until_s = self._loop.time() + lasting_s
        try:
            await self._resynchronise(line, seat, question, lasting_s)
            began_s = self._loop.time()
            pdu = await line.ask(device.unit, question, until_s - began_s)
            seat.slowest_s = max(self._loop.time() - began_s, SLOWEST_KEPT * seat.slowest_s)
            code = self._checked(line, question, pdu)
        except TimeoutError as error:
            await self._missed(line, seat, question, lasting_s)
            raise DeviceUnreachable(f"{where}: no answer within {lasting_s:.2g} s") from error
        except FrameWrong as error:
            self._misses[device.unit] = self._misses.get(device.unit, 0) + 1
            await line.settle()
            raise DeviceUnreachable(f"{where}: {error}") from error
        except LineLost as error:
            raise DeviceUnreachable(f"{where}: the connection was lost: {error}") from error
        self._silent.clear()
        self._misses.pop(device.unit, None)
        seat.is_proven = True
        return code, pdu

    def _checked(self, line: Line, question: Question, pdu: bytes) -> int | None:
        try:
            return exception_of(question, pdu)
        except FrameWrong:
            self._flag("mismatched_reply")
            if not self._is_rtu:
                line.close("a mismatched reply")
            raise

    async def _resynchronise(self, line: Line, seat: Seat, question: Question, lasting_s: float) -> None:
        """Ask something of another length first when a late answer could be taken for this one's.

        RTU frames carry no number: after a question without an answer, the next answer of the same unit with
        the same length may be the late one, shifted to the wrong address.
        """
        owed = self._owed.pop(seat.device.unit, None)
        if owed != question.answer_bytes or question.echo:
            return
        table, address, count = _read_span(question)
        other = read(table, address, count - 1 if count > 1 else 2)
        if other.answer_bytes == question.answer_bytes:  # bits of one byte
            other = read(table, address, 9)
        try:
            self._checked(line, other, await line.ask(seat.device.unit, other, lasting_s))
        except (TimeoutError, FrameWrong):
            self._owed[seat.device.unit] = owed
            raise

    async def _missed(self, line: Line, seat: Seat, question: Question, lasting_s: float) -> None:
        if self._is_rtu and not question.echo:
            self._owed[seat.device.unit] = question.answer_bytes
        self._misses[seat.device.unit] = self._misses.get(seat.device.unit, 0) + 1
        await line.settle()
        if lasting_s >= seat.device.timeout_s:  # who was given less has not been silent yet
            self._silent.add(seat)
        if not self._is_rtu and self._silent >= self._seats:
            line.close("no unit answers")


_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}


def _read_span(question: Question) -> tuple[str, int, int]:
    pdu = question.pdu
    return _TABLES[pdu[0]], int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")


_BUSES: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Bus]] = WeakKeyDictionary()


def bus_of(device: ModbusDevice) -> Bus:
    """The bus of a device's endpoint in this event loop; made when nobody is there."""
    buses = _BUSES.setdefault(asyncio.get_running_loop(), {})
    bus = buses.get(device.endpoint)
    if bus is None or bus.is_empty:
        bus = buses[device.endpoint] = Bus(device)
    return bus
