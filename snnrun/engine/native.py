"""The C++ event kernel (`deliver.cc`), called by XLA on the CPU; optional.

It is built when the package is installed and a compiler is there; `ready()` says whether it
can be used. It resets the same neurons and adds the same numbers in the same order as `deliver.py`.
"""

import ctypes
import functools
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from snnrun.engine.constants import Constants
from snnrun.engine.plan import Plan
from snnrun.engine.state import Now, Spikes, State
from snnrun.neuron._base import computed_once, resets_itself

_TYPES = ("float32", "float64")
_VERSION = "v7"  # of the operands, as in deliver.cc: part of the names in library and program


@functools.cache
def ready() -> bool:
    """Return whether the kernel was built and fits this jaxlib."""
    for path in sorted(Path(__file__).parent.glob("_native*")):
        try:
            library = ctypes.CDLL(str(path))
            for name in _TYPES:
                target = f"snnrun_finish_{name}_{_VERSION}"
                handler = jax.ffi.pycapsule(getattr(library, target))
                jax.ffi.register_ffi_target(target, handler, platform="cpu")
        except (OSError, AttributeError, RuntimeError):  # another system's, jaxlib's or version's
            continue
        return True
    return False


def finish(plan: Plan, c: Constants, s: State, spikes: Spikes, now: Now) -> tuple[State, Any]:
    """Do what `deliver.finish` does, in place.

    The state of the synapses goes through the kernel untouched: XLA then computes it in this step
    and once, where it would do so again in all that needs it later, and copies nothing. So does
    the state of neurons that reset themselves: the kernel only learns who of them spiked.
    """
    e = c.edges
    groups = [_group(*each, c) for each in zip(plan.models, s.neurons, c.models, strict=True)]
    operands = [spikes.neurons, spikes.drives, e.start, e.target, e.scale, e.delay]
    operands += [_or_none(e.weight, plan.dtype), _or_none(e.extra, "int32")]
    passed, structure = jax.tree.flatten((s.synapses, [group.passed for group in groups]))
    numbers = jnp.asarray([now.offset, len(passed)], jnp.int32)
    operands += [now.base.reshape(1), numbers, s.ring]
    changed = [0, 10] if plan.ring else [0]
    changed += range(len(operands), len(operands) + len(passed))
    operands += passed
    for group in groups:
        changed += [len(operands) + i for i, x in enumerate(group.parts[:3]) if x is not None]
        operands += map(_or_none, group.parts, _dtypes(plan))
    call = jax.ffi.ffi_call(
        f"snnrun_finish_{plan.dtype}_{_VERSION}",
        [
            jax.ShapeDtypeStruct((plan.lanes, plan.slots), plan.dtype),
            *(jax.ShapeDtypeStruct(operands[i].shape, operands[i].dtype) for i in changed),
        ],
        input_output_aliases={i: 1 + k for k, i in enumerate(changed)},
    )
    arrivals, train, *rest = call(*operands)
    ring = rest.pop(0) if plan.ring else s.ring
    synapses, own = jax.tree.unflatten(structure, [rest.pop(0) for _ in passed])
    after = []
    for group, state, itself in zip(groups, s.neurons, own, strict=True):
        values = {name: rest.pop(0) for name in group.names}
        after.append(state._replace(**values) if itself is None else itself)
    return State(arrivals, ring, tuple(after), synapses), train


class _Group(NamedTuple):
    """A model's operands of the kernel (None: it has no such thing), see deliver.cc.

    `names`: fields of its state that the kernel changes, one a result; `passed`: the whole state,
    where XLA has reset it already.
    """

    names: tuple[str, ...]
    parts: list[Any]
    passed: Any = None


def _group(model: Any, state: Any, k: Any, c: Constants) -> _Group:
    cls = model[0]
    if resets_itself(cls):
        after, spiked = cls.spike(state._replace(v=computed_once(state.v, c.one)), k, jnp)
        flags = spiked.astype(state.v.dtype)  # a potential whose threshold is 1
        threshold, reset = jnp.ones((1, 1), flags.dtype), jnp.zeros((1, 1), flags.dtype)
        return _Group(("",), [flags, None, None, threshold, reset, None, None], after)
    fields = ("v", "refractory", cls.second)
    parts = [getattr(state, str(name), None) for name in fields]
    parts += [getattr(k, name, None) for name in ("threshold", "reset", "refractory", "jump")]
    return _Group(tuple(str(name) for name in fields if name in state._fields), parts)


def _dtypes(plan: Plan) -> list[str]:
    """Return the types of a model's operands."""
    real, whole = plan.dtype, "int32"
    return [real, whole, real, real, real, whole, real]


def _or_none(x: Any, dtype: str) -> Any:
    """Return an operand; what there is not is empty."""
    return jnp.zeros((1, 0), dtype) if x is None else x
