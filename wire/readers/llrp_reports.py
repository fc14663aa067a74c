"""Tag reports of LLRP readers: RO_ACCESS_REPORT bodies to reads of tags, and back.

A reader reports every tag with the same parameters in the same order, so one `struct` layout fits a whole
report. The layout is learnt from its first tag; each byte of it that is no value is then checked over the
whole report with one slice count each. Anything else goes parameter by parameter: the same reads, far slower.
"""

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from wire.readers import TagRead
from wire.readers.llrp import TLV_HEADER, TV_BIT, TV_LENGTHS, Fields, LlrpWrong, parameters, tlv, tv

TAG_REPORT = 240
EPC_96, EPC_TEXT = 13, 241
ANTENNA, RSSI, COUNT = 1, 6, 8
FIRST_UTC, FIRST_UPTIME, LAST_UTC, LAST_UPTIME = 2, 3, 4, 5
EPC_96_BITS, EPC_96_BYTES = 96, 12
# What a fast layout yields, in the order in which the standard lets readers send it.
WANTED = ("epc", "antenna", "rssi", "first", "last", "count")
ROLES = {EPC_96: "epc", EPC_TEXT: "epc", ANTENNA: "antenna", RSSI: "rssi", COUNT: "count"} | {
    FIRST_UTC: "first",
    FIRST_UPTIME: "first",
    LAST_UTC: "last",
    LAST_UPTIME: "last",
}
FORMS = {"epc": "12s", "antenna": "H", "rssi": "b", "first": "Q", "last": "Q", "count": "H"}

# EPC, antenna, RSSI (dBm), first and last seen (µs), how often.
Row = tuple[bytes, int, int, int, int, int]


class Layout(NamedTuple):
    """How one tag report is laid out: a struct that yields a `Row`, and (offset, byte) of what is fixed."""

    struct: struct.Struct
    fixed: tuple[tuple[int, int], ...]
    is_uptime: bool


class Report(NamedTuple):
    """The tags of one report; `is_uptime` when the reader counts from its start because it has no clock."""

    reads: list[TagRead]
    is_uptime: bool = False


def rows(body: bytes) -> tuple[list[Row], bool] | None:
    """All tags of a uniform report as plain tuples, and whether times are uptimes; None for any other."""
    if len(body) < TLV_HEADER.size:
        return None
    kind, size = TLV_HEADER.unpack_from(body)
    if kind != TAG_REPORT or size < TLV_HEADER.size or len(body) % size:
        return None
    layout = _layout(_shape(body, size))
    if layout is None or layout.struct.size != size:
        return None
    number = len(body) // size
    for offset, byte in layout.fixed:
        if body[offset::size].count(byte) != number:
            return None
    return list(layout.struct.iter_unpack(body)), layout.is_uptime


def decode_report(body: bytes) -> Report:
    """The reads in the body of an RO_ACCESS_REPORT, none for an empty report.

    Other parameters, vendors' own among them, are passed over.

    Raises
    ------
    LlrpWrong
        When the body does not consist of parameters, or a tag report has no EPC.
    """
    if (fast := rows(body)) is not None:
        found, is_uptime = fast
        reads = [TagRead(row[0].hex().upper(), *row[1:]) for row in found]
        return Report(reads, is_uptime)
    return _slow(body)


def encode_report(reads: Iterable[TagRead], *, is_uptime: bool = False, is_text: bool = False) -> bytes:
    """The body of an RO_ACCESS_REPORT: for each read EPC, antenna, RSSI, times and count as far as known.

    Parameters
    ----------
    is_uptime
        The times count from the reader's start.
    is_text
        Write 96-bit codes as EPCData too, as some readers do; other lengths always are.
    """
    first, last = (FIRST_UPTIME, LAST_UPTIME) if is_uptime else (FIRST_UTC, LAST_UTC)
    parts = []
    for read in reads:
        code = bytes.fromhex(read.epc)
        if len(code) == EPC_96_BYTES and not is_text:
            fields = [bytes([TV_BIT | EPC_96]), code]
        else:
            fields = [tlv(EPC_TEXT, struct.pack(">H", len(code) * 8), code)]
        fields.append(tv(ANTENNA, read.antenna))
        if read.rssi_dbm is not None:
            fields.append(tv(RSSI, read.rssi_dbm, signed=True))
        if read.first_us is not None:
            fields.append(tv(first, read.first_us))
        if read.last_us is not None:
            fields.append(tv(last, read.last_us))
        fields.append(tv(COUNT, read.seen))
        parts.append(tlv(TAG_REPORT, *fields))
    return b"".join(parts)


