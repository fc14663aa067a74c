"""From the times a reader writes into its reports to plant time."""

from edge.intake import DAY_MS, EARLIEST_MS, Intake
from wire.readers.llrp_device import Announcement

# A reader whose clock differs by more is worth a line in the log; real seconds.
SKEW_S = 5.0


class ReaderTime:
    """The clock of one reader in one session, compared with the gateway's when the reader greeted.

    A reader with a clock is taken at its word. One without (it counts µs since power-on), or one whose
    clock was never set or stands a day off, only gives distances: its greeting fixes where they begin on
    the gateway's clock.

    Parameters
    ----------
    greeting : Announcement
        The reader's first message, received at this moment.
    intake : Intake
        With the gateway's plant clock; what cannot be believed is flagged there.
    is_trusted : bool
        False to stamp every read with the gateway's clock.

    Attributes
    ----------
    skew_ms : int
        How far the times of reads stand ahead of the gateway's clock, at most by the delay of the greeting
        less.
    """

    def __init__(self, greeting: Announcement, intake: Intake, *, is_trusted: bool) -> None:
        self._clock = intake.clock
        self._here_ms = self._clock.now_ms()
        self._uptime_us = greeting.uptime_us
        self._utc_us = greeting.utc_us
        self.skew_ms = 0
        self._is_clock_used = False
        if greeting.utc_us is None:
            return
        there_ms = greeting.utc_us // 1000
        is_set = there_ms >= EARLIEST_MS and abs(there_ms - self._here_ms) < DAY_MS
        if not is_set:
            intake.flag("clock_not_set", example=f"{there_ms} ms, {self._here_ms} here")
        elif abs(there_ms - self._here_ms) > SKEW_S * 1000 * self._clock.speed:
            intake.flag("clock_skew", example=f"{there_ms - self._here_ms} ms ahead of the gateway")
        if is_set and is_trusted:
            self._is_clock_used = True
            self.skew_ms = there_ms - self._here_ms

    def plant_ms(self, reader_us: int | None, *, is_uptime: bool) -> int:
        """Plant time (ms) of a time in a report; of a read without one, the gateway's time now."""
        if reader_us is None:
            return self._clock.now_ms()
        if self._is_clock_used and not is_uptime:
            return reader_us // 1000
        origin_us = self._uptime_us if is_uptime else self._utc_us
        if origin_us is None:
            return self._clock.now_ms()
        # Uptime runs in real time, a reader's clock in plant time.
        speed = self._clock.speed if is_uptime else 1.0
        # Nothing was read later than now: a clock that was set meanwhile must not send reads into the future.
        return min(self._here_ms + round((reader_us - origin_us) / 1000 * speed), self._clock.now_ms())

    def on_its_clock(self, gateway_ms: int) -> int:
        """A moment of the gateway's clock as the times of reads count it."""
        return gateway_ms + self.skew_ms
