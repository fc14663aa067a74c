"""A device's own clock, watched for time that it skipped."""

import time

from edge.errors import DeviceUnreachable
from edge.intake import Intake

# A device may lag this much real time behind and catch up in one step without having missed anything.
LEAP_S = 60.0


class DeviceClock:
    """The newest time of one device in one session.

    A clock that stands still asserts nothing. One that goes back ends the session, since times before and
    after would be mixed. One that leaps further than time has passed since it was last read has stood still
    or been set meanwhile: what lies in between was not observed.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self._read_at_s = 0.0
        self.now_ms: int | None = None

    def advance(self, clock_ms: int) -> bool:
        """Whether time went on without a leap; takes the new reading (plant ms).

        Raises
        ------
        DeviceUnreachable
            When the clock went back.
        """
        before_ms, self.now_ms = self.now_ms, clock_ms
        skew_ms = clock_ms - self._intake.clock.now_ms()
        self._intake.health.clock_skew_s = round(skew_ms / 1000, 1)
        read_at_s, self._read_at_s = self._read_at_s, time.monotonic()
        if before_ms is None:
            return True
        if clock_ms < before_ms:
            self._intake.flag("clock_went_back")
            raise DeviceUnreachable(f"its clock went back from {before_ms} to {clock_ms} ms")
        passed_ms = (self._read_at_s - read_at_s + LEAP_S) * 1000 * self._intake.clock.speed
        if clock_ms - before_ms <= passed_ms:
            return True
        self._intake.flag("clock_leapt")
        return False