def _shape(body: bytes, size: int) -> tuple[int, ...] | None:
    """The parameter types of the first tag, or None when they have no fixed lengths."""
    types = []
    at = TLV_HEADER.size
    while at < size:
        if body[at] & TV_BIT:
            kind = body[at] & ~TV_BIT
            if kind not in TV_LENGTHS:
                return None
            at += 1 + TV_LENGTHS[kind]
        elif body[at : at + 6] == _EPC_TEXT_96:
            kind = EPC_TEXT
            at += 6 + EPC_96_BYTES
        else:
            return None
        types.append(kind)
    return tuple(types)


_EPC_TEXT_96 = struct.pack(">HHH", EPC_TEXT, 6 + EPC_96_BYTES, EPC_96_BITS)


@lru_cache(maxsize=64)
def _layout(shape: tuple[int, ...] | None) -> Layout | None:
    """The layout of tag reports with these parameters; None when they do not hold `WANTED` in its order."""
    if shape is None or tuple(ROLES[kind] for kind in shape if kind in ROLES) != WANTED:
        return None
    if (FIRST_UTC in shape) != (LAST_UTC in shape):
        return None
    form, fixed, at = ">4x", [], TLV_HEADER.size
    for kind in shape:
        head = _EPC_TEXT_96 if kind == EPC_TEXT else bytes([TV_BIT | kind])
        length = EPC_96_BYTES if kind == EPC_TEXT else TV_LENGTHS[kind]
        fixed += [(at + index, byte) for index, byte in enumerate(head)]
        form += f"{len(head)}x" + (FORMS[ROLES[kind]] if kind in ROLES else f"{length}x")
        at += len(head) + length
    fixed += list(enumerate(TLV_HEADER.pack(TAG_REPORT, at)))
    return Layout(struct.Struct(form), tuple(fixed), FIRST_UPTIME in shape)


def _slow(body: bytes) -> Report:
    reads, is_uptime = [], False
    for kind, value in parameters(body):
        if kind == TAG_REPORT:
            read, counts_uptime = _read(value)
            reads.append(read)
            is_uptime = is_uptime or counts_uptime
    return Report(reads, is_uptime)


def _read(value: bytes) -> tuple[TagRead, bool]:
    """One tag; a UTC time wins over an uptime."""
    found: dict[int, bytes] = dict(parameters(value))
    if EPC_96 in found:
        epc = found[EPC_96]
    elif EPC_TEXT in found:
        fields = Fields("EPCData", found[EPC_TEXT])
        (bits,) = fields.take("H")
        epc = found[EPC_TEXT][2 : 2 + (bits + 7) // 8]
        if not bits or len(epc) * 8 < bits:
            raise LlrpWrong(f"EPCData of {bits} bits in {len(epc)} bytes")
    else:
        raise LlrpWrong("a tag report without an EPC")
    is_uptime = FIRST_UTC not in found and LAST_UTC not in found
    first, last = (FIRST_UPTIME, LAST_UPTIME) if is_uptime else (FIRST_UTC, LAST_UTC)
    # A reader that reports one of the two times only means the other by it.
    since, until = _number(found, first), _number(found, last)
    antenna, count = _number(found, ANTENNA), _number(found, COUNT)
    read = TagRead(
        epc.hex().upper(),
        1 if antenna is None else antenna,
        int.from_bytes(found[RSSI], "big", signed=True) if RSSI in found else None,
        until if since is None else since,
        since if until is None else until,
        1 if count is None else count,
    )
    return read, is_uptime and read.first_us is not None


def _number(found: dict[int, bytes], kind: int) -> int | None:
    return int.from_bytes(found[kind], "big") if kind in found else None
