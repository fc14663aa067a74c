"""Faults on command: which ones are in force, what a line of text starts or ends."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


class FaultWrong(ValueError):
    """A line that is no fault command; the message says what would be accepted."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One fault that a simulator can show.

    Attributes
    ----------
    text : str
        What happens, for a person.
    keys : mapping of str to float
        Keys the command may set, with their defaults, e.g. `{"ms": 500.0}`.
    is_event : bool
        Whether it happens once, when it is said, unless seconds are given; such as a reset or a restart.
    """

    text: str
    keys: Mapping[str, float] = field(default_factory=dict)
    is_event: bool = False


@dataclass(slots=True)
class Fault:
    """A fault in force; `until_s` is monotonic real time, infinite until cleared."""

    name: str
    until_s: float
    keys: dict[str, float]

    def __getitem__(self, key: str) -> float:
        return self.keys[key]


# Of any TCP link; `simulators.links` makes them.
LINK_FAULTS: Mapping[str, FaultKind] = {
    "latency": FaultKind("answers come so much later", {"ms": 500.0}),
    "black_hole": FaultKind("bytes vanish both ways while connections stay open"),
    "reset": FaultKind("connections are reset; with seconds, new ones too", is_event=True),
    "truncate": FaultKind("answers are cut after so many bytes (0: in half)", {"bytes": 0.0}),
}


class Faults:
    """The faults of one simulator.

    Parameters
    ----------
    kinds : mapping of str to FaultKind
        What this simulator can do.
    clock : callable
        Monotonic real time in seconds.
    """

    def __init__(self, kinds: Mapping[str, FaultKind], clock: Callable[[], float] = time.monotonic) -> None:
        self.kinds = dict(kinds)
        self._clock = clock
        self._in_force: dict[str, Fault] = {}
        self._listeners: dict[str, list[Callable[[Fault], None]]] = {}

    def when(self, name: str, act: Callable[[Fault], None]) -> None:
        """Call `act` each time the fault `name` begins."""
        self._listeners.setdefault(name, []).append(act)

    def now(self, name: str) -> Fault | None:
        """The fault `name` if it is in force at this moment."""
        found = self._in_force.get(name)
        if found is None:
            return None
        if self._clock() >= found.until_s:
            del self._in_force[name]
            return None
        return found

    def begin(self, name: str, seconds: float | None = None, **keys: float) -> Fault:
        """Start a fault, for `seconds` or until cleared; an event without seconds is over at once.

        Raises
        ------
        FaultWrong
            When there is no such fault or key, or the time is not a positive number of seconds.
        """
        kind = self.kinds.get(name)
        if kind is None:
            raise FaultWrong(f"no fault {name!r}; accepted: {', '.join(self.kinds) or 'none'}")
        strange = [key for key in keys if key not in kind.keys]
        if strange:
            raise FaultWrong(f"{name} has no {', '.join(strange)}; accepted: {self._keys_of(kind)}")
        if seconds is not None and not 0 < seconds < math.inf:
            raise FaultWrong(f"{seconds:g} is no time; accepted: seconds above 0")
        lasting = (0.0 if kind.is_event else math.inf) if seconds is None else seconds
        fault = Fault(name, self._clock() + lasting, {**kind.keys, **keys})
        if lasting > 0:
            self._in_force[name] = fault
        for act in self._listeners.get(name, ()):
            act(fault)
        return fault

    def clear(self, name: str | None = None) -> None:
        """End one fault, or all of them.

        Raises
        ------
        FaultWrong
            When there is no such fault.
        """
        if name is None:
            self._in_force.clear()
        elif name not in self.kinds:
            raise FaultWrong(f"no fault {name!r}; accepted: {', '.join(self.kinds) or 'none'}")
        else:
            self._in_force.pop(name, None)

    def say(self, line: str) -> str:
        """The answer to one command line, `ok` or `error …; accepted: …`; it never raises.

        `fault NAME [seconds] [key=number …]` starts, `clear [NAME]` ends, `faults` lists.
        """
        try:
            return self._said(line.split())
        except FaultWrong as wrong:
            return f"error {wrong}"

    def _said(self, words: list[str]) -> str:
        match words:
            case ["fault", name, *rest]:
                plain = [word for word in rest if "=" not in word]
                if len(plain) > 1:
                    raise FaultWrong(
                        f"{' '.join(plain)!r} is one too many; accepted: seconds, then key=number"
                    )
                keys = dict(word.split("=", 1) for word in rest if "=" in word)
                seconds = _number("seconds", plain[0]) if plain else None
                self.begin(name, seconds, **{key: _number(key, text) for key, text in keys.items()})
            case ["clear"]:
                self.clear()
            case ["clear", name]:
                self.clear(name)
            case ["faults"]:
                named = (f"{name} ({kind.text}; {self._keys_of(kind)})" for name, kind in self.kinds.items())
                return "ok " + "; ".join(named)
            case _:
                raise FaultWrong(
                    f"{' '.join(words)[:80]!r} is no command; "
                    "accepted: fault NAME [seconds] [key=number …], clear [NAME], faults"
                )
        return "ok"

    @staticmethod
    def _keys_of(kind: FaultKind) -> str:
        return ", ".join(f"{key}={value:g}" for key, value in kind.keys.items()) or "no keys"


def _number(what: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FaultWrong(f"{what} is {text!r}; accepted: a number")
    return number
