"""R200 and M100 modules: told once to poll, reporting by themselves, stamped with the gateway's clock."""

from time import monotonic

from edge.devices.rfid_serial import RfidDevice
from edge.drivers.rfid_serial.port import Port
from edge.errors import DeviceRefused, DeviceUnreachable
from edge.intake import Intake
from edge.presence import Sight
from edge.sightings import Sightings
from wire.readers.r200 import ROUND_FOUND_NONE, Command, Frame, FrameStream, FrameWrong, Type, decode_tag

ANTENNA = 1
FLUSH_S = 0.25
# Multi-poll: its own constant, then how many rounds; the largest number, and again when they are done.
ROUNDS = b"\x22\xff\xff"


async def talk(device: RfidDevice, intake: Intake, port: Port, sightings: Sightings) -> None:
    """Listen to the module's polling until it is gone.

    It reports each round, also one that found nothing. Coverage therefore reaches to the flush before the
    newest frame. After `timeout_s` of silence its rounds may be done, so it is told to poll once more; then
    it is gone.
    """
    module = _Module(device, intake, port, sightings)
    if device.power_dbm is not None:
        await module.set_power(device.power_dbm)
    module.poll()
    since_ms: int | None = None
    before_ms, due_s = intake.clock.now_ms(), monotonic() + FLUSH_S
    silent_since_s, has_asked = monotonic(), True
    while True:
        if await module.listen(due_s - monotonic()):
            silent_since_s, has_asked = monotonic(), False
        elif monotonic() - silent_since_s > device.timeout_s:
            if has_asked:
                raise DeviceUnreachable(f"{device.endpoint}: silent for {device.timeout_s:g} s")
            module.poll()
            silent_since_s, has_asked = monotonic(), True
        if monotonic() >= due_s:
            now_ms, due_s = intake.clock.now_ms(), monotonic() + FLUSH_S
            if module.is_alive:
                since_ms = before_ms if since_ms is None else since_ms
                sightings.flush((since_ms, before_ms), before_ms)
            module.is_alive = False
            before_ms = now_ms


class _Module:
    """What the module says, and what it is told."""

    def __init__(self, device: RfidDevice, intake: Intake, port: Port, sightings: Sightings) -> None:
        self._device = device
        self._intake = intake
        self._port = port
        self._sightings = sightings
        self._stream = FrameStream()
        self.is_alive = False

    def poll(self) -> None:
        """Tell it to poll; a polling that may still run is stopped first, or it would refuse."""
        self._port.write(Frame(Type.COMMAND, Command.STOP).encode())
        self._port.write(Frame(Type.COMMAND, Command.MULTI_POLL, ROUNDS).encode())

    async def set_power(self, dbm: float) -> None:
        """Set the transmit power.

        Raises
        ------
        DeviceRefused
            When the module answers with an error.
        DeviceUnreachable
            When it does not answer.
        """
        self._port.write(Frame(Type.COMMAND, Command.STOP).encode())
        self._port.write(Frame(Type.COMMAND, Command.POWER, round(dbm * 100).to_bytes(2, "big")).encode())
        until_s = monotonic() + self._device.timeout_s
        while (left_s := until_s - monotonic()) > 0:
            for frame in self._frames(await self._port.read(left_s / 2)):
                self._take(frame)
                is_error = frame.command == Command.ERROR and not _found_none(frame)
                if is_error or (frame.command == Command.POWER and frame.parameters.strip(b"\0")):
                    raise DeviceRefused(f"{self._device.endpoint}: power {dbm:g} dBm refused")
                if frame.command == Command.POWER:
                    return
        raise DeviceUnreachable(f"{self._device.endpoint}: no answer to the transmit power")

    async def listen(self, wait_s: float) -> bool:
        """Whether a frame came within `wait_s`."""
        frames = self._frames(await self._port.read(max(0.0, wait_s)))
        for frame in frames:
            self._take(frame)
        return bool(frames)

    def _frames(self, chunk: bytes) -> list[Frame]:
        bad = self._stream.bad
        frames = list(self._stream.feed(chunk))
        if not chunk:
            frames += self._stream.give_up()
        if self._stream.bad > bad:
            self._intake.flag("bad_frame", self._stream.bad - bad, example=chunk.hex())
        return frames

    def _take(self, frame: Frame) -> None:
        self.is_alive = True
        self._intake.health.polls += 1
        if frame.type == Type.NOTICE and frame.command == Command.POLL:
            try:
                epc, rssi_dbm = decode_tag(frame.parameters)
            except FrameWrong as wrong:
                self._intake.flag("bad_frame", example=f"{wrong}: {frame.parameters.hex()}")
                return
            now_ms = self._intake.clock.now_ms()
            self._sightings.see(Sight(epc, ANTENNA, rssi_dbm, now_ms, now_ms))
        elif frame.command == Command.ERROR and not _found_none(frame):
            self._intake.flag("module_error", example=frame.parameters.hex())


def _found_none(frame: Frame) -> bool:
    """Whether an error only says that a round found no tag."""
    return frame.parameters[:1] == bytes([ROUND_FOUND_NONE])
