"""The languages of RFID readers, spoken by the edge's drivers and by the simulated readers alike."""

from typing import NamedTuple


class TagRead(NamedTuple):
    """One report of one tag by a reader.

    Attributes
    ----------
    epc : str
        Electronic product code, hex digits in capitals (24 of them for 96 bits).
    antenna : int
        Port of the reader, from 1; 1 where the reader does not say.
    rssi_dbm : int or None
        Strongest signal of this report; None where the reader does not say.
    first_us, last_us : int or None
        When it was first and last seen, µs by the reader's own clock; None where the reader has none.
    seen : int
        How often it was seen between the two.
    """

    epc: str
    antenna: int = 1
    rssi_dbm: int | None = None
    first_us: int | None = None
    last_us: int | None = None
    seen: int = 1
