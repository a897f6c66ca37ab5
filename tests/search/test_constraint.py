"""Constraints are arithmetic, and nothing else is ever run."""

import ast
import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from snnrun.search.constraint import UNDEFINED, parse

NAMES = ("a", "b", "tau_I")
VALUES = {"a": 2.0, "b": 3.0, "tau_I": 8.0}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("a <= 5", -3.0),
        ("a >= 5", 3.0),
        ("tau_I >= 2 * b", -2.0),
        ("tau_I < a + b", 3.0),
        ("(a + b) / 2 > 2.25", -0.25),
        ("a**2 + b**2 <= 12", 1.0),
        ("-a <= +b - 1", -4.0),
        ("2**-1 <= a", -1.5),
        ("1 <= a <= 1.5", 0.5),
        ("3 < a < tau_I", 1.0),
        ("a <= 2", 0.0),
        ("  a <= 2 ", 0.0),
    ],
)
def test_the_violation_is_how_far_the_sides_are_apart(text, amount):
    assert parse(text, NAMES).violation(VALUES) == pytest.approx(amount)


def test_what_must_be_less_may_not_be_equal():
    assert parse("a < 2", NAMES).violation(VALUES) > 0
    assert parse("a > 2", NAMES).violation(VALUES) > 0
    assert parse("a <= 2", NAMES).violation(VALUES) <= 0


@pytest.mark.parametrize(
    "text",
    ["b / (a - 2) <= 1", "(1e11 * a)**8 * (1e11 * a)**8 * (1e11 * a)**8 * (1e11 * a)**8 <= 1"],
)
def test_what_is_no_number_is_violated(text):
    assert parse(text, NAMES).violation(VALUES) >= UNDEFINED


def test_a_root_of_a_negative_number_is_violated():
    assert parse("(a - 3)**0.5 <= 1", NAMES).violation(VALUES) == UNDEFINED


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "can't be parsed"),
        ("a b", "can't be parsed"),
        ("a <=", "can't be parsed"),
        ("a <= 1; b", "can't be parsed"),
        ("a = 1", "can't be parsed"),
        ("a <= 1\x00", "can't be parsed"),
        ("a + b", "compares nothing"),
        ("a", "compares nothing"),
        ("a <= 1 and b <= 2", "compares nothing"),
        ("a == 1", "compares in another way"),
        ("a != 1", "compares in another way"),
        ("a in b", "compares in another way"),
        ("1 < 2", "holds the name of no axis"),
        ("f(a) <= 1", "is no arithmetic (call)"),
        ("__import__('os').system('true') <= a", "is no arithmetic (call)"),
        ("a.real <= 1", "is no arithmetic (attribute)"),
        ("a[0] <= 1", "is no arithmetic (subscript)"),
        ("[a][0] <= 1", "is no arithmetic (subscript)"),
        ("(lambda: 1) <= a", "is no arithmetic (lambda)"),
        ("(a if b else 1) <= 1", "is no arithmetic (ifexp)"),
        ("(a := 1) <= 1", "is no arithmetic (namedexpr)"),
        ("a // 2 <= 1", "is no arithmetic (binop)"),
        ("a % 2 <= 1", "is no arithmetic (binop)"),
        ("a @ b <= 1", "is no arithmetic (binop)"),
        ("a << 2 <= 1", "is no arithmetic (binop)"),
        ("~a <= 1", "is no arithmetic (unaryop)"),
        ("(not a) <= 1", "is no arithmetic (unaryop)"),
        ("(a < b) <= 1", "is no arithmetic (compare)"),
        ("a <= 'x'", "is no arithmetic (constant)"),
        ("a <= True", "holds True, which is no number"),
        ("a <= 1j", "is no arithmetic (constant)"),
        ("a <= ...", "is no arithmetic (constant)"),
        ("a <= 1e999", "holds a number beyond"),
        ("a <= 1" + "0" * 300, "holds a number beyond"),
        ("a**b <= 1", "an exponent must be a number up to 8"),
        ("a**9 <= 1", "an exponent must be a number up to 8"),
        ("a**-9 <= 1", "an exponent must be a number up to 8"),
        ("2**2**9 <= a", "an exponent must be a number up to 8"),
        ("-" * 100 + "a <= 1", "is nested too deeply"),
        ("a <= " + "1+" * 300 + "1", "is longer than 500 letters"),
        ("(" * 240 + "a" + ")" * 240 + " <= 1", "can't be parsed"),
    ],
)
def test_what_is_not_understood(text, problem):
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}"):
        parse(text, NAMES)


def test_an_unknown_name_is_told():
    with pytest.raises(KeyError) as caught:
        parse("a <= tau_F", NAMES)
    assert caught.value.args == ("tau_F",)


NUMBERS = st.floats(-100, 100).map(lambda x: repr(round(x, 3)))
EXPRESSIONS = st.recursive(
    st.sampled_from(NAMES) | NUMBERS,
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map(lambda x: f"(-{x})")
        | st.tuples(inner, st.integers(-3, 3)).map(lambda t: f"({t[0]})**{t[1]}")
    ),
    max_leaves=8,
)


@given(
    EXPRESSIONS.filter(lambda x: any(n in x for n in NAMES)),
    EXPRESSIONS,
    st.sampled_from(["<=", ">=", "<", ">"]),
    st.fixed_dictionaries({name: st.floats(-50, 50) for name in NAMES}),
)
def test_it_is_violated_exactly_where_python_says_that_it_does_not_hold(left, right, op, values):
    text = f"{left} {op} {right}"
    if len(text) > 500:
        return
    amount = parse(text, NAMES).violation(values)
    assert math.isfinite(amount)
    try:
        holds = eval(text, {"__builtins__": {}}, dict(values))
        sides = [eval(side, {"__builtins__": {}}, dict(values)) for side in (left, right)]
        defined = all(map(math.isfinite, sides))
    except (ZeroDivisionError, OverflowError):
        defined = False
    assert (amount <= 0) == (defined and holds) or abs(amount) < 1e-9


ALPHABET = [*NAMES, *"0123456789.+-*/()<>=~%@&|^[]{},:;'_#! \\\n\t", "__import__", "lambda", "if"]


@given(st.lists(st.sampled_from(ALPHABET), max_size=30).map("".join) | st.text(max_size=40))
@example("a<=1if b else 2")
@example("a <= 0777")
@example("a <= 1_if")
def test_any_text_is_a_constraint_of_arithmetic_or_refused(text):
    try:
        constraint = parse(text, NAMES)
    except (ValueError, KeyError):
        return
    allowed = (ast.Compare, ast.BinOp, ast.UnaryOp, ast.Name, ast.Constant, ast.Load)
    allowed += (ast.operator, ast.unaryop, ast.cmpop)
    assert all(isinstance(node, allowed) for node in ast.walk(constraint.tree))
    assert math.isfinite(constraint.violation(VALUES))
