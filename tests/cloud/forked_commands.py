"""The cloud's command line, imported once: for each line on standard input a fork of this process runs it.

A line is JSON: `words`, `environment`, and the folder `streams` with a file `in` that becomes standard input;
`out` and `err` are written there. The exit code is the answer, one line each.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from cloud.__main__ import app


def run(words: list[str], environment: dict[str, str], streams: str) -> None:
    """Become the command; does not return."""
    os.environ.clear()
    os.environ.update(environment)
    folder = Path(streams)
    for number, (name, flags) in enumerate((("in", os.O_RDONLY), ("out", os.O_WRONLY), ("err", os.O_WRONLY))):
        os.dup2(os.open(folder / name, flags | os.O_CREAT), number)
    sys.argv = ["cloud", *words]
    app()


def answer(job: dict[str, Any]) -> int:
    """Return the exit code of the command in a process of its own."""
    child = os.fork()
    if child == 0:
        run(**job)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    for line in sys.stdin:
        print(answer(json.loads(line)), flush=True)  # noqa: T201  what the test reads
