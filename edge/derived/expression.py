"""Expressions over tags: checked and compiled once into closures, evaluated without `eval`."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, cast

from edge.scaling import Scalar

Kind = Literal["number", "boolean", "text"]


class Ref(NamedTuple):
    """A tag of a device."""

    device: str
    tag: str


Env = Mapping[Ref, Scalar]
Number = bool | int | float
Compute = Callable[[Env], Scalar]
Compiled = tuple[Kind, Compute]

LONGEST_TEXT: Final = 1000
MOST_NODES: Final = 200
DEEPEST: Final = 24
NUMBERS: Final = ("number", "boolean")


class ExpressionWrong(ValueError):
    """Text that is no expression over these tags; says what is wrong, where, and what is accepted."""


class Undefined(ArithmeticError):
    """An expression that has no value for these inputs, such as a division by zero."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes
    ----------
    text : str
        As written.
    kind : str
        What comes out: `number`, `boolean` or `text`.
    inputs : tuple of Ref
        The tags it needs, each once, in the order of their appearance.
    """

    text: str
    kind: Kind
    inputs: tuple[Ref, ...]
    _compute: Compute

    def value(self, env: Env) -> Scalar:
        """The value for these inputs, e.g. `power_w / 1000` with power_w 2500 is 2.5.

        Integers stay exact under `+ - *`; `/` and `**` are computed in floating point.

        Raises
        ------
        Undefined
            When there is none: division by zero, a root of −1, a number beyond ±1.8e308.
        """
        try:
            found = self._compute(env)
        except (ArithmeticError, ValueError) as error:
            raise Undefined(str(error)) from error
        if isinstance(found, float) and not math.isfinite(found):
            raise Undefined("the result is not a finite number")
        return found

    def holds(self, env: Env) -> bool:
        """Whether the condition is true for these inputs; a number is true unless it is 0."""
        return bool(self.value(env))


def compiled(text: str, tags: Mapping[Ref, Kind], device: str | None) -> Expression:
    """The expression that `text` means.

    Parameters
    ----------
    text : str
        Operators `+ - * / // % **`, comparisons, `and or not`, `a if condition else b`, numbers, 'texts',
        functions, tags by name, or `tag("name")` and `tag("device", "name")` for names with other signs.
    tags : mapping of Ref to Kind
        The tags it may use.
    device : str or None
        Whose tags may be named without their device; None where the device must stand with it.

    Raises
    ------
    ExpressionWrong
        With the position of the mistake, counted from 1, and what is accepted.
    """
    if len(text) > LONGEST_TEXT:
        raise ExpressionWrong(f"is {len(text)} characters long; accepted: at most {LONGEST_TEXT}")
    # Line breaks and indentation are for the reader of the file; positions stay as they are.
    flat = "".join(" " if sign.isspace() else sign for sign in text)
    lead = len(flat) - len(flat.lstrip())
    try:
        tree = ast.parse(flat.lstrip(), mode="eval")
    except SyntaxError as error:
        # Offset 0 is the parser's word for the end of the text.
        position = (error.offset + lead) if error.offset else len(flat.rstrip()) + 1
        raise ExpressionWrong(
            f"{text!r} at character {position}: {error.msg}; accepted: an expression"
        ) from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise ExpressionWrong(f"{text[:60]!r} cannot be read; accepted: an expression") from error
    compiler = _Compiler(text, lead, tags, device)
    kind, compute = compiler.part(tree.body, 0)
    return Expression(text, kind, tuple(compiler.inputs), compute)


ARITHMETIC: Final[Mapping[type[ast.operator], Callable[[Number, Number], Number]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    # In floating point: a power of whole numbers could otherwise fill the memory.
    ast.Pow: math.pow,
}
COMPARISONS: Final[Mapping[type[ast.cmpop], Callable[[Scalar, Scalar], bool]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: cast("Callable[[Scalar, Scalar], bool]", operator.lt),
    ast.LtE: cast("Callable[[Scalar, Scalar], bool]", operator.le),
    ast.Gt: cast("Callable[[Scalar, Scalar], bool]", operator.gt),
    ast.GtE: cast("Callable[[Scalar, Scalar], bool]", operator.ge),
}


def _clamp(value: Number, low: Number, high: Number) -> Number:
    return min(max(value, low), high)


def _bit(value: Number, position: Number) -> bool:
    """Whether bit `position` (0 = least) of a whole number is set."""
    if value != int(value) or not 0 <= position < 64 or position != int(position):  # noqa: PLR2004 - bits of a tag
        raise Undefined("bit() takes a whole number and a position of 0 to 63")
    return bool(int(value) >> int(position) & 1)


def _round(value: Number, digits: Number = 0) -> Number:
    """Rounded half to even; `digits` behind the point."""
    if digits not in range(16):
        raise Undefined("round() takes 0 to 15 digits")
    return round(value, int(digits)) if digits else round(value)


# Name: what it gives, fewest and most numbers it takes, what it does.
FUNCTIONS: Final[Mapping[str, tuple[Kind, int, int, Callable[..., Number]]]] = {
    "abs": ("number", 1, 1, abs),
    "min": ("number", 2, 8, min),
    "max": ("number", 2, 8, max),
    "clamp": ("number", 3, 3, _clamp),
    "round": ("number", 1, 2, _round),
    "floor": ("number", 1, 1, math.floor),
    "ceil": ("number", 1, 1, math.ceil),
    "sqrt": ("number", 1, 1, math.sqrt),
    "exp": ("number", 1, 1, math.exp),
    "ln": ("number", 1, 1, math.log),
    "log10": ("number", 1, 1, math.log10),
    "sin": ("number", 1, 1, math.sin),
    "cos": ("number", 1, 1, math.cos),
    "hypot": ("number", 2, 3, math.hypot),
    "bit": ("boolean", 2, 2, _bit),
}
CONSTANTS: Final = {"pi": math.pi, "true": True, "false": False}


class _Compiler:
    """One walk over the tree of one expression: names, kinds and size are checked, closures made."""

    def __init__(self, text: str, lead: int, tags: Mapping[Ref, Kind], device: str | None) -> None:
        self.inputs: dict[Ref, None] = {}
        self._text = text
        self._lead = lead
        self._tags = tags
        self._device = device
        self._nodes = 0

    def part(self, node: ast.expr, depth: int) -> Compiled:
        """Kind and closure of one part."""
        self._nodes += 1
        if depth > DEEPEST or self._nodes > MOST_NODES:
            raise self._wrong(node, f"too large; accepted: {MOST_NODES} parts, nested {DEEPEST} deep")
        if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float | str):
            return self._constant(node, node.value)
        if isinstance(node, ast.Name):
            return self._name(node, node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._call(node, node.func.id, depth)
        return self._composed(node, depth)

    def _composed(self, node: ast.expr, depth: int) -> Compiled:
        match node:
            case ast.BinOp():
                return self._arithmetic(node, depth)
            case ast.UnaryOp():
                return self._unary(node, depth)
            case ast.BoolOp():
                return self._logic(node, depth)
            case ast.Compare():
                return self._comparison(node, depth)
            case ast.IfExp():
                return self._choice(node, depth)
            case _:
                known = f"numbers, 'texts', tags, operators and {_functions()}"
                raise self._wrong(node, f"{type(node).__name__} is not accepted; accepted: {known}")

    def _wrong(self, node: ast.expr, said: str) -> ExpressionWrong:
        # The tree counts bytes of UTF-8, a person counts characters.
        before = self._text[self._lead :].encode()[: node.col_offset].decode(errors="ignore")
        return ExpressionWrong(f"{self._text!r} at character {self._lead + len(before) + 1}: {said}")

    def _constant(self, node: ast.expr, value: Scalar) -> Compiled:
        if isinstance(value, str):
            return "text", lambda _env: value
        if isinstance(value, bool):
            return "boolean", lambda _env: value
        if (isinstance(value, float) and not math.isfinite(value)) or abs(value) >= 2**64:
            raise self._wrong(node, "the number is too large; accepted: below 2 to the power of 64")
        return "number", lambda _env: value

    def _name(self, node: ast.expr, name: str) -> Compiled:
        if self._device is not None and Ref(self._device, name) in self._tags:
            return self._input(Ref(self._device, name))
        if name in CONSTANTS:
            return self._constant(node, CONSTANTS[name])
        if name in FUNCTIONS:
            raise self._wrong(node, f"{name} is a function; accepted: {name}(…)")
        raise self._unknown(node, name)

    def _unknown(self, node: ast.expr, name: str) -> ExpressionWrong:
        if self._device is None:
            known = ", ".join(f'tag("{ref.device}", "{ref.tag}")' for ref in list(self._tags)[:40])
        else:
            known = ", ".join(ref.tag for ref in self._tags if ref.device == self._device)
        return self._wrong(node, f"no tag {name!r}; accepted: {known}; functions: {_functions()}")

    def _input(self, ref: Ref) -> Compiled:
        self.inputs[ref] = None
        return self._tags[ref], lambda env: env[ref]

    def _tag_call(self, node: ast.expr, given: list[ast.expr]) -> Compiled:
        names = [
            part.value for part in given if isinstance(part, ast.Constant) and isinstance(part.value, str)
        ]
        if len(names) != len(given) or len(names) not in {1, 2}:
            raise self._wrong(node, 'tag() takes names; accepted: tag("name") or tag("device", "name")')
        device = names[0] if len(names) == 2 else self._device or ""  # noqa: PLR2004 - device and name
        ref = Ref(device, names[-1])
        if ref not in self._tags:
            raise self._unknown(node, "/".join(names))
        return self._input(ref)

    def _number(self, node: ast.expr, depth: int, what: str) -> Compute:
        kind, compute = self.part(node, depth + 1)
        if kind not in NUMBERS:
            raise self._wrong(node, f"{what} takes numbers, this is a text")
        return compute

    def _arithmetic(self, node: ast.BinOp, depth: int) -> Compiled:
        act = ARITHMETIC.get(type(node.op))
        if act is None:
            raise self._wrong(node, f"{type(node.op).__name__} is not accepted; accepted: + - * / // % **")
        left = cast("Callable[[Env], Number]", self._number(node.left, depth, "arithmetic"))
        right = cast("Callable[[Env], Number]", self._number(node.right, depth, "arithmetic"))
        return "number", lambda env: act(left(env), right(env))

    def _unary(self, node: ast.UnaryOp, depth: int) -> Compiled:
        inner = cast("Callable[[Env], Number]", self._number(node.operand, depth, "a sign or not"))
        match node.op:
            case ast.Not():
                return "boolean", lambda env: not inner(env)
            case ast.USub():
                return "number", lambda env: -inner(env)
            case ast.UAdd():
                return "number", lambda env: +inner(env)
            case _:
                raise self._wrong(node, "~ is not accepted; accepted: -, + and not")

    def _logic(self, node: ast.BoolOp, depth: int) -> Compiled:
        parts = [self._number(part, depth, "and, or") for part in node.values]
        if isinstance(node.op, ast.And):
            return "boolean", lambda env: all(part(env) for part in parts)
        return "boolean", lambda env: any(part(env) for part in parts)

    def _comparison(self, node: ast.Compare, depth: int) -> Compiled:
        parts = [self.part(part, depth + 1) for part in (node.left, *node.comparators)]
        steps = []
        for index, sign in enumerate(node.ops):
            act = COMPARISONS.get(type(sign))
            if act is None:
                raise self._wrong(node, f"{type(sign).__name__} is not accepted; accepted: == != < <= > >=")
            texts = [kind == "text" for kind, _ in parts[index : index + 2]]
            if any(texts) and not (all(texts) and isinstance(sign, ast.Eq | ast.NotEq)):
                raise self._wrong(node, "a text can only be == or != another text")
            steps.append(act)
        computes = [compute for _, compute in parts]

        def compare(env: Env) -> bool:
            left = computes[0](env)
            for act, compute in zip(steps, computes[1:], strict=True):
                right = compute(env)
                if not act(left, right):
                    return False
                left = right
            return True

        return "boolean", compare

    def _choice(self, node: ast.IfExp, depth: int) -> Compiled:
        condition = self._number(node.test, depth, "if")
        kind, chosen = self.part(node.body, depth + 1)
        other_kind, other = self.part(node.orelse, depth + 1)
        if (kind == "text") != (other_kind == "text"):
            raise self._wrong(node, "one branch is a text, the other a number; accepted: two of a kind")
        return (
            kind if kind == other_kind else "number",
            lambda env: chosen(env) if condition(env) else other(env),
        )

    def _call(self, node: ast.Call, name: str, depth: int) -> Compiled:
        given = node.args
        if name == "tag":
            return self._tag_call(node, given)
        if name not in FUNCTIONS:
            raise self._wrong(node, f"no function {name!r}; accepted: {_functions()}")
        kind, fewest, most, act = FUNCTIONS[name]
        if not fewest <= len(given) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise self._wrong(node, f"{name}() got {len(given)} numbers; accepted: {wanted}")
        parts = [self._number(part, depth, f"{name}()") for part in given]
        return kind, lambda env: act(*[part(env) for part in parts])


def _functions() -> str:
    return ", ".join((*FUNCTIONS, "tag"))
