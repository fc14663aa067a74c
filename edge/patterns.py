"""How long a regular expression may take at worst, judged before it ever runs."""

import re
from collections.abc import Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

# Steps of the matcher; it makes some tens of millions a second.
MOST_STEPS: Final = 4_000_000
LONGEST_PATTERN: Final = 500

_REPEATS: Final = frozenset({sre.MAX_REPEAT, sre.MIN_REPEAT})


class PatternWrong(ValueError):
    """A pattern that is no regular expression, or one that some line would keep busy for too long."""


def checked(pattern: str, longest_line: int) -> re.Pattern[str]:
    r"""The compiled pattern, when no line of at most `longest_line` characters takes too long.

    A repeat costs a factor for every length it may have, unless the sign behind it ends it; one inside
    another costs without bound. Possessive repeats (`[^;]*+`) never give back what they took and cost
    nothing. The pattern must match the whole line, so it is tried at its beginning only.

    Raises
    ------
    PatternWrong
        Saying what is wrong and what is accepted.
    """
    if len(pattern) > LONGEST_PATTERN:
        raise PatternWrong(f"is {len(pattern)} characters long; accepted: at most {LONGEST_PATTERN}")
    try:
        compiled = re.compile(pattern)
        tree = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternWrong(
            f"{pattern!r} is no regular expression: {error}; accepted: Python's form"
        ) from error
    if not compiled.groupindex:
        raise PatternWrong(f"{pattern!r} names nothing; accepted: named groups such as (?P<temp_c>[-+.0-9]+)")
    steps = _ways(tree, longest_line, []) * longest_line
    if steps > MOST_STEPS:
        raise PatternWrong(
            f"{pattern!r} may take {steps:.0e} steps for a line of {longest_line} characters; "
            f"accepted: at most {MOST_STEPS:.0e}: use possessive repeats such as [^;]*+, or a shorter "
            "longest_line"
        )
    return compiled


def _ways(tree: Any, longest: int, after: list[Any]) -> int:
    """In how many ways a part that is followed by `after` can be tried on one line, at most."""
    ways = 1
    items = list(tree)
    for index, (kind, given) in enumerate(items):
        following = items[index + 1 :] + after
        if kind in _REPEATS:
            ways *= _repeat_ways(given, following, longest)
        elif kind is sre.POSSESSIVE_REPEAT:
            ways *= _ways(given[2], longest, [])
        elif kind is sre.SUBPATTERN:
            ways *= _ways(given[-1], longest, following)
        elif kind is sre.ATOMIC_GROUP:
            ways *= _ways(given, longest, [])
        elif kind is sre.BRANCH:
            ways *= sum(_ways(branch, longest, following) for branch in given[1])
        elif kind in {sre.ASSERT, sre.ASSERT_NOT, sre.GROUPREF, sre.GROUPREF_EXISTS}:
            raise PatternWrong("looks ahead, behind or back; accepted: a pattern without (?=…), (?!…) or \\1")
    return ways


def _repeat_ways(given: Any, after: list[Any], longest: int) -> int:
    fewest, most, inner = int(given[0]), int(given[1]), given[2]
    if most > 1 and any(kind in _REPEATS or kind is sre.BRANCH for kind, _ in _flat(inner)):
        raise PatternWrong(
            "has a repeat or a choice inside a repeat, which some lines keep busy for hours; accepted: one "
            "level, or possessive repeats inside such as (?:\\d++;)*+"
        )
    ways = _ways(inner, longest, after)
    # What ends where the next sign cannot be part of it, ends in one way only.
    is_certain = fewest == most or _is_apart(list(inner), _firsts(after))
    return ways if is_certain else ways * (min(most, longest) - fewest + 1)


def _flat(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Every item of a part, at any depth, outside possessive repeats and atomic groups."""
    for kind, given in tree:
        yield kind, given
        if kind is sre.SUBPATTERN:
            yield from _flat(given[-1])
        elif kind is sre.BRANCH:
            for branch in given[1]:
                yield from _flat(branch)
        elif kind in _REPEATS:
            yield from _flat(given[2])


def _firsts(items: list[Any]) -> list[Any]:
    """The signs with which these items can begin; none where the line ends."""
    found: list[Any] = []
    for index, (kind, given) in enumerate(items):
        rest = items[index + 1 :]
        if kind is sre.SUBPATTERN:
            return found + _firsts(list(given[-1]) + rest)
        if kind is sre.BRANCH:
            return found + [first for branch in given[1] for first in _firsts(list(branch) + rest)]
        if kind in _REPEATS or kind is sre.POSSESSIVE_REPEAT:
            found += _firsts(list(given[2]))
            if int(given[0]) > 0:
                return found
        elif kind is not sre.AT:
            return [*found, (kind, given)]
    return found


def _is_apart(inner: list[Any], firsts: list[Any]) -> bool:
    """Whether a repeated single sign can be none of `firsts`."""
    if len(inner) != 1:
        return False
    repeated = _sign(inner[0])
    following = [_sign(first) for first in firsts]
    if repeated is None or None in following:
        return False
    return not any(
        repeated.fullmatch(sign) and any(pattern and pattern.fullmatch(sign) for pattern in following)
        for sign in _SIGNS
    )


# Signs that stand for all: those of Western lines, and one letter, digit and space of elsewhere.
_SIGNS: Final = [chr(code) for code in range(0x180)] + ["\u6e29", "\u0669", "\u3000"]


def _sign(item: Any) -> re.Pattern[str] | None:
    """The one sign that an item stands for, as a pattern; None when it is something else."""
    kind, given = item
    if kind is sre.LITERAL:
        return re.compile(re.escape(chr(given)))
    if kind is sre.NOT_LITERAL:
        return re.compile(f"[^{re.escape(chr(given))}]")
    return re.compile(_class_text(given)) if kind is sre.IN else None


_CATEGORIES: Final = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}


def _class_text(parts: Any) -> str:
    text = ""
    for kind, given in parts:
        if kind is sre.NEGATE:
            text += "^"
        elif kind is sre.LITERAL:
            text += re.escape(chr(given))
        elif kind is sre.RANGE:
            text += f"{re.escape(chr(given[0]))}-{re.escape(chr(given[1]))}"
        else:
            text += _CATEGORIES[given]
    return f"[{text}]"
