"""Backend `xla`: the chunk compiled by JAX, on CPU, GPU or TPU.

A program is compiled once a process for each plan and shape of the constants; other floats,
seeds and durations use the same one.
"""

import time
from typing import Any, NamedTuple

import jax
import numpy as np

from snnrun.engine import cache
from snnrun.engine.chunk import Carry, Output, chunk
from snnrun.engine.constants import Constants
from snnrun.engine.plan import Plan
from snnrun.engine.snapshot import Snapshot, put, take
from snnrun.engine.step import initial_state

_programs: dict[Any, Any] = {}
_MOST_PROGRAMS = 16


# XLA prefers 256 bits even where the processor has wider registers.
_CPU_OPTIONS = {"xla_cpu_prefer_vector_width": 512}


class Compiled(NamedTuple):
    """Seconds to trace and to compile (or load) the chunk, and where it came from."""

    trace_s: float
    compile_s: float
    cache: str


class XlaEngine:
    """Runs chunks of one plan."""

    def __init__(self, plan: Plan, device: Any = None) -> None:
        self.plan, self._device = plan, device or jax.devices()[0]
        self._call: Any = None

    def compile(self, c: Constants) -> Compiled:
        """Compile the chunk, or take it from this process or from the cache on disk."""
        carry = self._carry(c, np.zeros((self.plan.lanes, self.plan.neurons)))
        leaves, structure = jax.tree.flatten((c, carry))
        shapes = tuple((x.shape, str(x.dtype)) for x in leaves)
        key = (self.plan, structure, shapes, self._device)
        if key in _programs:
            self._call = _programs[key]
            return Compiled(0.0, 0.0, "hit")
        _make_room()
        begun = time.perf_counter()
        jitted = jax.jit(chunk, static_argnames="plan", donate_argnames="carry")
        with jax.default_device(self._device):
            lowered = jitted.lower(self.plan, c, carry, np.int32(0), np.int32(0), np.int32(0))
            traced = time.perf_counter()
            with cache.watched() as watch:
                self._call = _programs[key] = _compiled(lowered, self._device)
        return Compiled(traced - begun, time.perf_counter() - traced, watch.verdict)

    def start(self, c: Constants, v: np.ndarray) -> tuple[Constants, Carry]:
        """Put constants and the initial state (`v` `[B, N]`, mV) on the device."""
        moved: tuple[Constants, Carry] = jax.device_put((c, self._carry(c, v)), self._device)
        return moved

    def restart(self, c: Constants, snapshots: list[Snapshot], step: int) -> Any:
        """Put constants and the state before step `step` on the device, as `start` does."""
        empty = self._carry(c, np.zeros((self.plan.lanes, self.plan.neurons)))
        return jax.device_put((c, put(self.plan, empty, snapshots, step)), self._device)

    def snapshots(self, carry: Carry, step: int) -> list[Snapshot]:
        """Wait for the state before step `step`; return that of each lane."""
        return take(self.plan, jax.device_get(carry), step)

    def run(self, c: Constants, carry: Carry, first: int, steps: int, origin: int) -> Any:
        """Start a chunk and return (carry, output) at once; the arrays arrive later."""
        return self._call(c, carry, np.int32(first), np.int32(steps), np.int32(origin))

    def fetch(self, output: Output) -> Output:
        """Wait for a chunk's output and return it as NumPy arrays."""
        fetched: Output = jax.device_get(output)
        return fetched

    def _carry(self, c: Constants, v: np.ndarray) -> Carry:
        lanes, neurons = self.plan.lanes, self.plan.neurons
        return Carry(
            state=initial_state(self.plan, c, v),
            word=np.zeros((lanes, neurons), np.uint32),
            fingerprint=np.zeros((lanes, neurons, 2), np.uint32),
            total=np.zeros((lanes, neurons), np.int32),
        )


def _make_room() -> None:
    """Drop the oldest programs, and all that JAX keeps of each that it compiled.

    A sweep may have thousands of shapes. The programs that stay are not compiled again: they are
    no part of JAX's caches.
    """
    if len(_programs) < _MOST_PROGRAMS:
        return
    while len(_programs) >= _MOST_PROGRAMS:
        del _programs[next(iter(_programs))]
    jax.clear_caches()


def _compiled(lowered: Any, device: Any) -> Any:
    """Compile, with the options that this jaxlib knows."""
    if device.platform != "cpu":
        return lowered.compile()
    try:
        return lowered.compile(compiler_options=_CPU_OPTIONS)
    except jax.errors.JaxRuntimeError as error:
        if "xla_cpu_prefer_vector_width" not in str(error):
            raise
        return lowered.compile()
