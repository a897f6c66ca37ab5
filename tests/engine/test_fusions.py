"""What XLA makes of a step: nothing expensive is computed twice.

XLA copies cheap producers into each of their consumers. Counts are of instructions on whole
arrays (more than one element) in the optimized program.
"""

import math
import re

import pytest

from tests.networks import SIZES, compiled, network

ROUNDS = 13


def shapes(text, operation):
    """Return the shapes of an operation's results in an HLO text, those of arrays only."""
    found = re.findall(rf"= \w+\[([\d,]*)\]\S* {operation}\(", text)
    sizes = [tuple(int(n) for n in shape.split(",") if n) for shape in found]
    return [size for size in sizes if math.prod(size) > 1]


@pytest.fixture(scope="module")
def programs():
    """Optimized programs of one lane: EIF and LIF."""
    kinds = ("eif", "lif")
    return {kind: compiled(network(kind))[0]._call.as_text() for kind in kinds}


def test_membrane_is_computed_once(programs):
    assert shapes(programs["eif"], "exponential") == [(1, 200)]
    assert shapes(programs["lif"], "exponential") == []  # propagators are computed beforehand


@pytest.mark.parametrize("kind", ["eif", "lif"])
def test_membrane_is_stored_before_it_is_used(programs, kind):
    # the division by a number known at run time only, which XLA does not copy
    assert shapes(programs[kind], "divide").count((1, 200)) == 1


@pytest.mark.parametrize("kind", ["eif", "lif"])
def test_random_words_are_computed_once(programs, kind):
    # one rotation a round; that of the first may be of the step alone
    half = (1, SIZES["X"] // 2)
    rotations = shapes(programs[kind], "shift-right-logical").count(half)
    assert ROUNDS - 1 <= rotations <= ROUNDS


def test_pattern_sees_array_operations():
    text = "%a = f32[1,200]{1,0} exponential(%b)\n%c = f32[] exponential(%d)"
    assert shapes(text, "exponential") == [(1, 200)]
