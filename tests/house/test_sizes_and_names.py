"""Sizes and names that a machine can check."""

import ast
import os
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

PACKAGES = ("wire", "edge", "models", "cloud", "simulators", "taktline")
MAX_MODULE, MAX_FUNCTION = 400, 50
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "handler"} | {
    "processor",
    "service",
    "data",
    "info",
}
SLICE_FILES = {"__init__", "tables", "schemas", "queries", "actions", "events", "reactions", "jobs"} | {
    "routes",
    "access",
}
# Slices that touch machines or files rather than people: their file names follow the way of the signal.
FREE_SLICES = {"backup", "ingest", "timeseries", "migrations", "ui"}


@lru_cache
def python_files(root: Path) -> tuple[Path, ...]:
    """Every module of the product; folders that others fill (packages of the web app) are not entered."""
    found = []
    for package in PACKAGES:
        for folder, folders, files in os.walk(root / package):
            folders[:] = [name for name in folders if name not in {"node_modules", "__pycache__", "ui"}]
            found += [Path(folder) / name for name in files if name.endswith(".py")]
    return tuple(sorted(found))


@cache  # more modules than `lru_cache` keeps by itself
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring: explaining more must not cost."""
    first = node.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    doc = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - doc


def test_no_module_is_longer_than_400_lines(root: Path) -> None:
    ui = [path for end in ("ts", "tsx") for path in (root / "cloud/ui/src").rglob(f"*.{end}")]
    files = [*python_files(root), *ui, *(root / "tests").rglob("*.py")]
    long = {
        str(path.relative_to(root)): count
        for path in files
        if "migrations" not in path.parts
        and ".gen." not in path.name
        and (count := len(path.read_text().splitlines())) > MAX_MODULE
    }
    assert not long


def test_no_function_is_longer_than_50_lines(root: Path) -> None:
    long = {
        f"{path.relative_to(root)}:{node.name}": body_lines(node)
        for path in python_files(root)
        if "migrations" not in path.parts
        for node in functions(tree_of(path))
        if body_lines(node) > MAX_FUNCTION
    }
    assert not long


def test_no_file_or_class_has_an_empty_name(root: Path) -> None:
    files = [str(path.relative_to(root)) for path in python_files(root) if path.stem in EMPTY_NAMES]
    pattern = re.compile(r"(Utils?|Helpers?|Manager|Handler|Processor|Service)$")
    classes = [
        f"{path.relative_to(root)}:{node.name}"
        for path in python_files(root)
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ClassDef) and pattern.search(node.name)
    ]
    assert not files
    assert not classes


def test_slices_use_only_the_agreed_file_names(root: Path) -> None:
    strange = [
        str(path.relative_to(root))
        for folder in sorted((root / "cloud").iterdir())
        if folder.is_dir() and folder.name not in FREE_SLICES | {"__pycache__"}
        for path in folder.glob("*.py")
        if path.stem not in SLICE_FILES
    ]
    assert not strange


def test_every_module_says_its_one_job(root: Path) -> None:
    silent = [
        str(path.relative_to(root)) for path in python_files(root) if not ast.get_docstring(tree_of(path))
    ]
    assert not silent


def test_only_the_plant_clock_reads_the_wall_clock_for_plant_time(root: Path) -> None:
    called = re.compile(r"datetime\.(?:now|utcnow|today)\(|date\.today\(")
    readers = {str(path.relative_to(root)) for path in python_files(root) if called.search(path.read_text())}
    # Sessions and certificates live in real time; everything else is given a clock.
    assert readers <= {"wire/clock.py", "cloud/identity/actions.py"}


def test_tests_do_not_sleep_or_patch(root: Path) -> None:
    pattern = re.compile(r"mock\.patch|MagicMock|time\.sleep\(")
    here = Path(__file__)
    offenders = [
        str(path.relative_to(root))
        for path in (root / "tests").rglob("*.py")
        if path != here and pattern.search(path.read_text())
    ]
    assert not offenders
