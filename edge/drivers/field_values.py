"""What sensors write as text or JSON, as numbers, truths and times."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final

from edge.scaling import TEXTS

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
LONGEST_NUMBER: Final = 40
_WHOLE: Final = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_REAL: Final = re.compile(
    r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:e[+-]?\d{1,4})?|[+-]?(?:nan|inf|infinity)", re.ASCII | re.IGNORECASE
)
_TRUTHS: Final = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}


class FieldWrong(ValueError):
    """A field that is not what its tag or time wants; the text says what it was."""


def number(text: str, decimal: str = ".") -> int | float:
    """The number that `text` is, e.g. `+21.50` → 21.5, with decimal `,` `21,50` → 21.5; `NaN` is one too.

    Raises
    ------
    FieldWrong
        When it is none; `1_000` and `0x1F` are none.
    """
    plain = text.strip()
    if len(plain) > LONGEST_NUMBER:
        raise FieldWrong(plain[:LONGEST_NUMBER])
    if decimal != ".":
        plain = plain.replace(".", "?").replace(decimal, ".")
    if _WHOLE.fullmatch(plain):
        return int(plain)
    if _REAL.fullmatch(plain):
        return float(plain)
    raise FieldWrong(text)


def raw_of(text: str, datatype: str, decimal: str = ".") -> bool | int | float | str:
    """What `text` is to a tag of `datatype`: a text, a truth (`1 0 true false on off`) or a number.

    Raises
    ------
    FieldWrong
        When it is not.
    """
    if datatype in TEXTS:
        return text.strip()
    if datatype == "Boolean":
        truth = _TRUTHS.get(text.strip().lower())
        if truth is None:
            raise FieldWrong(text)
        return truth
    return number(text, decimal)


def moment(given: object, form: str) -> int:
    """Plant time (ms since the Unix epoch) that a sensor wrote in `form`: `iso`, `unix_s` or `unix_ms`.

    Raises
    ------
    FieldWrong
        When it is no time, or an ISO time without a zone.
    """
    if form == "iso":
        return _iso(given)
    if isinstance(given, str):
        given = number(given)
    if isinstance(given, bool) or not isinstance(given, int | float) or not math.isfinite(given):
        raise FieldWrong(repr(given))
    ms = round(given * 1000) if form == "unix_s" else round(given)
    if not 0 <= ms < 2**53:
        raise FieldWrong(repr(given))
    return ms


def _iso(given: object) -> int:
    if not isinstance(given, str):
        raise FieldWrong(repr(given))
    try:
        found = datetime.fromisoformat(given.strip())
    except ValueError as error:
        raise FieldWrong(given) from error
    if found.tzinfo is None:
        raise FieldWrong(f"{given}: a time without a zone")
    return (found - EPOCH) // MILLISECOND
