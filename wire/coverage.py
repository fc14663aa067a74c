"""Coverage on the wire: the metric by which an edge asserts that it watched a device without a break."""

from typing import Final

# A point of this metric at time T with value S (both ms, DateTime) says: watched over [S, T].
OBSERVED_SINCE: Final = "observed_since"
