"""Commands on their way: sent once when asked for, settled when the gateway says what became of them."""

from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloud.errors import Unavailable
from cloud.gateways.events import COMMAND_ASKED, COMMAND_SETTLED
from cloud.gateways.tables import GatewayCommand
from cloud.ingest.arrival import Command
from cloud.ingest.runtime import IngestRuntime
from cloud.outbox import Event, announce
from wire.clock import PlantClock, real_ms
from wire.commands import CommandHeader, CommandResult, MalformedCommand, write_command
from wire.receipts import rebirth_command
from wire.sparkplug import Metric, encode
from wire.topics import Kind, Topic

log = structlog.get_logger("cloud.gateways")


class CommandSender:
    """The consumer of commands.

    A command is marked `sent` in the transaction and published after it: at most once, since a machine must
    not hear twice. What got lost on the way expires, and whoever asked may ask again.
    """

    def __init__(self, ingest: IngestRuntime, clock: PlantClock) -> None:
        self._ingest = ingest
        self._clock = clock
        self._ready: dict[int, Command] = {}

    def handle(self, session: Session, events: Sequence[Event]) -> None:
        """Mark what can be sent, settle what was answered.

        Raises
        ------
        Unavailable
            When the broker is away: the outbox brings the events again.
        """
        for event in events:
            if event.kind == COMMAND_ASKED:
                self._send(session, event)
            else:
                self._settle(session, event)

    def committed(self, events: Sequence[Event]) -> None:
        """Publish what the committed transaction marked as sent."""
        ready = [self._ready.pop(event.id) for event in events if event.id in self._ready]
        self._ingest.publish(ready)

    def _send(self, session: Session, event: Event) -> None:
        row = session.get(GatewayCommand, event.payload["number"])
        if row is None or row.state != "pending":
            return
        if real_ms() > row.expires_ms:
            row.state, row.settled_ms = "expired", self._clock.now_ms()
            return
        if not self._ingest.is_connected:
            raise Unavailable("The broker is away.")
        self._ready[event.id] = self._message(row)
        row.state, row.sent_ms = "sent", real_ms()

    def _message(self, row: GatewayCommand) -> Command:
        now_ms = self._clock.now_ms()
        header = CommandHeader(row.id, row.expires_ms, row.requester, row.reason[:200])
        if row.kind == "rebirth":
            topic = Topic(row.group, Kind.NCMD, row.node)
            return Command(str(topic), encode(rebirth_command(now_ms)))
        session = self._ingest.session(row.group, row.node)
        known = session.known(row.device, row.tag) if session is not None else None
        if session is None or known is None:
            raise Unavailable("The gateway has not given birth since this server started.")
        alias = session.alias_of(known)
        # Sparkplug: a metric that has an alias is commanded by it alone.
        metric = Metric(
            name=row.tag if alias is None else None,
            alias=alias,
            timestamp_ms=now_ms,
            datatype=known.datatype,
            value=row.value["value"],
        )
        topic = Topic(row.group, Kind.DCMD, row.node, row.device)
        return Command(str(topic), encode(write_command(metric, header, now_ms)))

    def _settle(self, session: Session, event: Event) -> None:
        try:
            result = CommandResult.parse(event.payload["result"])
        except MalformedCommand as wrong:
            log.warning("command_result_malformed", node=event.payload["node"], reason=str(wrong))
            return
        row = session.scalars(select(GatewayCommand).where(GatewayCommand.id == result.id)).first()
        if row is None or f"{row.group}/{row.node}" != event.payload["node"]:
            return  # a command of another host
        row.state, row.outcome, row.settled_ms = result.outcome.value, result.reason, self._clock.now_ms()
        if result.outcome.value == "done":
            row.value_after = {"value": result.value}
        announce(session, COMMAND_SETTLED, {"numbers": [row.number]})
