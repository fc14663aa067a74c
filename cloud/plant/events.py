"""What the plant announces through the outbox."""

from typing import Final

# {"window": [since_ms, until_ms]}: planned time may be otherwise in it.
CALENDAR_CHANGED: Final = "CalendarChanged"

# {"windows": {machine: [since_ms, until_ms]}}: readings of its counters may count otherwise in it.
COUNTER_DECLARED: Final = "CounterDeclared"

# {"windows": {machine: [since_ms, until_ms]}}: another length parts minor stops from longer ones in it.
MINOR_STOP_SET: Final = "MinorStopSet"
