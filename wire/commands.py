"""Commands with an identity on their way down, and the word of what became of them on its way up.

A command is an ordinary DCMD (or NCMD): one metric, by name or by the alias of the birth. A host of ours puts
a header beside it, in `Payload.body`, which any other edge node passes over. The result comes up as a point
of the node's metric `Node Control/Command Result`, spooled and receipted like every other point.
"""

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

from wire.sparkplug import Metric, Payload

COMMAND_RESULT: Final = "Node Control/Command Result"
# An edge remembers an id until it expires, so a command may not live longer than this.
LONGEST_LIFE_MS: Final = 3_600_000
_MAGIC: Final = b"TC\x01"
_MAX_HEADER: Final = 2048
_MAX_TEXT: Final = 200
_MAX_VALUE: Final = 1000
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LAST_MS: Final = 1 << 53

CommandValue = bool | int | float | str | None


class MalformedCommand(ValueError):
    """A command header or result of ours that breaks its own form."""


class Outcome(StrEnum):
    """What became of a command.

    `done`: written and read back. `refused`: never tried, the reason says why. `failed`: tried, the device
    said no or holds something else now. `unknown`: tried, and nobody knows (link or power lost meanwhile).
    """

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CommandHeader:
    """Who asks for what until when.

    Parameters
    ----------
    id : str
        1 to 64 of A–Z, a–z, 0–9, `_`, `-`; the edge executes an id once.
    expires_ms : int
        Real time, ms since the Unix epoch, after which it is not begun any more; at most an hour ahead.
    requester, reason : str
        For the audit, at most 200 characters each.

    Raises
    ------
    MalformedCommand
        When one of them breaks its form.
    """

    id: str
    expires_ms: int
    requester: str = ""
    reason: str = ""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise MalformedCommand("a command id has 1 to 64 of A-Z, a-z, 0-9, _ and -")
        if not 0 <= self.expires_ms < _LAST_MS:
            raise MalformedCommand(f"a command cannot expire at {self.expires_ms}")
        for name, text in (("requester", self.requester), ("reason", self.reason)):
            if len(text) > _MAX_TEXT:
                raise MalformedCommand(f"a command's {name} has at most {_MAX_TEXT} characters")

    def to_bytes(self) -> bytes:
        """The header as it stands in `Payload.body`."""
        said = {
            "id": self.id,
            "expires_ms": self.expires_ms,
            "requester": self.requester,
            "reason": self.reason,
        }
        return _MAGIC + json.dumps(said).encode()

    @classmethod
    def from_body(cls, body: bytes | None) -> Self | None:
        """Header in a command's body; None when the body is absent or somebody else's.

        Raises
        ------
        MalformedCommand
            When the body is ours by its first bytes but broken.
        """
        if body is None or not body.startswith(_MAGIC):
            return None
        if len(body) > _MAX_HEADER:
            raise MalformedCommand(f"a command header has at most {_MAX_HEADER} bytes, not {len(body)}")
        said = _object(body[len(_MAGIC) :])
        return cls(
            _field(said, "id", str),
            _field(said, "expires_ms", int),
            _field(said, "requester", str, ""),
            _field(said, "reason", str, ""),
        )


def write_command(metric: Metric, header: CommandHeader, timestamp_ms: int) -> Payload:
    """DCMD or NCMD payload that asks for one write.

    Parameters
    ----------
    metric : Metric
        The metric to write by name, or by the alias its birth gave it, with datatype and value.
    header : CommandHeader
        Its identity; the id stands in `Payload.uuid` too, for people who listen on the broker.
    timestamp_ms : int
        Plant time.
    """
    return Payload(
        timestamp_ms=timestamp_ms,
        metrics=(metric._replace(timestamp_ms=timestamp_ms),),
        body=header.to_bytes(),
        uuid=header.id,
    )


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What became of one command; `to_text()` is the value of the metric `COMMAND_RESULT`.

    Parameters
    ----------
    id : str
        Of the command; empty for a plain command of another host, which has none.
    device, metric : str
        What was to be written; the device is empty for a metric of the node.
    outcome : Outcome
        See there.
    value : bool, int, float, str or None
        Read back from the device when `done`; otherwise the value that was asked for. Texts are cut after
        1,000 characters.
    reason : str
        Why, for people; empty when `done`.
    requester : str
        As the command said; empty when it did not.
    """

    id: str
    device: str
    metric: str
    outcome: Outcome
    value: CommandValue = None
    reason: str = ""
    requester: str = ""

    def to_text(self) -> str:
        """The result as a JSON object with the fields of this class."""
        value = self.value
        if isinstance(value, str):
            value = value[:_MAX_VALUE]
        said = {
            "id": self.id,
            "device": self.device,
            "metric": self.metric,
            "outcome": self.outcome.value,
            "value": value,
            "reason": self.reason[:_MAX_TEXT],
            "requester": self.requester[:_MAX_TEXT],
        }
        # A lone surrogate, which no wire carries, must not cost the result.
        return json.dumps(said, ensure_ascii=False).encode(errors="replace").decode()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Result that `text` says; unknown further fields are passed over.

        Raises
        ------
        MalformedCommand
            When it says none.
        """
        said = _object(text.encode(errors="replace"))
        value = said.get("value")
        if value is not None and not isinstance(value, bool | int | float | str):
            raise MalformedCommand("a command result's value is a Boolean, number, text or null")
        named = _field(said, "outcome", str)
        try:
            outcome = Outcome(named)
        except ValueError as wrong:
            raise MalformedCommand(f"unknown outcome {named!r}") from wrong
        return cls(
            _field(said, "id", str),
            _field(said, "device", str),
            _field(said, "metric", str),
            outcome,
            value,
            _field(said, "reason", str, ""),
            _field(said, "requester", str, ""),
        )


def _object(raw: bytes) -> dict[str, Any]:
    try:
        said = json.loads(raw)
    except (ValueError, RecursionError) as wrong:
        raise MalformedCommand(f"not JSON: {wrong}") from wrong
    if not isinstance(said, dict):
        raise MalformedCommand("not a JSON object")
    return said


def _field(said: dict[str, Any], name: str, kind: type, default: Any = None) -> Any:
    found = said.get(name, default)
    if not isinstance(found, kind) or isinstance(found, bool):
        raise MalformedCommand(f"{name} is missing or no {kind.__name__}")
    return found
