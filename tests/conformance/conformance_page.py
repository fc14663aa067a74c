"""Writes docs/sparkplug-conformance.md from the table of requirements and the tests that prove them.

Run `python tests/conformance/conformance_page.py` after a change of either; a test fails while it is stale.
"""

import ast
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = Path(__file__).with_name("requirements.tsv")
PAGE = ROOT / "docs" / "sparkplug-conformance.md"
ROLES = {
    "edge": "edge node",
    "host": "host",
    "both": "edge node and host",
    "broker": "MQTT server",
    "none": "not applicable",
}
BINDING = ("edge", "host", "both")


@dataclass(frozen=True)
class Requirement:
    """One tck-id: whom it binds, what it asks for in our words, and why it has no test where it has none."""

    id: str
    role: str
    what: str
    reason: str


def requirements() -> list[Requirement]:
    lines = TABLE.read_text().splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [Requirement(*row, *[""] * (4 - len(row))) for row in rows]


def proofs() -> dict[str, list[str]]:
    """Tests by the tck-id that they are marked with, as `path::name`."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text()
        if "mark.tck(" not in text:
            continue
        for node in ast.parse(text).body:
            for mark in getattr(node, "decorator_list", ()):
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.tck":
                    for argument in mark.args:
                        name = f"{path.relative_to(ROOT / 'tests').as_posix()}::{node.name}"
                        found.setdefault(ast.literal_eval(argument), []).append(name)
    return found


def render() -> str:
    """The page as it should be."""
    rows, tests = requirements(), proofs()
    counts = Counter(row.role for row in rows)
    bound = [row for row in rows if row.role in BINDING]
    proved = [row for row in bound if row.id in tests]
    intro = (
        f"Version 3.0.0 of the specification has {len(rows)} normative statements with a `tck-id`. "
        f"{counts['edge']} bind the edge node, {counts['host']} the host, {counts['both']} both; "
        f"{counts['broker']} bind the MQTT server, and {counts['none']} do not apply. Of the {len(bound)} "
        f"that bind us, {len(proved)} are proved by a test that runs the real uplink, the real host or "
        f"the codec; {len(bound) - len(proved)} have a reason instead. What each asks for is said in our "
        "own words; the specification's text counts."
    )
    lines = [
        "# Sparkplug 3.0 conformance",
        "",
        "<!-- Made by tests/conformance/conformance_page.py; do not edit. -->",
        "",
        intro,
        "",
        "| tck-id | binds | asks for | proved by |",
        "|---|---|---|---|",
    ]
    for row in rows:
        proof = "<br>".join(f"`{test}`" for test in tests.get(row.id, [])) or row.reason
        lines.append(f"| {row.id.removeprefix('tck-id-')} | {ROLES[row.role]} | {row.what} | {proof} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(render())
