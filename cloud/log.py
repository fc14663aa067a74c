"""How the cloud writes its log: one fact per line."""

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import Processor


class _Steady:
    """A full disk or a closed pipe costs lines of the log, never the thread that writes them."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure_log(*, level: str = "info", as_json: bool | None = None) -> None:
    """Nothing comes back; structlog and the standard library's loggers write to stderr from now on.

    Parameters
    ----------
    level
        Lowest level that is written: `debug`, `info`, `warning` or `error`.
    as_json
        One JSON object per line; by default when stderr is not a terminal.
    """
    machine_readable = not sys.stderr.isatty() if as_json is None else as_json
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_renderer(machine_readable=machine_readable),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: structlog.PrintLogger(cast("TextIO", _Steady(sys.stderr))),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


def _renderer(*, machine_readable: bool) -> list[Processor]:
    if machine_readable:
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    # Plain tracebacks: the pretty ones print local variables, among them passwords.
    return [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
