"""Unit identities: SGTIN-96 electronic product codes."""

HEADER = 0x30
# Company prefix digits -> (partition, bits of the prefix, bits of the item reference); GS1 TDS table 14-2.
PARTITIONS = {
    12: (0, 40, 4),
    11: (1, 37, 7),
    10: (2, 34, 10),
    9: (3, 30, 14),
    8: (4, 27, 17),
    7: (5, 24, 20),
    6: (6, 20, 24),
}
SERIAL_BITS = 38
GTIN_DIGITS = 14
ITEM_FILTER = 1  # point-of-sale trade item


def sgtin96(gtin: str, company_prefix: str, serial: int, filter_value: int = ITEM_FILTER) -> str:
    """The SGTIN-96 of one unit as 24 hex digits in capitals.

    Source: GS1 Tag Data Standard 1.13, 14.6.1. Worked number: GTIN 80614141123458, prefix 0614141,
    serial 6789, filter 3 give 3074257BF7194E4000001A85.

    Parameters
    ----------
    gtin
        14 digits; the check digit is not part of the code.
    company_prefix
        6 to 12 digits with which the GTIN begins after its indicator digit.
    serial
        0 to 2**38 - 1.
    filter_value
        0 to 7.

    Raises
    ------
    ValueError
        If the prefix is not the GTIN's or a number is out of range.
    """
    if len(gtin) != GTIN_DIGITS or not gtin.isdigit() or not gtin[1:].startswith(company_prefix):
        raise ValueError(f"{gtin} is not a GTIN-14 of company prefix {company_prefix}")
    if len(company_prefix) not in PARTITIONS:
        raise ValueError(f"company prefix {company_prefix} must have 6 to 12 digits")
    if not 0 <= serial < 1 << SERIAL_BITS:
        raise ValueError(f"serial {serial} does not fit into {SERIAL_BITS} bits")
    partition, company_bits, item_bits = PARTITIONS[len(company_prefix)]
    item = int(gtin[0] + gtin[1 + len(company_prefix) : -1])
    code = HEADER
    for value, bits in (
        (filter_value, 3),
        (partition, 3),
        (int(company_prefix), company_bits),
        (item, item_bits),
        (serial, SERIAL_BITS),
    ):
        code = code << bits | value
    return f"{code:024X}"
