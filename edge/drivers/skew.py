"""A sensor's own clock, watched for being far off."""

from edge.intake import Intake

# Further off than this, real seconds, a clock is wrong or readings are old; times are kept as they are.
SKEW_S = 300.0


class Skew:
    """Flags `clock_skew` once when a session's times begin to lie far from the gateway's."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._is_far = False

    def note(self, ts_ms: int, now_ms: int) -> None:
        """Compare a time of the sensor with plant time."""
        was_far = self._is_far
        self._is_far = abs(ts_ms - now_ms) > SKEW_S * 1000 * self._intake.clock.speed
        if self._is_far and not was_far:
            self._intake.flag("clock_skew", example=f"{(ts_ms - now_ms) / 1000:+.0f} s")
