"""Which of many tags a person looks for."""

import heapq
from collections.abc import Iterable


def tags_with(tags: Iterable[str], contains: str, after: str | None, limit: int) -> list[str]:
    """Return up to `limit` tags in the order of their names that come after `after`.

    Parameters
    ----------
    tags
        All that are known, in any order.
    contains
        Part of the name in any case of letters; an empty text finds every tag.
    after
        The last name of the page before; None begins at the first.
    limit
        How many at most, from 1.
    """
    wanted = contains.casefold()
    found = (tag for tag in tags if (after is None or tag > after) and wanted in tag.casefold())
    return heapq.nsmallest(limit, found)
