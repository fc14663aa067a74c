"""Minor units by ISO 4217."""

import pytest

from models import money


@pytest.mark.parametrize(
    ("currency", "whole"),
    [("CNY", 12_345.67), ("HUF", 12_345.67), ("JPY", 1_234_567), ("KWD", 1_234.567), ("CLF", 123.4567)],
)
def test_an_amount_has_the_decimals_that_iso_4217_gives_its_currency(currency: str, whole: float) -> None:
    assert money.units(1_234_567, currency) == pytest.approx(whole)
