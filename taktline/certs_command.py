"""`taktline certs make | show`: certificates of a plant's MQTT broker, cloud and gateways."""

import argparse
import json
import sys
from pathlib import Path

from taktline.certs import LEAF_DAYS, CertsWrong, Made, Shown, Wanted, make, shown
from wire.clock import real_ms

SOON_DAYS = 30
OVER = 1
WRONG = 2


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0; 1 when `show` finds a certificate that is over; 2 when something cannot be used."""
    chosen = _parser().parse_args(arguments)
    try:
        return _make(chosen) if chosen.command == "make" else _show(chosen)
    except (CertsWrong, OSError) as wrong:
        sys.stderr.write(f"{wrong}\n")
        return WRONG


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="taktline certs", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("make", help="make what is missing; what is there stays, unless --force")
    making.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder of all certificates")
    making.add_argument(
        "--broker",
        action="append",
        required=True,
        metavar="NAME",
        help="host name or address of the broker as gateways and cloud know it; may be given several times",
    )
    making.add_argument(
        "--gateway",
        action="append",
        default=[],
        metavar="NODE",
        help="edge node id of a gateway; may be given several times",
    )
    making.add_argument(
        "--cloud", default="taktline-cloud", metavar="NAME", help="the cloud's name at the broker"
    )
    making.add_argument("--days", type=int, default=LEAF_DAYS, help=f"how long they are good ({LEAF_DAYS})")
    making.add_argument(
        "--force", action="store_true", help="make new ones although some are there; the authority stays"
    )
    showing = commands.add_parser("show", help="names and expiry of all certificates of a folder")
    showing.add_argument("folder", type=Path, metavar="DIR", nargs="?", help="folder that `make` has written")
    showing.add_argument("--out", type=Path, metavar="DIR", help="the same")
    showing.add_argument("--json", action="store_true", help="one JSON array")
    return parser


def _make(chosen: argparse.Namespace) -> int:
    if not 1 <= chosen.days <= LEAF_DAYS * 4:
        raise CertsWrong(f"--days {chosen.days}: accepted: 1 to {LEAF_DAYS * 4}")
    wanted = Wanted(
        chosen.out, chosen.broker, tuple(chosen.gateway), chosen.cloud, chosen.days, force=chosen.force
    )
    made = make(wanted, real_ms())
    for one in made:
        sys.stdout.write(f"  {'made' if one.is_new else 'kept'}  {one.file}\n")
    sys.stdout.write(_what_next(chosen.out, made))
    return 0


def _what_next(folder: Path, made: list[Made]) -> str:
    kept = any(not one.is_new for one in made[1:])
    lines = [
        f"Keep {folder}/ca/ca.key to yourself: who has it can pose as any gateway.",
        f"Give each machine its folder alone: {folder}/broker/, {folder}/cloud/, {folder}/gateways/NODE/.",
    ]
    if kept:
        lines.append("Kept ones were not touched; --force makes new ones under the same authority.")
    return "\n".join([*lines, ""])


def _show(chosen: argparse.Namespace) -> int:
    folder = chosen.folder or chosen.out
    if folder is None:
        raise CertsWrong("certs show: accepted: the folder that `certs make` has written")
    found = shown(folder, real_ms())
    if chosen.json:
        rows = [
            {
                "file": str(one.file),
                "name": one.name,
                "alternatives": list(one.alternatives),
                "issuer": one.issuer,
                "until": one.until.isoformat(),
                "days_left": one.days_left,
            }
            for one in found
        ]
        sys.stdout.write(json.dumps(rows) + "\n")
    else:
        for one in found:
            sys.stdout.write(_line(one, folder) + "\n")
    return OVER if any(one.days_left < 0 for one in found) else 0


def _line(one: Shown, folder: Path) -> str:
    names = f" ({', '.join(one.alternatives)})" if one.alternatives else ""
    left = f"{one.days_left} days left"
    if one.days_left < 0:
        left = "EXPIRED"
    elif one.days_left < SOON_DAYS:
        left = f"ONLY {left}"
    return f"{one.file.relative_to(folder)!s:<32} {one.name}{names}, until {one.until:%Y-%m-%d}, {left}"
