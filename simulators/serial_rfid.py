"""The serial line of a tag reader, as a pseudo terminal."""

import os
import tty

from simulators.events import TagRead
from wire import readers
from wire.readers.lines import print_line


def read_line(read: TagRead) -> bytes:
    """A read as the reader prints it: EPC, antenna, signal strength, ISO time, line end."""
    return print_line(readers.TagRead(read.epc, read.antenna, read.rssi_dbm, last_us=read.ts_ms * 1000))


class SerialReader:
    """A pseudo terminal that a reader writes to; like a real serial line it never waits for a listener.

    What nobody reads stays in the terminal's buffer as long as it fits; then whole lines are lost, not parts.
    """

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        # The slave stays open here, so the path survives a listener that comes and goes.
        self.path = os.ttyname(self._slave)
        self.dropped = 0
        self._unfinished = b""

    def send(self, read: TagRead) -> bool:
        """Whether the line found room; a line without room is counted in `dropped`."""
        if self._flush():
            line = self._unfinished = read_line(read)
            self._flush()
            if self._unfinished != line:
                return True
            self._unfinished = b""
        self.dropped += 1
        return False

    def _flush(self) -> bool:
        """Whether all that was begun has gone out."""
        while self._unfinished:
            try:
                written = os.write(self._master, self._unfinished)
            except BlockingIOError:
                return False
            self._unfinished = self._unfinished[written:]
        return True

    def close(self) -> None:
        """Give the pseudo terminal back."""
        os.close(self._master)
        os.close(self._slave)
