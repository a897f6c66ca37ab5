"""The C++ event kernel (`deliver.cc`), called by XLA on the CPU; optional.

It is built when the package is installed and a compiler is there; `ready()` says whether it
can be used. It adds the same numbers in the same order as `deliver.py`.

Shapes: `B` lanes, `D` delay slots, `F` flags (all lanes), `S` contacts.
"""

import ctypes
import functools
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from snnrun.engine.plan import Constants, Plan

_TYPES = ("float32", "float64")


@functools.cache
def ready() -> bool:
    """Return whether the kernel was built, fits this jaxlib, and the device is a CPU."""
    if jax.default_backend() != "cpu":
        return False
    for path in sorted(Path(__file__).parent.glob("_native*")):
        try:
            library = ctypes.CDLL(str(path))
            for name in _TYPES:
                handler = jax.ffi.pycapsule(getattr(library, f"snnrun_deliver_{name}"))
                jax.ffi.register_ffi_target(f"snnrun_deliver_{name}_v2", handler, platform="cpu")
        except (OSError, AttributeError, RuntimeError):  # another system's, or another jaxlib's
            continue
        return True
    return False


def deliver(plan: Plan, c: Constants, ring: Any, flags: Any, step: Any) -> Any:
    """Return the ring `[D * B * slots]` with the contacts of all spikes of `step` added.

    Unlike `deliver.deliver`, the slot that was due in `step` is emptied first.
    """
    nothing = jnp.zeros(0, plan.dtype)
    call = jax.ffi.ffi_call(
        f"snnrun_deliver_{plan.dtype}_v2",
        jax.ShapeDtypeStruct(ring.shape, ring.dtype),
        input_output_aliases={0: 0},
    )
    return call(
        *(ring, flags, c.start, c.target, c.scale, c.delay),
        nothing if c.weight is None else c.weight,
        jnp.zeros(0, jnp.int32) if c.extra is None else c.extra,
        step.reshape(1),
        lanes=np.int64(plan.lanes),
        slots=np.int64(plan.slots),
        segments=np.int64(plan.segments),
        depth=np.int64(plan.depth),
    )
