"""What each part of a step costs, measured by leaving it out.

The step is compiled as it is, without contacts, and without contacts and one more part. All of
them run the same steps from one warmed-up state, in turn, again and again. Of the medians,

    delivery       whole - no contacts
    part           no contacts - no contacts and without the part
    rest           without contacts and all parts: loop, threshold and reset, hash of the trains

Without contacts the activity is another, but elementwise work takes as long whatever its
numbers are. XLA fuses what is left in other ways, so the parts need not add up to the whole;
the difference is told.

Shapes: `N` neurons.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from snnrun.batch import choose, first_group
from snnrun.course import synaptic_events, v_init
from snnrun.engine.constants import make_constants
from snnrun.engine.plan import BLOCK
from snnrun.engine.profiler import copied, wait
from snnrun.engine.xla import XlaEngine
from snnrun.experiment import Experiment
from snnrun.network import Network
from snnrun.profile import leave_out

WHOLE, CONTACTS, ALL = "whole", "contacts", "all"  # what a variant lacks
HOW = {
    "delivery": "whole step - step without contacts",
    "neurons": "without contacts - also with neurons that only add up their input",
    "synapses": "without contacts - also with synapses that hand on what arrives",
    "drive": "without contacts - also without drives",
    "recording": "without contacts - also without storing spikes, counts and state variables",
    "rest": "all of these left out: loop, threshold and reset, search for spikes, hash of trains",
}
Tell = Callable[[str], None]


class Effort(NamedTuple):
    """How much is measured: `rounds` times every variant, after `warm_ms` of simulated time.

    One measurement takes so many `seconds` and at least `least_ms` of simulated time.
    """

    seconds: float = 0.1
    least_ms: float = 0.0
    rounds: int = 9
    warm_ms: float = 500.0


THOROUGH = Effort()


class Variant(NamedTuple):
    """A compiled step and its constants, on the device."""

    engine: XlaEngine
    constants: Any


class Bench:
    """A network in its warmed-up state, from which variants of the step are timed."""

    def __init__(self, e: Experiment, network: Network, effort: Effort) -> None:
        batch = choose(e)
        trials = first_group(e, batch.lanes)
        trials += range(trials[-1] + 1, trials[-1] + 1 + batch.lanes - len(trials))
        self.device = batch.backend.device
        self.plan = batch.backend.plan([network])
        self.constants = make_constants(network, self.plan, e.seed, trials)
        engine = XlaEngine(self.plan)
        engine.compile(self.constants)
        v = np.stack([v_init(e, network, number) for number in trials])
        self.constants, self.warm = engine.start(self.constants, v)
        self.whole = Variant(engine, self.constants)
        self.steps = BLOCK
        self.first = self._warm_up(e.steps_in(effort.warm_ms), effort.seconds)
        self.steps = self._whole(max(self.steps, e.steps_in(effort.least_ms) + BLOCK - 1))

    def _whole(self, steps: float) -> int:
        """Return whole blocks of steps, as many as a chunk can have."""
        return max(1, min(int(steps) // BLOCK, self.plan.blocks)) * BLOCK

    def compiled(self, variant: leave_out.Compilable) -> Variant:
        """Return a variant, compiled."""
        plan, constants = variant
        engine = XlaEngine(plan)
        engine.compile(constants)
        return Variant(engine, engine.start(constants, np.zeros((plan.lanes, plan.neurons)))[0])

    def timed(self, variant: Variant) -> tuple[float, np.ndarray]:
        """Return the seconds of a step, and the spikes of each neuron in all lanes, `[N]`."""
        carry = copied(self.warm)
        begun = time.perf_counter()
        after, _ = wait(variant.engine.run(variant.constants, carry, self.first, self.steps, 0))
        seconds = (time.perf_counter() - begun) / self.steps
        spikes = np.asarray(after.total) - np.asarray(self.warm.total)
        return seconds, spikes.sum(axis=0)

    def _warm_up(self, steps: int, seconds: float) -> int:
        """Simulate at least so many steps and choose how many are timed; returns those done.

        Chunks grow until one takes as long as it should, or can't be longer.
        """
        done, size = 0, 0
        while done < steps or size < self.steps:
            size = self.steps
            begun = time.perf_counter()
            self.warm, _ = wait(
                self.whole.engine.run(self.whole.constants, self.warm, done, size, 0)
            )
            fitting = seconds * size / (time.perf_counter() - begun)
            done += size
            self.steps = self._whole(min(fitting, 4 * size))
            if fitting < 1.5 * size:  # near enough
                self.steps = min(self.steps, size)
        return done


def measure(e: Experiment, network: Network, tell: Tell, effort: Effort) -> dict[str, Any]:
    """Return what each part of the step of an experiment costs, as plain numbers; µs a step."""
    tell("kernels: compiling the step without its parts")
    bench = Bench(e, network, effort)
    variants = {name: bench.compiled(v) for name, v in _variants(bench.plan, bench.constants)}
    tell("kernels: timing")
    wall, cpu = time.perf_counter(), time.process_time()
    seconds, spikes = _in_turn(bench, {WHOLE: bench.whole, **variants}, effort.rounds)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    found = _parts({name: 1e6 * each for name, each in seconds.items()})
    lanes, steps = bench.plan.lanes, bench.steps
    events = synaptic_events(e, network, spikes / lanes, steps) * lanes / steps
    delivery_us = found["kernels"][0]["us_per_step"]
    return {
        "neurons": network.size,
        "synapses": sum(network.contacts.values()),
        "lanes": lanes,
        "device": bench.device,
        "native": bench.plan.native,
        "precision": bench.plan.dtype,
        "from_ms": bench.first * e.dt,
        "steps": steps,
        "rounds": effort.rounds,
        "cores_busy": cpu / wall,
        **found,
        "ns_per_neuron_step": 1e3 * found["whole_us"] / (network.size * lanes),
        "spikes_per_step": float(spikes.sum() / steps),
        "events_per_step": events,
        "ns_per_event": 1e3 * delivery_us / events if events else None,
        "bytes": leave_out.traffic(bench.plan, bench.constants, bench.warm.state)._asdict(),
    }


def _variants(plan: Any, c: Any) -> Iterator[tuple[str, leave_out.Compilable]]:
    """Yield the steps that lack contacts, also one part each, and all parts."""
    disconnected = bare = leave_out.no_contacts(plan, c)
    yield CONTACTS, disconnected
    for part in leave_out.parts(plan):
        yield part, leave_out.PARTS[part](*disconnected)
        bare = leave_out.PARTS[part](*bare)
    yield ALL, bare


def _in_turn(
    bench: Bench, variants: dict[str, Variant], rounds: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the seconds of a step in each round, `[rounds]`, and the spikes of the whole."""
    found = [{name: bench.timed(v) for name, v in variants.items()} for _ in range(rounds + 1)]
    seconds = {name: np.array([each[name][0] for each in found[1:]]) for name in variants}
    return seconds, found[0][WHOLE][1]  # the first round fetches memory: it is not timed


def _parts(us: dict[str, np.ndarray]) -> dict[str, Any]:
    """Return the parts of a step from the times of its variants, `[rounds]` each."""
    pairs = {"delivery": (us[WHOLE], us[CONTACTS])}
    pairs |= {name: (us[CONTACTS], us[name]) for name in leave_out.PARTS if name in us}
    pairs["rest"] = (us[ALL], np.zeros_like(us[ALL]))
    whole = float(np.median(us[WHOLE]))
    rows, total = [], 0.0
    for name, (with_it, without) in pairs.items():
        cost = float(np.median(with_it) - np.median(without))
        row = {"name": name, "us_per_step": cost, "share": cost / whole, "how": HOW[name]}
        rows.append({**row, "quartiles_us": _quartiles(with_it - without)})
        total += cost
    return {
        "kernels": rows,
        "sum_us": total,
        "whole_us": whole,
        "whole_quartiles_us": _quartiles(us[WHOLE]),
        "unexplained_us": whole - total,
    }


def _quartiles(x: np.ndarray) -> list[float]:
    return [float(q) for q in np.quantile(x, (0.25, 0.75))]
