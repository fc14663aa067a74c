"""Reads long histories of facts as columns, without an object for each reading."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.ingest.tables import SignalFact

Whole: TypeAlias = NDArray[np.int64]


class NumberColumns(NamedTuple):
    """Readings of a number in time order; values that are not finite are left out."""

    ts_ms: Whole
    values: Whole


class TextColumns(NamedTuple):
    """Readings of a text in time order, of one millisecond the later stream, position and ord last.

    `codes` are indices into `names`; -1 is a reading without a text.
    """

    ts_ms: Whole
    codes: Whole
    names: Sequence[str]


def number_columns(session: Session, kind: str, source: str, since_ms: int, until_ms: int) -> NumberColumns:
    """The numbers that a source read in [since, until), the last before `since` included, in time order."""
    rows = _rows(session, kind, source, (since_ms, until_ms), SignalFact.value)
    times = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    values = np.fromiter((np.nan if row[1] is None else row[1] for row in rows), np.float64, len(rows))
    finite = np.isfinite(values)
    return NumberColumns(times[finite], values[finite].astype(np.int64))


def text_columns(session: Session, kind: str, source: str, since_ms: int, until_ms: int) -> TextColumns:
    """The texts that a source read in [since, until), the last before `since` included, in time order."""
    rows = _rows(session, kind, source, (since_ms, until_ms), SignalFact.text)
    code_of: dict[str | None, int] = {None: -1}
    names: list[str] = []
    for text in {row[1] for row in rows}:
        if text is not None:
            code_of[text] = len(names)
            names.append(text)
    times = np.fromiter((row[0] for row in rows), np.int64, len(rows))
    return TextColumns(times, np.fromiter((code_of[row[1]] for row in rows), np.int64, len(rows)), names)


def _rows(session: Session, kind: str, source: str, window: tuple[int, int], column: Any) -> Sequence[Any]:
    of_source = (SignalFact.source == source, SignalFact.kind == kind)
    before = select(SignalFact.ts_ms).where(*of_source, SignalFact.ts_ms < window[0])
    first_ms = session.scalar(before.order_by(SignalFact.ts_ms.desc()).limit(1))
    since_ms = window[0] if first_ms is None else first_ms
    return session.execute(
        select(SignalFact.ts_ms, column)
        .where(*of_source, SignalFact.ts_ms >= since_ms, SignalFact.ts_ms < window[1])
        .order_by(SignalFact.ts_ms, SignalFact.stream, SignalFact.position, SignalFact.ord)
    ).all()
