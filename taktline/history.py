"""A stretch of history in the gateways' spools, as they would have filled them while their link was down."""

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from edge.agent import open_spool
from edge.config import load
from edge.reading import Reading, Scan
from simulators.history import Change, history
from taktline.stack import RunPlan

CHUNK_MS = 5 * 60_000


def spool_history(plan: RunPlan, gateway_files: Mapping[str, Path]) -> int:
    """Return how many readings of the world between its start and the clock's origin were spooled.

    The gateways must not run yet: a spool has one writer.

    Parameters
    ----------
    plan
        Its `start_ms` is where history begins, its clock's origin where it ends.
    gateway_files
        The configuration of each gateway by edge node id.
    """
    since, until = plan.start_ms, plan.origin_ms
    changes = list(history(plan.plant, plan.seed, since, since, until))
    by_source: dict[str, list[Change]] = {}
    for change in changes:
        by_source.setdefault(change.source, []).append(change)
    spooled = 0
    for path in gateway_files.values():
        config = load(path)
        spool = open_spool(config)
        try:
            for device in config.device:
                for scan in _scans(device.id, by_source.get(device.id, []), since, until):
                    while not spool.put(scan):
                        spool.flush()
                    spooled += len(scan.readings)
            spool.flush()
        finally:
            spool.close()
    return spooled


def _scans(device: str, changes: list[Change], since_ms: int, until_ms: int) -> Iterator[Scan]:
    """Yield the changes in pieces of five plant minutes, each watched since the start."""
    for chunk, rows in groupby(changes, key=lambda change: (change.ts_ms - since_ms) // CHUNK_MS):
        readings = tuple(Reading(device, row.tag, row.ts_ms, row.value) for row in rows)
        through = min(until_ms, since_ms + (chunk + 1) * CHUNK_MS)
        yield Scan(device, readings, (since_ms, max(through, readings[-1].ts_ms)))
    yield Scan(device, (), (since_ms, until_ms))
