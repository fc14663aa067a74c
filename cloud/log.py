"""How the cloud writes its log: one fact per line."""

import logging
import sys

import structlog


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
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer() if machine_readable else structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
