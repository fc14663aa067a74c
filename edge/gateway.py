"""What a gateway is set to: who it is, where it spools, whom it sends to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from wire.topics import checked_id

HOUR_S = 3600.0

WhenFull = Literal["oldest", "newest", "thin"]


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
        Bound of all that is held. Beyond it batches kept after their receipt go first, then waiting ones
        become recorded gaps.
    when_full : str
        Which waiting batches go: `oldest`, `newest`, or `thin`: every second one, old ones more often.
    max_age_s : float or None
        Real time after which a batch that still waits becomes a recorded gap; None waits for ever.
    keep_after_receipt_s : float
        Real time for which a batch is kept from its writing on although the host has stored it.
    max_waiting_readings : int
        Readings that may wait in memory for a commit; `put` refuses more.
    """

    path: Path
    commit_s: float = 0.25
    max_bytes: int = 512 << 20
    when_full: WhenFull = "oldest"
    max_age_s: float | None = None
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
    backlog_bytes_s : float or None
        Most bytes of older streams a real second, on average; None sends them as fast as receipts come.
    """

    max_entries: int = 1024
    max_bytes: int = 4 << 20
    silence_s: float = 5.0
    max_silence_s: float = 60.0
    go_back_s: float = 0.5
    fruitless_max: int = 3
    backlog_bytes_s: float | None = None


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Which broker a gateway connects to, and which host it obeys.

    Parameters
    ----------
    host, port : str, int
        The MQTT broker, where there is only one.
    servers : sequence of str
        Several brokers, `host:port` each, in their order: the node is connected to one at a time and moves on
        when a connection ends, when the primary host goes offline there, and when it stays offline for
        `host_wait_s`. Login and certificates are the same for all.
    mqtt : str
        Protocol version, `3.1.1` or `5`.
    username : str or None
        Name at the broker; None where the certificate says it, or nobody asks.
    password, password_file, password_env : str or None
        The password itself, or the file or environment variable that holds it: at most one of them.
    tls : bool
        Whether to use TLS with the system's certificate authorities; `ca_file` implies TLS with that one.
    ca_file, cert_file, key_file : str or None
        Who must have signed the broker's certificate; our own certificate and its key (mTLS).
    primary_host : str
        Host id whose STATE is waited for and whose receipts alone release batches.
    waits_for_host : bool
        Whether births wait until the primary host says that it is online.
    host_wait_s : float
        Real seconds to wait for the primary host before the next of several servers is tried.
    receipts : bool
        Whether batches are kept until the primary host says that it has stored them. Without, a batch is
        released when it was published (QoS 0: at most once) or acknowledged by the broker (QoS 1).
    qos : int
        MQTT quality of data messages; 1 deviates from Sparkplug 3.0, which publishes them at 0.
    keepalive_s : int
        MQTT keep-alive, real seconds; a dead link is noticed after one and a half.
    max_reconnect_s : float
        Cap of the jittered, doubling delay between two connection attempts, real seconds.
    backlog_kb_s : float or None
        Most kilobytes of a backlog a real second; what is live is never held up. None: no bound.
    """

    host: str = "127.0.0.1"
    port: int = 1883
    servers: Sequence[str] = ()
    mqtt: str = "3.1.1"
    username: str | None = None
    password: str | None = None
    password_file: str | None = None
    password_env: str | None = None
    tls: bool = False
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    primary_host: str = "taktline"
    waits_for_host: bool = True
    host_wait_s: float = 10.0
    receipts: bool = True
    qos: int = 0
    keepalive_s: int = 10
    max_reconnect_s: float = 5.0
    backlog_kb_s: float | None = None
    window: WindowSettings = field(default_factory=WindowSettings)

    @property
    def sending(self) -> WindowSettings:
        """The window with the bound of a backlog."""
        if self.backlog_kb_s is None:
            return self.window
        return replace(self.window, backlog_bytes_s=1000 * self.backlog_kb_s)

    @property
    def brokers(self) -> list[tuple[str, int]]:
        """Host and port of every broker, in their order."""
        places = (server.rpartition(":") for server in self.servers)
        return [(host.strip("[]"), int(port)) for host, _, port in places] or [(self.host, self.port)]
