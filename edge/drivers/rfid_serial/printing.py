"""A reader that prints lines: only listened to, with the reader's own time in each line."""

from time import monotonic

from edge.devices.rfid_serial import RfidDevice
from edge.drivers.rfid_serial.port import Port
from edge.intake import Intake
from edge.presence import Sight
from edge.sightings import Sightings
from wire.readers.lines import LineStream, LineWrong, parse

# How often coverage is asserted, real seconds; also how long a line may take from the reader to us.
FLUSH_S = 0.25


async def talk(_device: RfidDevice, intake: Intake, port: Port, sightings: Sightings) -> None:
    """Listen until the port is gone.

    Coverage is the gateway's plant clock while the port is open, one flush behind, so that a line on its
    way cannot arrive after its time was declared seen. A silent port cannot be told from a quiet reader.
    """
    stream = LineStream()
    lag_ms = 0
    since_ms = through_ms = intake.clock.now_ms()
    due_s = monotonic() + FLUSH_S
    while True:
        chunk = await port.read(max(0.0, due_s - monotonic()))
        bad = stream.bad
        for line in stream.feed(chunk):
            intake.health.polls += 1
            try:
                read = parse(line)
            except LineWrong:
                intake.flag("bad_line", example=line.decode("ascii", "backslashreplace"))
                continue
            at_ms = (read.last_us or 0) // 1000
            # The reader's clock may stand behind ours: nobody departs before the reader says it is so late.
            lag_ms = max(0, intake.clock.now_ms() - at_ms)
            sightings.see(Sight(read.epc, read.antenna, read.rssi_dbm, at_ms, at_ms))
        if stream.bad > bad:
            intake.flag("bad_line", stream.bad - bad)
        if monotonic() >= due_s:
            due_s = monotonic() + FLUSH_S
            now_ms = intake.clock.now_ms()
            sightings.flush((since_ms, through_ms), through_ms - lag_ms)
            through_ms = now_ms
