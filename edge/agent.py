"""A gateway at work: every device watched by a task of its own, what it says spooled, sent, receipted."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import structlog

from edge.config import GatewayConfig, SpoolKeys
from edge.devices.derived import DerivedTag
from edge.gateway import HOUR_S, GatewayIdentity, SpoolSettings, UplinkSettings
from edge.health import Health
from edge.intake import BAD_INPUT
from edge.node_report import ConfigInUse, NodeReport, node_spec
from edge.reading import DeviceSpec
from edge.reload import refuse_moving
from edge.spool import Spool
from edge.status import answering
from edge.uplink import Uplink, UplinkStatus
from edge.watches import Watches
from edge.write_rules import CommandSettings, WriteRule, Writing
from wire.clock import PlantClock
from wire.sparkplug import DataType

# How long a gateway that is told to stop waits for receipts; the rest goes out after the next start.
DRAIN_S = 8.0

log = structlog.get_logger(__name__)


def specs_of(config: GatewayConfig) -> list[DeviceSpec]:
    """Each device with the Sparkplug datatype of each of its tags, the gateway's own counter among them.

    The devices of `[[derived]]` come last: nobody reads them, they are computed from the others.
    """
    specs = [
        DeviceSpec(
            device.id,
            {tag.name: DataType[tag.datatype.upper()] for tag in (*device.tag, *device.derived)}
            | {BAD_INPUT: DataType.INT64},
            _counters(device.derived),
        )
        for device in config.device
    ]
    computed: dict[str, list[DerivedTag]] = {}
    for tag in config.derived:
        computed.setdefault(tag.device, []).append(tag)
    for device, tags in computed.items():
        datatypes = {tag.name: DataType[tag.datatype.upper()] for tag in tags}
        specs.append(DeviceSpec(device, datatypes, _counters(tags)))
    return specs


def _with_node(config: GatewayConfig) -> list[DeviceSpec]:
    return [node_spec(device.id for device in config.device), *specs_of(config)]


def _counters(tags: Iterable[DerivedTag]) -> frozenset[str]:
    return frozenset(tag.name for tag in tags if tag.count is not None)


def rules_of(config: GatewayConfig) -> dict[tuple[str, str], WriteRule]:
    """Every writable tag by (device, metric)."""
    return {
        (device.id, tag.name): WriteRule(
            tag.datatype, tag.write_min, tag.write_max, 0.0 if tag.scale == 1 else abs(tag.scale)
        )
        for device in config.device
        for tag in device.tag
        if tag.writable
    }


def open_spool(config: GatewayConfig) -> Spool:
    """The spool that a gateway's configuration describes; it has one writer.

    Raises
    ------
    SpoolWrong
        When the spool's file is in use, damaged or another node's.
    """
    keys = config.spool
    identity = GatewayIdentity(config.gateway.group, config.gateway.node)
    return Spool(spool_settings(keys), identity, _with_node(config))


def spool_settings(keys: SpoolKeys) -> SpoolSettings:
    """The spool's settings as its table of the file says."""
    return SpoolSettings(
        Path(keys.path),
        keys.commit_s,
        keys.max_mb << 20,
        when_full=keys.when_full,
        max_age_s=None if keys.max_age_h is None else keys.max_age_h * HOUR_S,
        keep_after_receipt_s=keys.keep_after_receipt_h * HOUR_S,
    )


class Gateway:
    """One gateway: devices, spool and uplink, from its start to its farewell.

    Parameters
    ----------
    config : GatewayConfig
        As `edge.config.load` gives it.
    clock : PlantClock
        Plant time.
    drain_s : float
        Real seconds to wait for receipts when told to stop.

    Raises
    ------
    SpoolWrong
        When the spool's file is in use, damaged or another node's.
    """

    def __init__(self, config: GatewayConfig, clock: PlantClock, drain_s: float = DRAIN_S) -> None:
        self.spool = open_spool(config)
        self._config, self._clock = config, clock
        self.in_use = ConfigInUse()
        self._watches = Watches(
            config,
            clock,
            self.spool.put,
            self.spool.mark,
            announce=self._announce,
            counts=self.spool.kept_counts,
        )
        self._rules = rules_of(config)
        self.uplink = self._uplink(config)
        self.report = NodeReport(self.spool, self.health, self._uplink_status, clock, self.in_use)
        self._drain_s = drain_s

    def _uplink_status(self) -> UplinkStatus:
        return self.uplink.status()  # of the present uplink: a reload may replace it

    def _uplink(self, config: GatewayConfig) -> Uplink:
        settings = UplinkSettings(**config.uplink.model_dump())
        commands = CommandSettings(**config.commands.model_dump())
        writing = Writing(lambda: self._rules, self._watches.writes, commands)
        return Uplink(settings, specs_of(config), self.spool, self._clock, writing)

    @property
    def health(self) -> Health:
        """Counters of every device."""
        return self._watches.health

    def _announce(self, device: str, is_online: bool) -> None:  # noqa: FBT001 - the form of a callback
        self.uplink.set_online(device, is_online=is_online)

    async def run(self, stop: asyncio.Event) -> bool:
        """Whether all that was spooled had its receipt when the gateway left, after `stop` was set.

        Devices are left first, then the spool is drained for at most `drain_s`, then the node says farewell.

        Raises
        ------
        SpoolWrong
            When the spool's writer died: the gateway has left, since it could keep nothing.
        """
        loop = asyncio.get_running_loop()
        self.spool.ended.add_done_callback(lambda _: loop.call_soon_threadsafe(stop.set))
        self.report.report()  # in the spool before the births, so that they have it
        self.uplink.start()
        self._watches.start()
        reporting = asyncio.create_task(self.report.run(self._config.gateway.metrics_s), name="report")
        try:
            async with answering(Path(self._config.spool.path), self._status):
                await stop.wait()
        finally:
            reporting.cancel()
            await self._watches.stop()
            drain_s = 0.0 if self.spool.ended.done() else self._drain_s
            is_drained = await asyncio.to_thread(self.uplink.stop, drain_s)
            await asyncio.to_thread(self.spool.close)
        self.spool.ended.result()
        log.info("gateway_left", is_drained=is_drained, bad_input=dict(self.health.bad_input()))
        return is_drained

    def _status(self) -> dict[str, object]:
        state, broker = self.uplink.status().state, self.uplink.broker
        return {"uplink": state, "broker": broker, "metrics": self.report.sample()}

    async def apply(self, config: GatewayConfig, path: Path) -> None:
        """Bring the running gateway to another configuration; only what has changed is begun anew.

        New and changed devices are watched anew, those that are gone die, the others notice nothing.

        Raises
        ------
        ConfigWrong
            When only a restart can follow; `path` is the file to name. Nothing has changed then.
        """
        old = self._config
        refuse_moving(path, old, config)
        if config == old:
            return
        await asyncio.to_thread(self.spool.configure, spool_settings(config.spool), _with_node(config))
        self._config, self._rules = config, rules_of(config)
        fresh = await self._watches.apply(config, self.spool.kept_counts)
        if (config.uplink, config.commands) == (old.uplink, old.commands):
            self.uplink.configure(specs_of(config), fresh)
        else:
            await asyncio.to_thread(self.uplink.stop)
            self.uplink = self._uplink(config)
            for device, health in self.health.devices.items():
                self.uplink.set_online(device, is_online=health.state not in {"down", "refused"})
            self.uplink.start()
        self.report.report()
