"""How much money an amount of minor units is."""

# ISO 4217:2015, list one, column "minor unit": the currencies that do not have two decimals.
_DECIMALS = dict.fromkeys(
    (
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG"),
        *("RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF", "XPF"),
    ),
    0,
)
_DECIMALS |= dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
_DECIMALS |= dict.fromkeys(("CLF", "UYW"), 4)


def decimals(currency: str) -> int:
    """How many decimals the currency has by ISO 4217: CNY 2, JPY 0, KWD 3; an unknown code 2."""
    return _DECIMALS.get(currency, 2)


def units(minor: float, currency: str) -> float:
    """The amount in whole units of the currency.

    Parameters
    ----------
    minor
        Amount in minor units.
    currency
        The code of ISO 4217.

    Examples
    --------
    >>> units(1234, "CNY"), units(1234, "JPY"), units(1234, "KWD")
    (12.34, 1234.0, 1.234)
    """
    return minor / 10.0 ** decimals(currency)
