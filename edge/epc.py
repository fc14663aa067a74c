"""What an electronic product code says: its pure identity, as EPCIS and trading partners write it."""

from functools import lru_cache

# A reader sees the same tags again and again; decoding one takes tens of microseconds.
CODES_KEPT = 8192


@lru_cache(maxsize=CODES_KEPT)
def pure_identity(epc: str) -> str:
    """The pure identity URI of a code, or its raw URI when no scheme of GS1 claims it.

    `3074257BF7194E4000001A85` is `urn:epc:id:sgtin:0614141.812345.6789`; SSCC-96, GRAI-96 and the other
    schemes of the GS1 Tag Data Standard likewise. A code that follows none, such as a maker's number, is
    `urn:epc:raw:96.xE280…`.

    Parameters
    ----------
    epc
        Hex digits.
    """
    # Imported late: a gateway whose readers only report hex digits has no use for the tables.
    from epcpy.utils.parsers import hex_to_tag_encodable  # noqa: PLC0415

    try:
        return str(hex_to_tag_encodable(epc).epc_uri)
    # The library raises errors of its own, and ValueError, KeyError or IndexError on codes that only begin
    # like one.
    except Exception:  # noqa: BLE001 - whatever it stumbles over, the code is still a code
        return f"urn:epc:raw:{len(epc) * 4}.x{epc.upper()}"
