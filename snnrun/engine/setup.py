"""The one place where JAX is configured."""

import jax

from snnrun.engine import cache


def set_up() -> None:
    """Configure JAX for this process; called once, before anything is computed.

    64-bit types are on so that a run can ask for them; all arrays say their type.
    """
    jax.config.update("jax_enable_x64", True)
    cache.set_up()
