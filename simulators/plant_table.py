"""One table of a plant file, read key by key."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeVar

T = TypeVar("T")
SPAN = 2  # a span in the file is [least, most]


class PlantFileWrong(ValueError):
    """A plant file that cannot be simulated; the message names file, key and what is accepted."""


class Table:
    """One table of the file; its accessors name the key in their errors."""

    def __init__(self, values: Mapping[str, object], where: str) -> None:
        self._values = values
        self._where = where

    def _get(self, key: str, accepted: str, convert: Callable[[object], T]) -> T:
        try:
            return convert(self._values[key])
        except KeyError:
            raise PlantFileWrong(f"{self._where}.{key} is missing; accepted: {accepted}") from None
        except (TypeError, ValueError, AttributeError):
            found = self._values[key]
            raise PlantFileWrong(f"{self._where}.{key} = {found!r} is wrong; accepted: {accepted}") from None

    def has(self, key: str) -> bool:
        """Whether the table has a key."""
        return key in self._values

    def text(self, key: str) -> str:
        """A text that is not empty."""
        return self._get(key, "a text", _text)

    def number(self, key: str) -> float:
        """A number not below 0."""
        return self._get(key, "a number not below 0", _number)

    def share(self, key: str) -> float:
        """A share from 0 to below 1."""
        return self._get(key, "a share from 0 to below 1", _share)

    def span(self, key: str) -> tuple[float, float]:
        """Least and most, both not below 0."""
        return self._get(key, "[least, most], numbers not below 0", _span)

    def minute(self, key: str) -> int:
        """The minute of the day of a time such as "19:30"."""
        return self._get(key, 'a time of day such as "19:30"', _minute_of_day)

    def moment_ms(self, key: str) -> int:
        """Milliseconds since the Unix epoch of a date-time with offset."""
        return self._get(key, "a date-time with offset", _moment_ms)

    def table(self, key: str) -> "Table":
        """A table inside this one."""
        return Table(self._get(key, "a table", _mapping), f"{self._where}.{key}")

    def tables(self, key: str) -> list["Table"]:
        """A list of tables."""
        rows = self._get(key, "a list of tables", lambda v: [_mapping(row) for row in _list(v)])
        return [Table(row, f"{self._where}.{key}[{i}]") for i, row in enumerate(rows)]

    def choices(self, key: str, accepted: tuple[str, ...]) -> list[str]:
        """A list of texts, each one of those accepted."""

        def convert(value: object) -> list[str]:
            return [accepted[accepted.index(_text(item))] for item in _list(value)]

        return self._get(key, f"a list of {', '.join(accepted)}", convert)

    def codes(self, key: str) -> tuple[int, ...]:
        """A list of whole numbers not below 0."""

        def convert(value: object) -> tuple[int, ...]:
            return tuple(int(_number(item)) for item in _list(value))

        return self._get(key, "a list of whole numbers not below 0", convert)

    def names(self) -> list[str]:
        """All keys."""
        return list(self._values)

    def items(self) -> list[tuple[str, object]]:
        """All keys with their values, as they stand there."""
        return list(self._values.items())

    def wrong(self, problem: str) -> PlantFileWrong:
        """The error of a table that does not go together."""
        return PlantFileWrong(f"{self._where}: {problem}")


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise TypeError
    return float(value)


def _share(value: object) -> float:
    share = _number(value)
    if share >= 1:
        raise ValueError
    return share


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _span(value: object) -> tuple[float, float]:
    numbers = [_number(item) for item in _list(value)]
    if len(numbers) != SPAN or numbers[0] > numbers[1]:
        raise ValueError
    return numbers[0], numbers[1]


def _minute_of_day(value: object) -> int:
    hours, minutes = _text(value).split(":")
    of_day = int(hours) * 60 + int(minutes)
    if not (0 <= int(minutes) < 60 and 0 <= of_day < 24 * 60):  # noqa: PLR2004  the clock's own numbers
        raise ValueError
    return of_day


def _moment_ms(value: object) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise TypeError
    return round(value.timestamp() * 1000)
