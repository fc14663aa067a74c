"""What a gateway is set to: who it is, where it spools, whom it sends to."""

from dataclasses import dataclass, field
from pathlib import Path

from wire.topics import checked_id

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class GatewayIdentity:
    """Sparkplug group (the plant) and edge node of a gateway.

    Raises
    ------
    TopicWrong
        When one of them cannot be a Sparkplug id.
    """

    group: str
    node: str

    def __post_init__(self) -> None:
        checked_id(self.group)
        checked_id(self.node)


@dataclass(frozen=True, slots=True)
class SpoolSettings:
    """Where and how batches wait.

    Parameters
    ----------
    path : Path
        The spool's SQLite file.
    commit_s : float
        Longest real time between commits while readings come; what a power cut may lose.
    max_bytes : int
        Bound of all that is held. Beyond it batches kept after their receipt go first, then the oldest
        waiting ones become a recorded gap.
    keep_after_receipt_s : float
        Real time for which a batch is kept from its writing on although the host has stored it.
    max_waiting_readings : int
        Readings that may wait in memory for a commit; `put` refuses more.
    """

    path: Path
    commit_s: float = 0.25
    max_bytes: int = 512 << 20
    keep_after_receipt_s: float = 24 * HOUR_S
    max_waiting_readings: int = 200_000


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """How much may be on its way without a receipt, and when sending goes back.

    Parameters
    ----------
    max_entries, max_bytes : int
        The window; older streams may fill half of it.
    silence_s, max_silence_s : float
        Real time without progress after which sending goes back, doubled each time up to the maximum.
    go_back_s : float
        Least real time between two goings back of one stream at a repeated receipt.
    fruitless_max : int
        Resends at a repeated receipt after which the first batch is taken for unstorable.
    """

    max_entries: int = 1024
    max_bytes: int = 4 << 20
    silence_s: float = 5.0
    max_silence_s: float = 60.0
    go_back_s: float = 0.5
    fruitless_max: int = 3


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Which broker a gateway connects to, and which host it obeys.

    Parameters
    ----------
    host, port : str, int
        The MQTT broker.
    username, password, ca_file : str or None
        Login and the certificate authority of a TLS listener, where the broker asks for them.
    primary_host : str
        Host id whose STATE is waited for and whose receipts alone release batches.
    waits_for_host : bool
        Whether births wait until the primary host says that it is online.
    keepalive_s : int
        MQTT keep-alive, real seconds; a dead link is noticed after one and a half.
    max_reconnect_s : float
        Cap of the jittered, doubling delay between two connection attempts, real seconds.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    primary_host: str = "taktline"
    waits_for_host: bool = True
    keepalive_s: int = 10
    max_reconnect_s: float = 5.0
    window: WindowSettings = field(default_factory=WindowSettings)
