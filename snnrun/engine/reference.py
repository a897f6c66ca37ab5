"""Backend `reference`: plain NumPy in float64, slow and obvious; the oracle for the others.

Nothing is packed or merged: populations and projections are visited one after another, every
spike adds its contacts to the input of the step it is due in. Only the equations of the
models and the counter-based draws are shared with the other backends.
"""

from collections import defaultdict
from typing import Any

import numpy as np

from snnrun import random
from snnrun.distribution import draw
from snnrun.edges import delay_steps
from snnrun.engine.chunk import Carry, Output, sample_rows, sample_shapes
from snnrun.engine.constants import limits_of
from snnrun.engine.plan import BLOCK, Limits, Located, Plan, watched
from snnrun.engine.state import State
from snnrun.engine.together import projections_of
from snnrun.network import Network
from snnrun.neuron._base import Inputs


class ReferenceEngine:
    """Runs chunks of one network, one trial at a time."""

    def __init__(
        self,
        plan: Plan,
        network: Network,
        seed: int,
        realisation: int = 0,
        limits: Limits = Limits(),  # noqa: B008 (immutable)
    ) -> None:
        assert plan.lanes == 1 and network.contact_lists is not None
        self._limits = limits_of(plan, limits)
        self.plan, self.network, self.seed = plan, network, seed
        self._weights = {
            name: _per_contact(network, name, "weight", realisation) * network.spec.weight_factor
            for name in network.contact_lists
        }
        self._delays = {
            name: delay_steps(_per_contact(network, name, "delay", realisation), network.dt)
            for name in network.contact_lists
        }

    def start(self, v: np.ndarray, trial: int) -> None:
        """Set the state at t = 0: `v` `[N]` mV."""
        n = self.network.size
        self._arrivals: dict[int, dict[str, np.ndarray]] = defaultdict(
            lambda: {name: np.zeros(n) for name in self.network.spec.synapses}
        )
        self._models: list[list[Any]] = [
            [cls, part, coefficients, cls.init(v[part].astype(float), coefficients, np)]
            for cls, part, coefficients in self.network.models
        ]
        self._synapses: dict[str, list[Any]] = {
            name: [cls, c, cls.init((n,), float, np)]
            for cls, names, all_c in self.network.receptors
            for name, c in zip(names, all_c, strict=True)
        }
        self._keys = {
            name: tuple(
                word.reshape(1, 1) for word in random.stream_key(self.seed, name, "noise", trial)
            )
            for name in [*self.network.drives, *self.network.spec.projections]
        }
        self._blocks: dict[str, tuple[int, np.ndarray]] = {}
        self._word = np.zeros((1, n), np.uint32)
        self._fingerprint = np.zeros((1, n, 2), np.uint32)
        self._total = np.zeros((1, n), np.int32)

    def carry(self, step: int) -> Carry:
        """Return the state before step `step` as other backends hold it, of one lane."""
        plan, receptors = self.plan, iter(self._synapses.values())
        due = [self._arrivals[step + d] for d in range(plan.depth)]
        rows = np.stack(
            [np.concatenate([np.zeros(0), *(x[name] for name in self._synapses)]) for x in due]
        )
        ring = np.roll(np.where(np.arange(plan.depth)[:, None], rows, 0), step % plan.depth, axis=0)
        synapses = []
        for cls, count in plan.receptors:
            states = [next(receptors)[2] for _ in range(count)]
            synapses.append(cls.state(*(np.stack(x)[None] for x in zip(*states, strict=True))))
        neurons = tuple(cls.state(*(x[None] for x in s)) for cls, _, _, s in self._models)
        state = State(rows[:1], ring.ravel()[: plan.ring], neurons, tuple(synapses))
        return Carry(state, self._word, self._fingerprint, self._total)

    def go_on(self, carry: Carry, step: int) -> None:
        """Continue from a state before step `step`, after `start`."""
        ring = carry.state.ring.reshape(-1, self.plan.slots)
        rows = [
            carry.state.arrivals[0],
            *(ring[(step + d) % len(ring)] for d in range(1, len(ring))),
        ]
        for d, row in enumerate(rows):
            each = row.reshape(-1, self.network.size).copy()
            self._arrivals[step + d] = dict(zip(self._synapses, each, strict=True))
        for entry, state in zip(self._models, carry.state.neurons, strict=True):
            entry[3] = type(state)(*(x[0] for x in state))
        receptors = iter(self._synapses.values())
        for (_, count), state in zip(self.plan.receptors, carry.state.synapses, strict=True):
            for row in range(count):
                next(receptors)[2] = type(state)(*(x[0, row] for x in state))
        self._word, self._fingerprint, self._total = carry[1:]

    def run(self, first: int, steps: int, origin: int) -> Output:
        """Simulate `steps` steps from step `first`."""
        plan, n = self.plan, self.network.size
        before = first % BLOCK
        raster = np.zeros((-(-(before + steps) // BLOCK) * BLOCK, plan.sources), np.uint8)
        samples = [
            np.zeros((sample_rows(plan, every) + 1, 1, size)) for every, size in sample_shapes(plan)
        ]
        for i in range(steps):
            spiked = self._step(first + i)
            raster[before + i] = spiked
            self._sample(samples, first, first + i)
        words = np.packbits(raster.reshape(-1, BLOCK, plan.sources), axis=1, bitorder="little")
        words = np.ascontiguousarray(words.transpose(0, 2, 1)).view("<u4")[..., 0]
        self._total = self._total + raster[:, :n].sum(axis=0, dtype=np.int32)
        over = (first + steps) % BLOCK == 0
        self._word, self._fingerprint, mark = _marked(
            words[:, :n], self._word, self._fingerprint, over
        )
        faults, values = _faults(plan, self.carry(first + steps).state, self._limits)
        return Output(
            words=words[:, None, : plan.recorded],
            counts=_counts(plan, raster[:, :n], first - before, origin),
            samples=tuple(samples),
            fingerprint=mark,
            total=self._total,
            faults=faults,
            values=values,
        )

    def _step(self, step: int) -> np.ndarray:
        due = self._arrivals[step]
        del self._arrivals[step]
        self._add_counts(due, step)
        inputs = {"current": np.zeros(self.network.size)}
        for name, entry in self._synapses.items():
            cls, c, state = entry
            entry[2], delivered = cls.step(state, due[name], c)
            for what, value in zip(cls.delivers, delivered, strict=True):
                inputs[what] = inputs.get(what, 0.0) + value
        self._add_currents(inputs["current"], step)
        spiked = np.zeros(self.plan.sources, np.uint8)
        for entry in self._models:
            cls, part, c, state = entry
            mine = Inputs(**inputs).part(part.start, part.stop)
            entry[3], spiked[part] = cls.step(state, mine, c, np)
        for name, drive in self.network.drives.items():
            if drive.emits == "spikes":
                words = self._block(name, step // BLOCK)
                spiked[self.network.sources[name]] = words >> np.uint32(step % BLOCK) & 1
        self._deliver(spiked, step)
        return spiked

    def _block(self, drive: str, block: int) -> np.ndarray:
        """Return the words of a drive's spikes in a block, drawn when it begins."""
        if self._blocks.get(drive, (None, None))[0] != block:
            d, key = self.network.drives[drive], self._keys[drive]
            c = d.prepare(self.network.dt)
            words = d.words(key, np.uint32(block), _index(d.size), c, np)[0]
            self._blocks[drive] = block, words
        return self._blocks[drive][1]

    def _add_counts(self, arrivals: dict[str, np.ndarray], step: int) -> None:
        for name, p in projections_of(self.network, "counts").items():
            counts = self._private(name, p, step)[0]
            weight = p.weight * self.network.spec.weight_factor
            arrivals[p.synapse][self.network.neurons[p.post]] += weight * counts

    def _add_currents(self, total: np.ndarray, step: int) -> None:
        for name, p in projections_of(self.network, "current").items():
            total[self.network.neurons[p.post]] += p.weight * self._private(name, p, step)[0]

    def _private(self, name: str, p: Any, step: int) -> Any:
        size, drive = self.network.spec.populations[p.post].size, self.network.drives[p.pre]
        c, half = drive.prepare(self.network.dt), np.uint32(step // 2)
        return drive.pair(self._keys[name], half, _index(size), c, np)[step % 2]

    def _deliver(self, spiked: np.ndarray, step: int) -> None:
        assert self.network.contact_lists is not None
        for name, contacts in self.network.contact_lists.items():
            projection = self.network.spec.projections[name]
            first = self.network.neurons[projection.post].start
            for source in np.flatnonzero(spiked[self.network.sources[projection.pre]]):
                row = slice(contacts.start[source], contacts.start[source + 1])
                due = step + 1 + self._delays[name][row]
                for when in np.unique(due):
                    here = due == when
                    arrivals = self._arrivals[int(when)][str(projection.synapse)]
                    target = first + contacts.target[row][here]
                    np.add.at(arrivals, target, self._weights[name][row][here])

    def _sample(self, samples: list, first: int, step: int) -> None:
        for i, (sample, at) in enumerate(
            zip(self.plan.recording.samples, self.plan.sampled, strict=True)
        ):
            if (step + 1) % sample.every == 0:
                row = (step + 1) // sample.every - first // sample.every - 1
                value = _variable(self._models, self._synapses, sample.variable, at)
                samples[i][row, 0] = (
                    value if sample.neurons is None else value[list(sample.neurons)]
                )


def _index(size: int) -> np.ndarray:
    return np.arange(size, dtype=np.uint32)[None]


def _counts(plan: Plan, raster: np.ndarray, first: int, origin: int) -> np.ndarray:
    """Return the spikes of each window the chunk touches, `[W, 1, N]`."""
    size = plan.recording.window_steps
    counts = np.zeros((plan.windows, 1, raster.shape[1]), np.int32)
    if size:
        rows = (first + np.arange(len(raster)) - origin) // size - (first - origin) // size
        np.add.at(counts[:, 0], rows, raster)
    return counts


def _mix(fingerprint: np.ndarray, word: np.ndarray) -> np.ndarray:
    """The hash of `chunk._mix`, in NumPy."""
    low, high = fingerprint[..., 0], fingerprint[..., 1]
    low = (low ^ word) * np.uint32(0x9E3779B1)
    low = low ^ low >> 15
    high = (high + word) * np.uint32(0x85EBCA77) + low
    return np.stack([low, high ^ high >> 13], axis=-1)


def _marked(words: np.ndarray, begun: np.ndarray, mark: np.ndarray, over: bool) -> Any:
    """Add blocks `[K, N]` to the spikes of one that had begun, and to the hash of each train.

    Returns the spikes of a block that is not over, the hash of those before, and of all.
    """
    for k, word in enumerate(words):
        begun = begun | word[None]
        if k < len(words) - 1 or over:
            mark, begun = _mix(mark, begun), np.zeros_like(begun)
    return begun, mark, mark if over else _mix(mark, begun)


def _faults(plan: Plan, state: State, limits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each watched array first is beyond its limit, and the value there."""
    parts = (*state.neurons, *state.synapses)
    arrays = [getattr(parts[part], field).ravel() for part, field, _ in watched(plan)]
    bad = [~(np.abs(x) <= limit) for x, limit in zip(arrays, limits, strict=True)]
    places = [int(np.argmax(b)) if b.any() else -1 for b in bad]
    values = [x[place] for x, place in zip(arrays, places, strict=True)]
    return np.array([places]), np.array([values])


def _per_contact(network: Network, name: str, role: str, realisation: int) -> np.ndarray:
    assert network.contact_lists is not None
    value = getattr(network.spec.projections[name], role)
    rng = random.generator(network.seed, name, role, realisation)
    return draw(value, rng, network.contact_lists[name].target.size)


def _variable(models: list, synapses: dict, variable: str, at: Located) -> np.ndarray:
    if at.model is None:
        name = variable.removeprefix(f"{at.field}_")
        return np.asarray(getattr(synapses[name][2], at.field)[at.start : at.stop])
    return np.asarray(getattr(models[at.model][3], at.field)[at.start : at.stop])
