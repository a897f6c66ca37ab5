"""The one place where JAX is configured."""

import os

import jax

from snnrun.engine import cache


def set_up(threads: int | None = None) -> None:
    """Configure JAX for this process; called once, before anything is computed.

    64-bit types are on so that a run can ask for them; all arrays say their type. `threads`: cores
    this process may use; of a single one, XLA would make several threads all the same, which
    more than doubles the CPU time of a step of 16 lanes of 1000 neurons.
    """
    if threads == 1:
        os.environ["NPROC"] = "1"  # XLA asks it for the size of its thread pool
    jax.config.update("jax_enable_x64", True)
    cache.set_up()
