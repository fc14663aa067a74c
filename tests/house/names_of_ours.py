"""Which names a file of tests takes from our packages, or from files beside it, that are not there.

A test that runs for minutes would tell it only after minutes, and mypy reads the packages alone. What is
read: imports, attributes of imported modules (however deep), and the keywords of calls of what was imported;
nothing of the attributes of objects.
"""

import ast
import inspect
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

PACKAGES = ("wire", "edge", "models", "cloud", "simulators", "taktline")
SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
OTHER = object()  # something of which nothing is known


class Beside:
    """A file of tests that others import by its stem, and what it defines."""

    def __init__(self, tree: ast.Module) -> None:
        self.names = frozenset(_bound(tree.body, imports=True))


def wrong_names(tree: ast.Module, beside: Mapping[str, Beside]) -> list[str]:
    """Return what a source names that is not there, each as `line 3: wire.clock has no real_seconds`.

    Parameters
    ----------
    tree
        A file of tests, parsed.
    beside
        By stem the files that a test can import besides packages.
    """
    reader = _Reader(beside)
    with reader.scope(tree.body):
        reader.visit(tree)
    return [f"line {line}: {text}" for line, text in sorted(reader.wrong)]


def _bound(nodes: Iterable[ast.AST], *, imports: bool = False) -> Iterator[str]:
    """Yield the names that nodes bind in their own scope, those of imports only when asked."""
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        elif isinstance(node, ast.Import | ast.ImportFrom) and imports:
            yield from (alias.asname or alias.name.split(".")[0] for alias in node.names)
        if not isinstance(node, SCOPES):
            yield from _bound(ast.iter_child_nodes(node), imports=imports)


@cache
def keywords_of(called: Callable[..., object]) -> frozenset[str]:
    """Return the names of what can be given to a call; empty when it takes any, or does not say."""
    try:
        known = inspect.signature(called).parameters
    except (TypeError, ValueError):  # written in C, or by a metaclass
        return frozenset()
    return frozenset() if any(each.kind is each.VAR_KEYWORD for each in known.values()) else frozenset(known)


class _Reader(ast.NodeVisitor):
    def __init__(self, beside: Mapping[str, Beside]) -> None:
        self.beside = beside
        self.wrong: set[tuple[int, str]] = set()
        self.scopes: list[dict[str, Any]] = []

    @contextmanager
    def scope(self, nodes: Iterable[ast.AST]) -> Iterator[None]:
        self.scopes.append(dict.fromkeys(_bound(nodes), OTHER))
        yield
        self.scopes.pop()

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            module = self._module(node, alias.name)
            if alias.asname is None and isinstance(module, ModuleType):
                module = import_module(alias.name.split(".")[0])
            self._bind(alias.asname or alias.name.split(".")[0], module)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = self._module(node, node.module or "")
        for alias in node.names:
            self._bind(alias.asname or alias.name, self._member(node, module, alias.name, imports=True))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._value(node)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = self._value(node.func)
        if node.keywords and callable(called) and isinstance(called, Hashable):
            taken = keywords_of(called)
            for keyword in node.keywords:
                if taken and keyword.arg is not None and keyword.arg not in taken:
                    self._tell(node, f"{ast.unparse(node.func)} takes no {keyword.arg}")
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outside = [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        hints = [each.annotation for each in ast.walk(node.args) if isinstance(each, ast.arg)]
        for each in (*outside, *filter(None, [*hints, node.returns])):
            self.visit(each)
        with self.scope([node.args, *node.body]):
            for statement in node.body:
                self.visit(statement)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 -- the names that `ast` calls

    def visit_Lambda(self, node: ast.Lambda) -> None:
        with self.scope([node.args]):
            self.generic_visit(node)

    def _comprehension(self, node: ast.AST) -> None:
        with self.scope(ast.iter_child_nodes(node)):
            self.generic_visit(node)

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def _bind(self, name: str, value: object) -> None:
        scope = self.scopes[-1]
        scope[name] = OTHER if name in scope else value  # bound twice: what it is, only the run tells

    def _module(self, node: ast.AST, name: str) -> Any:
        if name in self.beside:
            return self.beside[name]
        if name.split(".", maxsplit=1)[0] not in PACKAGES:
            return OTHER
        try:
            return import_module(name)
        except ModuleNotFoundError as missing:
            self._tell(node, str(missing))
            return OTHER

    def _member(self, node: ast.AST, owner: object, name: str, *, imports: bool) -> Any:
        if isinstance(owner, Beside):
            if name not in owner.names:
                self._tell(node, f"the file of tests has no {name}")
            return OTHER
        if not isinstance(owner, ModuleType):
            return OTHER
        if hasattr(owner, name):
            return getattr(owner, name)
        if imports and hasattr(owner, "__path__") and find_spec(f"{owner.__name__}.{name}"):
            return import_module(f"{owner.__name__}.{name}")
        self._tell(node, f"{owner.__name__} has no {name}")
        return OTHER

    def _value(self, node: ast.AST) -> Any:
        if isinstance(node, ast.Name):
            return next((scope[node.id] for scope in reversed(self.scopes) if node.id in scope), OTHER)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            return self._member(node, self._value(node.value), node.attr, imports=False)
        return OTHER

    def _tell(self, node: ast.AST, text: str) -> None:
        self.wrong.add((getattr(node, "lineno", 0), text))
