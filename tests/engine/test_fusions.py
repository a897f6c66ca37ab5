"""What XLA makes of a step: nothing expensive is computed twice.

XLA copies cheap producers into each of their consumers. Counts are of instructions on whole
arrays (more than one element) in the optimized program.
"""

import math
import re

import pytest

from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.course import draw_network
from snnrun.engine import native
from snnrun.engine.constants import make_constants
from snnrun.engine.plan import Recording, make_plan
from snnrun.engine.xla import XlaEngine
from tests.engine.test_native import needs_kernel
from tests.networks import network

BODIES = {False: 3, True: 5}  # steps that are written out: a loop's body, and one left over


def shapes(text, operation):
    """Return the shapes of an operation's results in an HLO text, those of arrays only."""
    found = re.findall(rf"= \w+\[([\d,]*)\]\S* {operation}\(", text)
    sizes = [tuple(int(n) for n in shape.split(",") if n) for shape in found]
    return [size for size in sizes if math.prod(size) > 1]


def program(net, native_=False):
    """Return the optimized program of one lane."""
    plan = make_plan(net, 1, "float32", Recording(), native_)
    engine = XlaEngine(plan)
    engine.compile(make_constants(net, plan, 1, [0]))
    return engine._call.as_text()


@pytest.fixture(scope="module", params=[False, pytest.param(True, marks=needs_kernel)])
def programs(request):
    """Optimized programs of EIF and LIF networks, by the portable path and the kernel's."""
    return request.param, {kind: program(network(kind), request.param) for kind in ("eif", "lif")}


def test_membrane_is_computed_once(programs):
    native_, texts = programs
    assert shapes(texts["eif"], "exponential") == [(1, 200)] * BODIES[native_]
    assert shapes(texts["lif"], "exponential") == []  # propagators are computed beforehand


@pytest.mark.parametrize("kind", ["eif", "lif"])
def test_membrane_is_stored_before_it_is_used(programs, kind):
    # the division by a number known at run time only, which XLA does not copy; the kernel, which
    # resets in place, is the only user and needs none
    native_, texts = programs
    assert shapes(texts[kind], "divide").count((1, 200)) == (0 if native_ else BODIES[False])


@needs_kernel
@pytest.mark.parametrize("kind", ["eif", "lif"])
def test_nothing_is_copied(kind):
    # the call of the kernel comes after all that reads the old state, so the new takes its place
    parts = program(network(kind), True).split("\n\n")
    (body,) = (part for part in parts if part.count("custom-call(") == 4)
    assert shapes(body, "copy") == []


@pytest.mark.parametrize("native_", [False, pytest.param(True, marks=needs_kernel)])
def test_the_ring_is_never_copied_in_a_step(native_):
    # what is due is read before its place is cleared; a copy would cost more the longer the delays
    net = network(delay={"EE": 20.0})
    before, *rest = program(net, native_).split("ENTRY")
    entries = make_plan(net, 1, "float32", Recording()).ring
    assert f"f32[{entries}]" in before and len(rest) == 1
    assert (entries,) not in shapes(before, "copy")


def test_normals_are_drawn_once_for_two_steps():
    e, _ = build(compose(["network=lattice_bench"], []))
    text = program(draw_network(e, 0), native.ready())
    pairs = BODIES[native.ready()] // 2 + 1
    assert shapes(text, "log") == shapes(text, "sqrt") == [(1, 1000)] * pairs


def test_pattern_sees_array_operations():
    text = "%a = f32[1,200]{1,0} exponential(%b)\n%c = f32[] exponential(%d)"
    assert shapes(text, "exponential") == [(1, 200)]
