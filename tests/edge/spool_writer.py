"""A program that spools numbered readings for ever and says which are durable."""

import sys
from itertools import count
from pathlib import Path

from edge.gateway import GatewayIdentity, SpoolSettings
from edge.reading import DeviceSpec, Reading, Scan
from edge.spool import Spool
from wire.sparkplug import DataType

DEVICE = DeviceSpec("press", {"good": DataType.INT64})


def main(folder: Path) -> None:
    spool = Spool(SpoolSettings(folder / "gw.spool", commit_s=0.005), GatewayIdentity("g", "n"), [DEVICE])
    for number in count(1):
        spool.put(Scan("press", (Reading("press", "good", number, number),), (0, number)))
        if number % 7 == 0:
            spool.flush()
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
