"""Paths into JSON documents, such as `values.temp` or `sensors[0]["t.1"]`."""

import re
from typing import Final

Path = tuple[str | int, ...]
_STEP: Final = re.compile(r'\.?(?P<key>[^.\[\]"]++)|\[(?P<index>\d{1,6})\]|\["(?P<quoted>[^"]++)"\]')
DEEPEST: Final = 16


class PathWrong(ValueError):
    """Text that is no path; says what is accepted."""


def parsed(text: str) -> Path:
    """The steps of a path, e.g. `sensors[0].t` → ("sensors", 0, "t").

    Raises
    ------
    PathWrong
        When it is none.
    """
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None or (at == 0 and text[0] == "."):
            break
        index = found["index"]
        steps.append(int(index) if index else found["key"] or found["quoted"])
        at = found.end()
    if at < len(text) or not steps or len(steps) > DEEPEST:
        raise PathWrong(
            f'{text!r} at character {at + 1}; accepted: a path such as values.temp or list[0]["a.b"]'
        )
    return tuple(steps)


def picked(document: object, path: Path) -> object:
    """What stands at `path`.

    Raises
    ------
    LookupError
        When nothing does.
    """
    for step in path:
        if isinstance(step, int) and isinstance(document, list):
            document = document[step]
            continue
        if isinstance(step, str) and isinstance(document, dict):
            document = document[step]
            continue
        raise LookupError(step)
    return document
