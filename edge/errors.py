"""The edge's error tree.

::

    EdgeError
    ├── DeviceUnreachable   the device does not answer: try again, for ever, with backoff
    ├── DeviceRefused       the device answers and says no: wrong address, node or right; try again rarely
    ├── WriteFailed         a value was not written, or nobody knows (edge.writes)
    ├── SpoolRefused        the gateway's disk does not keep up: give the session up, coverage starts anew
    └── ConfigWrong         a person must change the file: exit code 2
"""

from pathlib import Path


class EdgeError(Exception):
    """Everything the edge raises on purpose."""


class DeviceUnreachable(EdgeError):
    """The device does not answer, or not in time; the session is over and may be opened again."""


class DeviceRefused(EdgeError):
    """The device answers, but will not give what the configuration asks for."""


class SpoolRefused(EdgeError):
    """The spool took no more; what was seen is lost, so the session may not go on as if nothing was."""


class ConfigWrong(EdgeError):
    """The configuration cannot be used; every finding names file, key and what would be accepted.

    Attributes
    ----------
    file : pathlib.Path
        The configuration file.
    findings : tuple of str
        One line per finding, `key: what is wrong; accepted: …`, without the file.
    """

    def __init__(self, file: Path, findings: list[str]) -> None:
        self.file = file
        self.findings = tuple(findings)
        super().__init__("\n".join(f"{file}: {finding}" for finding in findings))
