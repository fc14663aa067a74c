"""Climate sensors that publish JSON on a broker, QoS 1."""

import argparse
import asyncio
import contextlib
import json
import sys
from typing import Final

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from simulators.control import Control
from simulators.faults import FaultKind, Faults
from simulators.serve import Ready
from simulators.serve.climate import SENSOR_FAULTS, Air, Hall
from wire.clock import from_environment

MOST_SENSORS: Final = 1000
FAULTS: Final = {**SENSOR_FAULTS, "no_time": FaultKind("messages carry no time")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--broker", default="127.0.0.1:1883", metavar="HOST:PORT", help="where it publishes")
    parser.add_argument("--topic", default="hall/{n}/climate", help="{n} is the sensor's number from 1")
    parser.add_argument("--sensors", type=int, default=1, help="how many")
    parser.add_argument("--period", type=float, default=1.0, help="seconds between messages of each")
    parser.add_argument("--seed", type=int, default=7, help="chooses the noise")


async def serve(options: argparse.Namespace, ready: Ready, stop: asyncio.Event) -> None:
    """Publish until `stop` is set; `ready` gets `endpoint`, the broker, and `topics`.

    Raises
    ------
    ValueError
        When an option is out of range.
    OSError
        When the broker cannot be reached at the start; later it is waited for.
    """
    host, _, port = options.broker.rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"--broker {options.broker}; accepted: host:port")
    if not 1 <= options.sensors <= MOST_SENSORS or options.period <= 0:
        raise ValueError(f"--sensors 1 to {MOST_SENSORS}, --period above 0")
    faults, clock = Faults(FAULTS), from_environment()
    topics = [options.topic.replace("{n}", str(n + 1)) for n in range(options.sensors)]
    halls = [Hall(clock, faults, options.seed + n) for n in range(options.sensors)]
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    await asyncio.to_thread(client.connect, host, int(port))
    client.loop_start()
    try:
        async with Control(faults, options.control, lines=sys.stdin) as control:
            ready(
                {"kind": "mqtt-sensor", "endpoint": options.broker, "topics": topics, "control": control.port}
            )
            while not stop.is_set():
                for topic, hall in zip(topics, halls, strict=True):
                    message = hall.spoiled(payload(hall.measure(), has_time=not faults.now("no_time")))
                    if message:
                        client.publish(topic, message, qos=1)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), options.period)
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


def payload(air: Air, *, has_time: bool) -> bytes:
    """A message: `{"at": ms, "values": {"t": °C, "rh": %}}`; NaN is written as it is, as small devices do."""
    document: dict[str, object] = {"values": {"t": air.temp_c, "rh": air.humidity}}
    if has_time:
        document["at"] = air.ts_ms
    return json.dumps(document).encode()
