"""A gateway file made by browsing a server is one that `edge check` accepts, and says what it left out."""

import asyncio
from pathlib import Path

import pytest
from asyncua import ua
from opcua_world import World

from edge.__main__ import check
from edge.config import load
from edge.drivers.opcua.browse_command import main as browse

pytestmark = pytest.mark.slow

V = ua.VariantType
VARIABLES: dict[str, tuple[object, ua.VariantType]] = {
    'odd "name"\\': (1, V.Int16),
    "speed": (2.5, V.Double),
    "running": (True, V.Boolean),
    "recipe": ("A", V.String),
    "zones": ([1.0, 2.0, 3.0], V.Float),
    "log": (list(range(500)), V.Int32),
}


@pytest.mark.parametrize("most", [5000, 3])
def test_a_browsed_server_becomes_a_file_that_check_accepts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], most: int
) -> None:
    async def main() -> None:
        async with World(VARIABLES) as world:
            await world.add("range", ua.Range(0.0, 1.0), V.ExtensionObject)
            await world.server.get_node("ns=2;s=speed").set_writable()
            await world.server.get_node("ns=2;s=speed").add_property(2, "unit", "mm/s")
            out = tmp_path / "gw.toml"
            words = [world.url, "--out", str(out), "--max", str(most)]
            assert await asyncio.to_thread(browse, words) == 0
            assert await asyncio.to_thread(browse, words) == 2
            assert "--replace" in capsys.readouterr().err
            assert check(out) == 0
            text = out.read_text()
            tags = {t.name: t for t in load(out).device[0].tag}
            if most == 3:
                assert len(tags) == 2
                return
            named = {name.rpartition("/")[2]: t for name, t in tags.items()}
            assert named.keys() == {
                'odd "name"\\',
                "speed",
                "running",
                "recipe",
                *(f"zones[{index}]" for index in range(3)),
            }
            kinds = {name: t.datatype for name, t in named.items()}
            assert (kinds["speed"], kinds["running"], kinds["recipe"]) == ("Double", "Boolean", "String")
            assert (kinds['odd "name"\\'], kinds["zones[0]"]) == ("Int16", "Float")
            assert "is an array of 500; an element can be a tag" in text
            assert "is a structure (Range); a field of it can be a tag" in text
            assert text.count("# writable = true") == 1
            assert await asyncio.to_thread(browse, [*words, "--replace", "--writable"]) == 0
            assert [t.name.rpartition("/")[2] for t in load(out).device[0].tag if t.writable] == ["speed"]

    asyncio.run(main())


def test_a_server_that_is_not_there_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert browse(["opc.tcp://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err.startswith("edge browse: opc.tcp://127.0.0.1:1: ")
    assert browse(["http://plc"]) == 2
    assert "opc" in capsys.readouterr().err
