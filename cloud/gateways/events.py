"""What the gateways slice announces, and what it listens to."""

from cloud.ingest.derive import COMMAND_ANSWERED

COMMAND_ASKED = "CommandAsked"  # {"number": n}
COMMAND_SETTLED = "CommandSettled"  # {"numbers": [n, …]}
HEARD = frozenset({COMMAND_ASKED, COMMAND_ANSWERED})
