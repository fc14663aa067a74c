"""A log on a full disk must not stop a gateway."""

import io

from edge.log_stream import SteadyStream


class FullDisk(io.StringIO):
    """A file that takes nothing while its disk is full."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(27, "File too large")
        return super().write(text)

    def flush(self) -> None:
        if self.is_full:
            raise OSError(27, "File too large")


def test_lines_are_lost_and_counted_while_the_disk_is_full() -> None:
    disk = FullDisk()
    log = SteadyStream(disk)
    log.write("one\n")
    disk.is_full = True
    assert log.write("two\n") == 4
    log.write("three\n")
    disk.is_full = False
    log.write("four\n")
    log.flush()
    assert disk.getvalue() == "one\n2 writes to the log were lost\nfour\n"
    assert log.lost == 0


def test_a_failing_flush_stops_nothing() -> None:
    disk = FullDisk()
    disk.is_full = True
    log = SteadyStream(disk)
    log.flush()
    assert log.lost == 1
