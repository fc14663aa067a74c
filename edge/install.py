"""Writes a systemd unit for a gateway: `taktline edge install FILE`."""

import argparse
import re
import sys
from pathlib import Path
from typing import Final

from edge.config import GatewayConfig, load
from edge.errors import ConfigWrong

CONFIG_WRONG: Final = 2
SYSTEM_FOLDER: Final = Path("/etc/systemd/system")

# Every line of protection is one a gateway can live with: it opens sockets, serial ports and its spool.
UNIT: Final = """\
[Unit]
Description=Taktline gateway {group}/{node}
Documentation=file://{docs}
Wants=network-online.target
After=network-online.target time-sync.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={program} -m edge run {file}
ExecReload=kill -HUP $MAINPID
WorkingDirectory={folder}
Restart=always
RestartSec=5
# Exit code 2: the file is wrong. Only a person can mend that, so it is not tried again and again.
RestartPreventExitStatus=2
TimeoutStopSec=30
User={user}
{devices}
# What a gateway needs and no more.
ReadWritePaths={spool}
ProtectSystem=strict
ProtectHome={home}
PrivateTmp=yes
NoNewPrivileges=yes
CapabilityBoundingSet=
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
UMask=0027
MemoryMax=512M

[Install]
WantedBy=multi-user.target
"""


def unit_name(config: GatewayConfig) -> str:
    """Name of the unit's file, e.g. `taktline-gw-l1.service`."""
    return f"taktline-{re.sub(r'[^A-Za-z0-9_.-]', '-', config.gateway.node)}.service"


def unit(config: GatewayConfig, file: Path, user: str, *, python: str) -> str:
    """Text of the unit.

    Parameters
    ----------
    config : GatewayConfig
        What the file says.
    file : Path
        The gateway file.
    user : str
        Who runs it.
    python : str
        The interpreter with Taktline installed.
    """
    spool = Path(config.spool.path).parent
    needs_serial = any(str(device.endpoint).startswith("/dev/") for device in config.device)
    homes = (Path("/home"), Path("/root"), Path("/run/user"))
    is_in_home = any(home in path.parents for home in homes for path in (file, spool, Path(python)))
    return UNIT.format(
        group=_escaped(config.gateway.group),
        node=_escaped(config.gateway.node),
        docs=_word(file),
        program=_word(python),
        file=_word(file),
        folder=_escaped(str(file.parent)),
        user=user,
        devices="SupplementaryGroups=dialout" if needs_serial else "PrivateDevices=yes",
        spool=_word(spool),
        home="read-only" if is_in_home else "yes",
    )


def _escaped(text: str) -> str:
    """A `%` begins a specifier of systemd."""
    return text.replace("%", "%%")


def _word(path: Path | str) -> str:
    text = _escaped(str(path)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"' if " " in text else text


def main(arguments: list[str]) -> int:
    """The exit code: 0; 2 when the gateway file is wrong; 1 when the unit cannot be written."""
    parser = argparse.ArgumentParser(prog="edge install", description=__doc__)
    parser.add_argument("file", type=Path, help="the gateway's TOML file")
    parser.add_argument("--user", default="taktline", help="who runs the service (taktline)")
    parser.add_argument(
        "--dir", type=Path, default=SYSTEM_FOLDER, help=f"folder of the unit ({SYSTEM_FOLDER})"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the unit, write nothing")
    chosen = parser.parse_args(arguments)
    try:
        config = load(chosen.file)
    except ConfigWrong as wrong:
        sys.stderr.write(f"{wrong}\n")
        return CONFIG_WRONG
    file = chosen.file.resolve()
    text = unit(config, file, chosen.user, python=sys.executable)
    if chosen.dry_run:
        sys.stdout.write(text)
        return 0
    path = chosen.dir / unit_name(config)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as wrong:
        sys.stderr.write(f"{path}: cannot be written: {wrong.strerror}; accepted: --dir, or run it as root\n")
        return 1
    name, folder, who = path.stem, Path(config.spool.path).parent, chosen.user
    sys.stdout.write(
        f"wrote {path}\n"
        f"Next, as root:\n"
        f"  id {who} || useradd --system --no-create-home {who}\n"
        f"  chown {who} {folder}\n"
        f"  systemctl daemon-reload && systemctl enable --now {name}\n"
        f"Then:\n"
        f"  taktline edge status {file}\n"
        f"  journalctl -u {name} -f\n"
        f"  systemctl reload {name}   # takes a changed file at once; it is also seen by itself\n"
    )
    return 0
