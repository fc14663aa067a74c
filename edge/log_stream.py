"""A log that never stops the work: lines that cannot be written are counted instead."""

from typing import TextIO


class SteadyStream:
    """Writes to another stream; a full disk or a closed pipe costs lines, never the thread that wrote them.

    Attributes
    ----------
    lost : int
        Writes that failed since the last one that did not.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.lost = 0

    def write(self, text: str) -> int:
        """Characters taken; after failures the next line that can be written says how many were lost."""
        try:
            if self.lost:
                self._stream.write(f"{self.lost} writes to the log were lost\n")
            self._stream.write(text)
        except OSError:
            self.lost += 1
        else:
            self.lost = 0
        return len(text)

    def flush(self) -> None:
        """Hand on what is buffered."""
        try:
            self._stream.flush()
        except OSError:
            self.lost += 1
