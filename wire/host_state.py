"""A host's STATE message: whether it is online, since when."""

import json
from dataclasses import dataclass
from typing import Self


class MalformedState(ValueError):
    """These bytes are no STATE message of Sparkplug 3.0."""


@dataclass(frozen=True, slots=True)
class HostState:
    """Whether a host is online; `timestamp_ms` is real time and the same in its will and its birth."""

    is_online: bool
    timestamp_ms: int

    def to_bytes(self) -> bytes:
        """The message as Sparkplug 3.0 writes it, `{"online": true, "timestamp": 1700000000000}`."""
        return json.dumps({"online": self.is_online, "timestamp": self.timestamp_ms}).encode()

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """State that `raw` says.

        Raises
        ------
        MalformedState
            When it is not a JSON object with a Boolean `online` and a whole `timestamp`.
        """
        try:
            said = json.loads(raw)
        except (ValueError, RecursionError) as wrong:
            raise MalformedState(f"STATE is not JSON: {wrong}") from wrong
        online, timestamp = (
            (said.get("online"), said.get("timestamp")) if isinstance(said, dict) else (None, None)
        )
        if not isinstance(online, bool) or not isinstance(timestamp, int) or isinstance(timestamp, bool):
            raise MalformedState(f"STATE needs a Boolean online and a whole timestamp, got {raw[:80]!r}")
        return cls(online, timestamp)
