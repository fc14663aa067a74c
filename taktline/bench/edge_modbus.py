"""What a gateway costs that polls Modbus devices: the real process, a real broker, a host that receipts."""

import argparse
import asyncio
import socket
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from edge.config import load
from edge.devices.modbus import ModbusDevice
from edge.drivers.modbus.scans import scans_of
from simulators.serve.modbus_units import HEADER_REGISTERS, REGISTERS_EACH, WRAP_MS, age_ms
from taktline.bench import BenchWrong, versions
from taktline.bench.gateway_run import Arrivals, folder_of, gateway_running, measured, settled, simulated
from taktline.bench.process_use import percentile
from taktline.bench.pymodbus_peer import us_per_value
from taktline.programs import Program, wait_until
from wire.session_events import Point

READY_S = 60.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--devices", type=int, default=10, help="units that are polled")
    parser.add_argument("--tags", type=int, default=100, help="float32 values of each")
    parser.add_argument("--period", type=float, default=1.0, help="seconds between polls")
    parser.add_argument("--delay-ms", type=float, default=10.0, help="how long a unit takes to answer")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long is measured")
    parser.add_argument("--units", type=int, default=1, help="units behind one endpoint")
    parser.add_argument("--dead", type=int, default=0, help="measure again while so many units are dead")
    parser.add_argument("--timeout", type=float, default=1.0, help="seconds after which a unit is dead")
    parser.add_argument("--keep", type=Path, help="keep the run's files in this folder")


class PolledValues(Arrivals):
    """The values that come, by device and tag; times are taken from the values themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.polls: dict[str, list[float]] = {}
        self.devices: set[str] = set()

    def _begin(self) -> None:
        super()._begin()
        self.polls = {}

    def _count(self, device: str, points: Sequence[Point], came_ms: int) -> None:
        """Count a batch of a device; what the node says about itself is not measured."""
        if not device:
            return
        self.devices.add(device)
        if not self._is_open:
            return
        values = [(p.name, float(p.value)) for p in points if isinstance(p.value, float) and p.name[0] == "t"]
        self.values += len(values)
        self.ages += [age_ms(value, came_ms) for _, value in values]
        self.polls.setdefault(device, []).extend(value for name, value in values if name == "t0")

    def jitter_ms(self, period_s: float) -> list[float]:
        """How far each poll was from one period after the one before, ms."""
        return [
            abs((b - a) % WRAP_MS - period_s * 1000)
            for times in self.polls.values()
            for a, b in pairwise(times)
        ]


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures; `dead` holds those of the others while some units are dead."""
    if not 0 <= options.dead < options.devices or options.devices < 1 or options.seconds <= 0:
        raise BenchWrong("accepted: --devices 1 or more, fewer --dead than that, --seconds above 0")
    words = ["--devices", options.devices, "--tags", options.tags, "--units", options.units]
    words += ["--delay-ms", options.delay_ms]
    arrivals = PolledValues()
    with folder_of(options.keep) as folder, simulated("modbus-tcp", *words) as said:
        devices = _devices(options, said["endpoints"])
        with gateway_running(folder, devices, arrivals.take) as gateway:

            def is_ready() -> bool:
                return len(arrivals.devices) == int(options.devices)

            settled(gateway, is_ready, READY_S, "values of every device")
            figures = _measured(gateway, arrivals, options, folder / "edge.toml")
            if options.dead:
                figures["dead"] = _with_dead(gateway, arrivals, options, said["control"])
        return figures | _reference(options, said, figures)


def _devices(options: argparse.Namespace, places: list[dict[str, Any]]) -> Iterator[str]:
    for number, place in enumerate(places, start=1):
        yield f'[[device]]\nid = "D{number}"\ndriver = "modbus"'
        yield f'endpoint = "{place["endpoint"]}"\nunit = {place["unit"]}'
        yield f"period_s = {float(options.period)}\ntimeout_s = {float(options.timeout)}"
        for tag in range(options.tags):
            address = HEADER_REGISTERS + tag * REGISTERS_EACH["float32"]
            yield (
                f'[[device.tag]]\nname = "t{tag}"\ndatatype = "Float"\ntype = "float32"\naddress = {address}'
            )


def _measured(
    gateway: Program, arrivals: PolledValues, options: argparse.Namespace, file: Path
) -> dict[str, Any]:
    lasted_s, figures = measured(gateway, arrivals, options.seconds)
    plans = [scans_of(device) for device in load(file).device if isinstance(device, ModbusDevice)]
    requests = sum(len(scan.requests) for scans in plans for scan in scans)
    registers = sum(scan.registers for scans in plans for scan in scans)
    polls_s = sum(map(len, arrivals.polls.values())) / lasted_s
    return {
        "devices": options.devices,
        "tags": options.tags,
        "period_s": options.period,
        "delay_ms": options.delay_ms,
        **figures,
        "due_per_s": round(options.devices * options.tags / options.period, 1),
        "requests_per_s": round(polls_s * requests / options.devices, 1),
        "registers_per_request": round(registers / requests, 1),
        "period_jitter_p99_ms": percentile(arrivals.jitter_ms(options.period), 0.99),
    }


def _with_dead(
    gateway: Program, arrivals: PolledValues, options: argparse.Namespace, control: int
) -> dict[str, Any]:
    """Return the figures of the units that live, from the moment at which the others died."""
    _say(control, f"fault black_hole unit=1 through={options.dead}")
    lasted_s = arrivals.measure(options.seconds)
    gone = {f"D{unit}" for unit in range(1, options.dead + 1)}
    arrivals.polls = {device: polls for device, polls in arrivals.polls.items() if device not in gone}
    jitter = arrivals.jitter_ms(options.period)
    _say(control, "clear")
    back = wait_until(lambda: gateway.alive, 1.0)
    return {
        "units": options.dead,
        "living_polls_per_s": round(sum(map(len, arrivals.polls.values())) / lasted_s, 2),
        "due_polls_per_s": round((options.devices - options.dead) / options.period, 2),
        "period_jitter_p99_ms": percentile(jitter, 0.99),
        "period_error_p99": round((percentile(jitter, 0.99) or 0.0) / (options.period * 1000), 4),
        "gateway_runs": back,
    }


def _say(control: int, line: str) -> None:
    with socket.create_connection(("127.0.0.1", control), timeout=10) as plug:
        plug.sendall(f"{line}\n".encode())
        answer = plug.recv(4096).decode()
    if not answer.startswith("ok"):
        raise BenchWrong(f"the simulator says: {answer.strip()}")


def _reference(options: argparse.Namespace, said: dict[str, Any], figures: dict[str, Any]) -> dict[str, Any]:
    """Return what bare pymodbus spends on reading and converting the same values in the same run."""
    place = said["endpoints"][0]
    bare_us = asyncio.run(us_per_value(place["endpoint"], place["unit"], HEADER_REGISTERS, options.tags))
    return {
        "pymodbus_us_per_value": round(bare_us, 2),
        "cpu_ratio_to_pymodbus": round(figures["cpu_us_per_value"] / bare_us, 2),
        "versions": versions("taktline", "pymodbus", "paho-mqtt", "protobuf"),
    }
