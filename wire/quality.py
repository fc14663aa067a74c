"""Quality codes of a point, as Sparkplug's Quality property carries them."""

from typing import Final

BAD: Final = 0
GOOD: Final = 192
STALE: Final = 500
