"""Set-up shared by all tests: JAX configured as the program does it."""

import jax

jax.config.update("jax_enable_x64", True)
