"""Constraints between parameters: arithmetic over the names of axes, and comparisons.

    tau_I >= 2 * tau_E        low < (a + b) / 2 <= high        a**2 + b**2 <= 1

Numbers, names, + - * / and ** with a small number as exponent, brackets, <= >= < >; nothing else
is understood, and nothing is ever run as Python.
"""

import ast
import dataclasses
import math
import operator
import sys
import warnings
from collections.abc import Callable, Collection, Mapping

UNDEFINED = 1e12  # the violation where a number is divided by zero, or becomes too large
_LONGEST, _DEEPEST, _LARGEST_EXPONENT = 500, 40, 8
_EQUAL = sys.float_info.min  # the violation of a < b where they are equal

_Operators = dict[type[ast.AST], Callable[..., float]]
_BINARY: _Operators = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_UNARY: _Operators = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_COMPARED = (ast.LtE, ast.GtE, ast.Lt, ast.Gt)


@dataclasses.dataclass(frozen=True)
class Constraint:
    """A condition that candidates have to meet, as it was written."""

    text: str
    tree: ast.Compare = dataclasses.field(repr=False, compare=False)

    def violation(self, values: Mapping[str, float]) -> float:
        """Return by how much it is violated: above 0 where it is, never NaN."""
        try:
            sides = [_number(side, values) for side in (self.tree.left, *self.tree.comparators)]
        except (ZeroDivisionError, OverflowError):
            return UNDEFINED
        pairs = zip(sides[:-1], self.tree.ops, sides[1:], strict=True)
        return max(_excess(left, op, right) for left, op, right in pairs)


def parse(text: str, names: Collection[str]) -> Constraint:
    """Return a constraint over some names; ValueError says what is not understood.

    KeyError: an unknown name.
    """
    if len(text) > _LONGEST:
        raise ValueError(f"is longer than {_LONGEST} letters")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Python's, about what looks like its code
            tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError("can't be parsed; write it as 'a <= 2 * b'") from None
    if not isinstance(tree, ast.Compare):
        raise ValueError("compares nothing; it needs one of <= >= < >")
    for op in tree.ops:
        if not isinstance(op, _COMPARED):
            raise ValueError("compares in another way than by <= >= < >")
    for side in (tree.left, *tree.comparators):
        _check(side, names, 0)
    if not any(isinstance(node, ast.Name) for node in ast.walk(tree)):
        raise ValueError("holds the name of no axis")
    return Constraint(text, tree)


def _check(node: ast.expr, names: Collection[str], depth: int) -> None:
    """Complain of whatever is no arithmetic."""
    if depth > _DEEPEST:
        raise ValueError("is nested too deeply")
    match node:
        case ast.Constant(value=bool() as value):
            raise ValueError(f"holds {value}, which is no number")
        case ast.Constant(value=int() | float() as value):
            if not abs(value) < UNDEFINED:
                raise ValueError(f"holds a number beyond {UNDEFINED:g}")
        case ast.Name():
            if node.id not in names:
                raise KeyError(node.id)
        case ast.UnaryOp() if type(node.op) in _UNARY:
            _check(node.operand, names, depth + 1)
        case ast.BinOp() if type(node.op) in _BINARY:
            _check(node.left, names, depth + 1)
            _check(node.right, names, depth + 1)
            if isinstance(node.op, ast.Pow):
                _check_exponent(node.right)
        case _:
            what = type(node).__name__.lower()
            raise ValueError(
                f"is no arithmetic ({what}); it knows numbers, names, + - * / **, brackets"
            )


def _check_exponent(node: ast.expr) -> None:
    inner = node.operand if isinstance(node, ast.UnaryOp) else node
    if not isinstance(inner, ast.Constant) or inner.value > _LARGEST_EXPONENT:  # type: ignore[operator]
        raise ValueError(f"an exponent must be a number up to {_LARGEST_EXPONENT}")


def _number(node: ast.expr, values: Mapping[str, float]) -> float:
    """Return the value of a checked expression."""
    match node:
        case ast.Constant():
            return float(node.value)  # type: ignore[arg-type]
        case ast.Name():
            return float(values[node.id])
        case ast.UnaryOp():
            return _UNARY[type(node.op)](_number(node.operand, values))
        case ast.BinOp():
            found = _BINARY[type(node.op)](_number(node.left, values), _number(node.right, values))
            return math.nan if isinstance(found, complex) else found  # of a root of -1
    raise AssertionError(node)


def _excess(left: float, op: ast.cmpop, right: float) -> float:
    """Return by how much the sides are on the wrong sides of each other."""
    low, high = (left, right) if isinstance(op, ast.LtE | ast.Lt) else (right, left)
    strict = isinstance(op, ast.Lt | ast.Gt)
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNDEFINED
    amount = low - high
    return _EQUAL if strict and amount == 0 else min(max(amount, -UNDEFINED), UNDEFINED)
