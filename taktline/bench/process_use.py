"""What a process costs: processor time and memory, from /proc."""

import os
from pathlib import Path
from typing import Final

_TICKS_S: Final = os.sysconf("SC_CLK_TCK")
_USER_AT, _SYSTEM_AT = 11, 12  # fields of /proc/PID/stat behind the name


def cpu_s(pid: int) -> float:
    """Return the processor seconds, user and system, that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[_USER_AT]) + int(fields[_SYSTEM_AT])) / _TICKS_S


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process, MB (2^20 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def percentile(values: list[float], share: float) -> float | None:
    """Return the value below which `share` (0-1) of the sorted values lie; None for no values."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
