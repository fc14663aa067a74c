"""What ingestion costs from the wire to the durable store, beside decoding alone and storing alone."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from taktline.bench import BenchWrong, versions
from taktline.bench.ingest_alone import MILLION, alone
from taktline.bench.ingest_load import LOADS, Gateway, gateways_of
from taktline.bench.ingest_proof import proof
from taktline.bench.process_use import rss_mb
from taktline.broker import mosquitto_path, start_broker
from taktline.programs import Program, free_port, wait_until

_FEWEST: Final = 1000
_START_S: Final = 300.0  # what starting costs is not part of the figures


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what may be chosen."""
    parser.add_argument("--load", choices=LOADS, default="scan", help="what the messages are like")
    parser.add_argument("--points", type=int, default=2_000_000, help="points in all")
    parser.add_argument("--gateways", type=int, default=4, help="gateways that send at the same time")
    parser.add_argument("--keep", type=Path, help="keep the run's files in this folder")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Return the figures; `ratio` compares with decoding and storing alone, before and after, in the mean."""
    if options.points < _FEWEST or not 1 <= options.gateways <= options.points:
        raise BenchWrong("accepted: --points 1000 or more, --gateways 1 or more")
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        return _in(options.keep, options)
    with tempfile.TemporaryDirectory(prefix="taktline-bench-") as folder:
        return _in(Path(folder), options)


def _in(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    port = free_port()
    load_before = os.getloadavg()[0]
    gateways = gateways_of(options.load, options.gateways, options.points)
    before = _alone_in(folder / "before", gateways)
    broker = start_broker(folder, port)
    ingest = Program(
        "ingest",
        [sys.executable, "-m", "taktline.bench.ingest_program", str(folder), str(port)],
        {},
        folder / "ingest.log",
    )
    ingest.start()
    try:
        if not wait_until(lambda: "ingest_started" in ingest.tail(), _START_S):
            raise BenchWrong(f"ingestion did not start:\n{ingest.tail()}")
        figures = _sent(ingest, broker, options, port)
    finally:
        is_clean = ingest.stop(60.0)
        broker.stop()
    if not is_clean:
        raise BenchWrong(f"ingestion did not end by itself:\n{ingest.tail()}")
    figures |= proof(gateways, folder / "points.duckdb")
    after = _alone_in(folder / "after", gateways)
    # A shared processor moves by a quarter within minutes: what is compared stands on both sides of the run.
    figures |= {key: round((before[key] + after[key]) / 2, 4) for key in before}
    ceiling = figures["decode_cpu_s_per_million"] + figures["insert_cpu_s_per_million"]
    figures["ratio"] = round(ceiling / figures["cpu_s_per_million"], 3)
    return {
        "load": options.load,
        "gateways": options.gateways,
        **figures,
        "broker": "mosquitto" if mosquitto_path() else "amqtt (embedded fallback)",
        "machine_load": round(load_before, 2),
        "versions": versions("taktline", "duckdb", "numpy", "pyarrow", "protobuf", "paho-mqtt"),
    }


def _alone_in(folder: Path, gateways: Sequence[Gateway]) -> dict[str, float]:
    folder.mkdir(exist_ok=True)
    return alone(gateways, folder)


def _cpu_s(pid: int) -> float:
    """Return the processor seconds of another process, all threads, to the nanosecond."""
    return time.clock_gettime(~pid << 3 | 2)  # clock_getcpuclockid(3), as Linux makes these ids


def _sent(ingest: Program, broker: Program, options: argparse.Namespace, port: int) -> dict[str, Any]:
    words = [options.load, options.points, options.gateways, port]
    generator = subprocess.Popen(  # noqa: S603 -- our own program, no shell
        [sys.executable, "-m", "taktline.bench.ingest_sender", *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert generator.stdout is not None  # noqa: S101 -- it is a pipe
        assert generator.stdin is not None  # noqa: S101 -- the same
        if generator.stdout.readline() != "ready\n":
            raise BenchWrong(f"the gateways did not start (status {generator.wait()})")
        pid, broker_pid = ingest.pid, broker.pid
        if pid is None or broker_pid is None:
            raise BenchWrong(f"ingestion or broker has ended:\n{ingest.tail()}\n{broker.tail()}")
        before_s, broker_before_s = _cpu_s(pid), _cpu_s(broker_pid)
        generator.stdin.write("go\n")
        generator.stdin.flush()
        line = generator.stdout.readline()
        used_s, broker_used_s = _cpu_s(pid) - before_s, _cpu_s(broker_pid) - broker_before_s
        memory = rss_mb(pid)
    finally:
        generator.terminate()
        generator.wait()
    if not line:
        raise BenchWrong("the gateways ended before everything was receipted")
    said = json.loads(line)
    points = sum(
        len(batch.metrics)
        for gateway in gateways_of(options.load, options.gateways, options.points)
        for batch in gateway.batches
    )
    return {
        "points": points,
        "messages": said["messages"],
        "resent": said["resent"],
        "seconds": round(said["seconds"], 3),
        "points_per_s": round(points / said["seconds"]),
        "cpu_s_per_million": round(used_s / points * MILLION, 4),
        "broker_cpu_s_per_million": round(broker_used_s / points * MILLION, 4),
        "generator_cpu_s_per_million": round(said["cpu_s"] / points * MILLION, 4),
        "rss_mb": round(memory, 1),
    }
