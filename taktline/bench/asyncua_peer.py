"""The peer of the OPC UA benchmark: a bare asyncua subscription that counts values and does nothing else."""

import asyncio
import contextlib
import json
import logging
import sys
import time

from asyncua import ua
from asyncua.client.client import Client

CHUNK = 1000
SETTLE_S = 3.0


async def _count(url: str, nodes: int, publishing_ms: float, seconds: float) -> dict[str, float]:
    async with Client(url, timeout=20, watchdog_intervall=10) as client:
        subscription = await client.create_subscription(publishing_ms, queue_maxsize=0)
        found = [client.get_node(f"ns=2;s=n{number:04}") for number in range(nodes)]
        for first in range(0, nodes, CHUNK):
            await subscription.subscribe_data_change(
                found[first : first + CHUNK], sampling_interval=ua.Double(0), queuesize=100
            )
        values, settled_s = 0, time.monotonic() + SETTLE_S
        began_s = used_s = 0.0
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S + seconds):
                async for _ in subscription:
                    if not began_s and time.monotonic() >= settled_s:
                        began_s, used_s = time.monotonic(), time.process_time()
                    values += bool(began_s)
        return {
            "values": values,
            "cpu_s": time.process_time() - used_s,
            "seconds": time.monotonic() - began_s,
        }


def main() -> None:
    """Count for so long and print the figures."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    url, nodes, publishing_ms, seconds = sys.argv[1:]
    figures = asyncio.run(_count(url, int(nodes), float(publishing_ms), float(seconds)))
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
