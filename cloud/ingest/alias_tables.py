"""What the aliases of each device stand for, as arrays: tag and datatype of many metrics in one step."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cloud.ingest.columns import Ints, Points, Truths, Words, drop
from wire.sparkplug import DataType

# Below 2^53: that one is also what 2^53 + 1 becomes as a double.
EXACT: Final = 2**53 - 1
# A device whose aliases spread wider than this is read the plain way.
WIDEST: Final = 1 << 20
_KINDS: Final = 256


class Values(NamedTuple):
    """Points as they are stored, all of good quality: index of the tag, time, value, datatype."""

    first: Ints
    tag: Ints
    ts_ms: Ints
    value: NDArray[np.float64]
    datatype: NDArray[np.uint8]


class _Device(NamedTuple):
    low: int
    tag: Ints  # -1 where an alias is not in the births of this device
    datatype: NDArray[np.uint8]


def _limits() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8]]:
    """Return what a whole number of each datatype may be, and the field in which it stands (0: in none)."""
    low, high = np.full(_KINDS, np.inf), np.full(_KINDS, -np.inf)
    field = np.zeros(_KINDS, dtype=np.uint8)
    for datatype, bits in ((DataType.INT8, 8), (DataType.INT16, 16), (DataType.INT32, 32)):
        low[datatype], high[datatype], field[datatype] = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1, 0x50
    for datatype, bits in ((DataType.UINT8, 8), (DataType.UINT16, 16), (DataType.UINT32, 32)):
        low[datatype], high[datatype], field[datatype] = 0, 2**bits - 1, 0x50
    for datatype, least in ((DataType.INT64, -EXACT), (DataType.UINT64, 0), (DataType.DATETIME, 0)):
        low[datatype], high[datatype], field[datatype] = least, EXACT, 0x58
    low[DataType.BOOLEAN], high[DataType.BOOLEAN], field[DataType.BOOLEAN] = 0, 1, 0x70
    return low, high, field


_LOW, _HIGH, _FIELD = _limits()
_IS_REAL: Final = np.isin(np.arange(_KINDS), (DataType.FLOAT, DataType.DOUBLE))
_IS_NARROW: Final = np.isin(np.arange(_KINDS), (DataType.INT8, DataType.INT16, DataType.INT32))
_DOUBLE, _FLOAT = 0x69, 0x65


class AliasTables:
    """The aliases of all devices that are read in groups; a device is a number of the caller's."""

    def __init__(self) -> None:
        self._devices: dict[int, _Device] = {}
        self._is_stale = False
        self._tag: Ints = np.empty(1, np.int64)
        self._datatype: NDArray[np.uint8] = np.empty(1, np.uint8)
        self._base: Ints = np.zeros(0, np.int64)
        self._low: Words = np.zeros(0, np.uint64)
        self._size: Words = np.zeros(0, np.uint64)

    def learn(self, device: int, tags: Mapping[int, tuple[int, int]]) -> None:
        """Take over what a device's births said: alias to (index of the tag, datatype)."""
        self._is_stale = True
        low = min(tags, default=0)
        width = max(tags, default=0) - low + 1
        if not tags or width > WIDEST:
            self._devices.pop(device, None)
            return
        known = _Device(low, np.full(width, -1, np.int64), np.zeros(width, np.uint8))
        for alias, (tag, datatype) in tags.items():
            known.tag[alias - low] = tag
            known.datatype[alias - low] = datatype if 0 <= datatype < _KINDS else 0
        self._devices[device] = known

    def forget(self, device: int) -> None:
        """Take back what is known of a device: its metrics are explained by nothing."""
        if self._devices.pop(device, None) is not None:
            self._is_stale = True

    def _refresh(self, devices: int) -> None:
        if not self._is_stale and devices <= len(self._base):
            return
        self._is_stale = False
        count = max(devices, *self._devices, len(self._base)) + 1
        self._base, self._low = np.zeros(count, np.int64), np.zeros(count, np.uint64)
        self._size = np.zeros(count, np.uint64)
        at = 0
        for device, known in self._devices.items():
            self._base[device], self._low[device], self._size[device] = at, known.low, len(known.tag)
            at += len(known.tag)
        everything = self._devices.values()
        nobody = [np.full(1, -1, np.int64)]  # so that every place can be looked at
        self._tag = np.concatenate([known.tag for known in everything] + nobody)
        self._datatype = np.concatenate([known.datatype for known in everything] + [np.zeros(1, np.uint8)])

    def values(self, told: Points, is_plain: Truths, devices: Ints, latest_ms: int) -> tuple[Values, Truths]:
        """Return the points that metrics stand for, and which payloads are plain with their points.

        Parameters
        ----------
        told, is_plain
            As `cloud.ingest.columns.points` gave them.
        devices
            The device of each payload.
        latest_ms
            Plant time: a later point is not plain, somebody has to flag it.
        """
        self._refresh(int(devices.max(initial=0)) + 1)
        counts = np.diff(told.first)
        place = told.alias - np.repeat(self._low[devices], counts)
        good = place < np.repeat(self._size[devices], counts)
        at = place.astype(np.int64) + np.repeat(self._base[devices], counts)
        if not good.all():
            at[~good] = len(self._tag) - 1
        tag, datatype = self._tag[at], self._datatype[at]
        value, is_fit = _typed(told, datatype)
        good &= (tag >= 0) & is_fit & (told.ts_ms <= latest_ms)
        is_plain = is_plain.copy()
        resolved = Points(told.first, tag.view(np.uint64), told.ts_ms, datatype, value.view(np.uint64))
        kept = drop(resolved, good, is_plain)
        value = kept.bits.view(np.float64)
        return Values(kept.first, kept.alias.view(np.int64), kept.ts_ms, value, kept.field), is_plain


def _typed(told: Points, datatype: NDArray[np.uint8]) -> tuple[NDArray[np.float64], Truths]:
    """Return values under their datatypes, and which of them are plain: finite, and exact as a double."""
    value: NDArray[np.float64] = told.bits.view(np.float64).copy()
    is_float = np.flatnonzero(told.field == _FLOAT)
    if len(is_float):
        value[is_float] = told.bits[is_float].astype(np.uint32).view(np.float32)
    is_whole = np.flatnonzero((told.field != _DOUBLE) & (told.field != _FLOAT))
    with np.errstate(invalid="ignore"):
        fits = np.isfinite(value) & _IS_REAL[datatype]
    if len(is_whole):
        kind, bits = datatype[is_whole], told.bits[is_whole]
        # Signed numbers stand in 32 bits where their datatype is narrow, in 64 where it is not.
        narrow = _IS_NARROW[kind] & (bits < 1 << 32)
        signed = np.where(narrow, bits.astype(np.uint32).view(np.int32).astype(np.int64), bits.view(np.int64))
        whole = signed.astype(np.float64)
        fits[is_whole] = (
            (_FIELD[kind] == told.field[is_whole]) & (whole >= _LOW[kind]) & (whole <= _HIGH[kind])
        )
        value[is_whole] = whole
    return value, fits
