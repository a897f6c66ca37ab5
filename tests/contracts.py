"""What every kind must satisfy; a kind's own test subclasses the contract of its group.

Floating-point comparisons of one computation done in two ways allow a few units in the last
place (`CLOSE`): XLA and NumPy have their own `exp` and may contract a product and a sum.
"""

import dataclasses
import functools
import itertools
from pathlib import Path
from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import optuna
import pytest
import yaml
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from snnrun import random
from snnrun.component import Component, find
from snnrun.config import precision
from snnrun.connect._base import Layer
from snnrun.engine.constants import _cast, _stack
from snnrun.errors import ConfigError
from snnrun.graph import grid
from snnrun.intervals import IntervalTally
from snnrun.neuron._base import Inputs
from snnrun.statistics import _base
from snnrun.statistics._base import Subjects
from tests import studies

CONF = Path(__file__).parents[1] / "conf"
CLOSE = {"float32": 2e-5, "float64": 1e-12}


def preset(group: str, kind: str, **changes: Any) -> Any:
    """Return the component that `conf/<group>/<kind>.yaml` describes, with changes."""
    node = yaml.safe_load((CONF / group / f"{kind}.yaml").read_text())
    assert node.pop("kind") == kind
    return find(group, kind)(**{**node, **changes})


def cast(coefficients: Any, dtype: str) -> Any:
    """Return coefficients as the engine casts them."""
    return type(coefficients)(*(_cast(x, np.dtype(dtype)) for x in coefficients))


def signature(tree: Any) -> Any:
    """Return structure, shapes and dtypes."""
    leaves, structure = jax.tree.flatten(tree)
    return structure, [(np.shape(x), np.dtype(x.dtype)) for x in leaves]


def float_fields(part: Component) -> dict[str, float]:
    """Return the parameters that are reals."""
    fields = {f.name: getattr(part, f.name) for f in dataclasses.fields(part)}  # type: ignore[arg-type]
    return {name: value for name, value in fields.items() if isinstance(value, float)}


class KindContract:
    """What kinds of every group share."""

    group: ClassVar[str]
    kind: ClassVar[str]

    def part(self, **changes: Any) -> Any:
        """Return the shipped preset, with changes."""
        return preset(self.group, self.kind, **changes)

    def test_yaml_keys_are_the_fields(self):
        node = yaml.safe_load((CONF / self.group / f"{self.kind}.yaml").read_text())
        parameters = find(self.group, self.kind).parameters()
        required = {name for name, p in parameters.items() if not p.optional}
        assert required <= set(node) - {"kind"} <= set(parameters)

    def test_shipped_values_are_in_range(self):
        part = self.part()
        values = {name: getattr(part, name) for name in part.parameters()}
        given = {name: value for name, value in values.items() if value is not None}
        problems = {n: part.parameters()[n].problem(value) for n, value in given.items()}
        assert set(problems.values()) <= {None}
        assert part.check(0.05) == []

    def test_every_parameter_has_a_meaning(self):
        assert all(p.doc for p in find(self.group, self.kind).parameters().values())


class NeuronContract(KindContract):
    """Contract of neuron models.

    `strong`: a current (pA) far above rheobase; `moderate`: one that makes the neuron fire at
    tens of spikes/s; `first_order_steps`: how many steps the first spike may be off.
    """

    group = "neuron"
    strong: ClassVar[float]
    moderate: ClassVar[float]
    first_order_steps: ClassVar[float]
    dt = 0.1

    def begin(self, neuron: Any, shape: tuple[int, int], dtype: str, xp: Any = np) -> Any:
        """Return state at rest and coefficients `[N]`."""
        c = cast(arrays(neuron.prepare(self.dt), shape[1]), dtype)
        v = xp.full(shape, neuron.resting_potential(), dtype)
        return neuron.init(v, c, xp), c

    def spikes(self, neuron: Any, current: float, ms: float, dt: float) -> np.ndarray:
        """Return the steps in which one neuron under a constant current fires."""
        c = cast(arrays(neuron.prepare(dt), 1), "float64")
        s = neuron.init(jnp.full((1, 1), float(neuron.resting_potential())), c, jnp)
        run = jax.jit(scanned, static_argnums=(0, 5))
        _, fired = run(neuron.model().step, s, c, jnp.full((1, 1), current), 1.0, round(ms / dt))
        return np.flatnonzero(np.asarray(fired).ravel())

    def trace(
        self, dtype: str, step: Any, lanes: slice = slice(None), other: Any = None
    ) -> list[Any]:
        """Return states and spikes of 30 steps with varied input to 3 lanes of 17 neurons.

        `other`: a second way to compute a step, compared with the first from the same state.
        """
        rng = np.random.default_rng(1)
        shape = (3, 17)
        s, c = self.begin(self.part(), shape, dtype, jnp)
        s = type(s)(*(x[lanes] for x in s))
        course = []
        for _ in range(30):
            current = jnp.asarray(self.strong * rng.uniform(-0.5, 1.5, shape), dtype)[lanes]
            inputs = Inputs(current, one=jnp.asarray(1.0, dtype))
            if other is not None:
                after, spiked = other(s, inputs, c)
                same_course([(*step(s, inputs, c)[0],)], [(*after,)], dtype)
                assert np.array_equal(step(s, inputs, c)[1], spiked)
            s, spiked = step(s, inputs, c)
            course.append((*s, spiked))
        return course

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_step_keeps_structure_shape_and_dtype(self, dtype):
        neuron = self.part()
        s, c = self.begin(neuron, (2, 5), dtype, jnp)
        inputs = Inputs(jnp.zeros((2, 5), dtype), one=jnp.ones((), dtype))
        after, spiked = neuron.model().step(s, inputs, c, jnp)
        assert signature(after) == signature(s)
        assert (spiked.shape, spiked.dtype) == ((2, 5), bool)
        assert s.v.dtype == dtype

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_jit_changes_nothing(self, dtype):
        def step(s, inputs, c):
            return self.part().model().step(s, inputs, c, jnp)

        self.trace(dtype, jax.jit(step), other=step)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_numpy_and_jax_agree(self, dtype):
        model = self.part().model()

        def in_numpy(s, inputs, c):
            parts = (None if x is None else np.asarray(x) for x in inputs)
            return model.step(type(s)(*map(np.asarray, s)), Inputs(*parts), c, np)

        course = self.trace(dtype, lambda s, i, c: model.step(s, i, c, jnp), other=in_numpy)
        assert sum(step[-1].sum() for step in course) > 10

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_lanes_together_and_apart_agree_bit_for_bit(self, dtype):
        neuron = self.part()
        step = jax.jit(lambda s, i, c: neuron.model().step(s, i, c, jnp))
        together = self.trace(dtype, step)
        for lane in range(3):
            alone = self.trace(dtype, step, slice(lane, lane + 1))
            for a, b in zip(together, alone, strict=True):
                assert all(np.array_equal(x[lane : lane + 1], y) for x, y in zip(a, b, strict=True))

    def test_changing_a_float_does_not_trace_again(self):
        traced = []

        @jax.jit
        def step(s, inputs, c):
            traced.append(None)
            return neuron.model().step(s, inputs, c, jnp)

        neuron = self.part()
        for name, value in float_fields(neuron).items():
            changed = neuron.replace(**{name: value * 1.01 + 1e-3})
            s, c = self.begin(changed, (1, 3), "float32")
            step(s, Inputs(np.zeros((1, 3), np.float32), one=np.float32(1)), c)
        assert len(float_fields(neuron)) > 1
        assert len(traced) == 1

    @pytest.mark.parametrize("t_ref", [0.0, 1.5, 7.3])
    def test_refractory_period_is_respected(self, t_ref):
        neuron = self.part(**({"t_ref": t_ref} if "t_ref" in self.part().parameters() else {}))
        steps = self.spikes(neuron, self.strong, 200, self.dt)
        assert steps.size > 10
        assert np.diff(steps).min() * self.dt > neuron.refractory_ms()

    def test_state_variables_have_units(self):
        neuron = self.part()
        assert set(neuron.units) == set(neuron.state_variables())

    def test_a_jump_moves_the_potential_at_the_start_of_a_step(self):
        neuron = self.part()
        s, c = self.begin(neuron, (1, 2), "float64")
        jump = np.array([[0.0, 3.0]])
        together, _ = neuron.model().step(s, Inputs(0.0, jump=jump), c, np)
        before, _ = neuron.model().step(s._replace(v=s.v + jump), Inputs(0.0), c, np)
        assert together.v[0, 1] > together.v[0, 0] + 1
        np.testing.assert_allclose(together.v, before.v, rtol=1e-14)

    def test_a_small_conductance_is_the_current_it_drives(self):
        # over a short step from rest, g (e_rev - V) as a current does the same
        neuron = self.part()
        c = arrays(neuron.prepare(1e-3), 1)
        s = neuron.init(np.full((1, 1), float(neuron.resting_potential())), c, np)
        g, e_rev = np.full((1, 1), 2.0), 10.0
        opened = Inputs(np.zeros((1, 1)), conductance=g, reversal_current=g * e_rev)
        moved, _ = neuron.model().step(s, opened, c, np)
        rest, _ = neuron.model().step(s, Inputs(np.zeros((1, 1))), c, np)
        driven, _ = neuron.model().step(s, Inputs(g * (e_rev - s.v)), c, np)
        assert moved.v[0, 0] > rest.v[0, 0]
        np.testing.assert_allclose(moved.v - rest.v, driven.v - rest.v, rtol=5e-3)

    def test_rests_without_input(self):
        assert self.spikes(self.part(), 0.0, 500, self.dt).size == 0

    def test_smaller_steps_converge(self):
        # First order: the first spike is off by a few steps (and the grid), however small.
        finest = self.spikes(self.part(), self.moderate, 300, self.dt / 64)
        assert finest.size >= 5
        for halvings in range(4):
            dt = self.dt / 2**halvings
            steps = self.spikes(self.part(), self.moderate, 300, dt)
            late = (steps[0] + 1) * dt - (finest[0] + 1) * self.dt / 64
            assert abs(late) <= self.first_order_steps * dt
            # each interval may be off by as much, so the count by that share of an interval
            off = finest.size * self.first_order_steps * dt / (300 / finest.size)
            assert abs(steps.size - finest.size) <= 1 + off

    @pytest.mark.parametrize("dt", [0.05, 0.01, 0.002])
    def test_comes_to_rest_in_single_precision_or_warns(self, dt):
        # a decay rounded near 1 rests elsewhere, an increment below half a spacing is none
        neuron, rest = self.part(), {}
        run = jax.jit(scanned, static_argnums=(0, 5))
        for dtype in ("float32", "float64"):
            c = cast(arrays(neuron.prepare(dt), 1), dtype)
            s = neuron.init(jnp.full((1, 1), neuron.resting_potential() - 5.0, dtype), c, jnp)
            none, one = jnp.zeros((1, 1), dtype), jnp.ones((), dtype)
            s, _ = run(neuron.model().step, s, c, none, one, round(150 / dt))
            rest[dtype] = float(s.v[0, 0])
        warned = "v" in dict(precision.of_neuron(neuron, dt))
        assert warned or rest["float32"] == pytest.approx(rest["float64"], abs=0.01)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("sign", [-1, 1])
    def test_stays_finite_under_strong_current(self, dtype, sign):
        neuron = self.part()
        s, c = self.begin(neuron, (1, 4), dtype, jnp)
        current = sign * self.strong * jnp.asarray([[1, 3, 10, 30]], dtype)
        run = jax.jit(scanned, static_argnums=(0, 5))
        s, fired = run(
            neuron.model().step, s, c, current, jnp.ones((), dtype), round(1000 / self.dt)
        )
        assert all(np.isfinite(x).all() for x in s)
        assert fired.sum(0).min() > 20 if sign > 0 else not fired.any()


def arrays(coefficients: Any, size: int) -> Any:
    """Return the named tuple with every field as a `[size]` array."""
    return type(coefficients)(*(np.broadcast_to(x, size) for x in coefficients))


def scanned(step: Any, s: Any, c: Any, current: Any, one: Any, steps: int) -> Any:
    """Run under a constant current; `one` is traced, as in the engine."""
    return jax.lax.scan(
        lambda s, _: step(s, Inputs(current, one=one), c, jnp), s, None, length=steps
    )


def same_course(a: list[Any], b: list[Any], dtype: str) -> None:
    """Compare states and spikes of two runs, to rounding of the largest value of each array."""
    for before, after in zip(a, b, strict=True):
        for x, y in zip(before, after, strict=True):
            scale = max(1, np.abs(np.where(np.isfinite(y), y, 0)).max(initial=0))
            np.testing.assert_allclose(x, y, rtol=CLOSE[dtype], atol=CLOSE[dtype] * scale)


class SynapseContract(KindContract):
    """Contract of synapses; the course is that of the first input they deliver.

    `lasting`: whether a spike acts for longer than the step it arrives in.
    """

    group = "synapse"
    lasting = True
    dt = 0.1

    def charge(self, synapse: Any) -> float:
        """Return the area of one spike of weight 1."""
        raise NotImplementedError

    def course(
        self, synapse: Any, arrivals: np.ndarray, dt: float, tau: float = np.inf
    ) -> np.ndarray:
        """Return the input after each of the arrivals `[T]` (float64, NumPy)."""
        c = synapse.prepare(dt, np.array([tau]))
        s, currents = synapse.init((1,), np.float64, np), []
        for arrival in arrivals:
            s, delivered = synapse.step(s, np.array([arrival]), c)
            currents.append(delivered[0][0])
        return np.array(currents)

    def one_spike(self, synapse: Any, ms: float, dt: float, tau: float = np.inf) -> np.ndarray:
        """Return the course after a spike of weight 1."""
        return self.course(synapse, np.eye(1, round(ms / dt))[0], dt, tau)

    def trace(self, dtype: str, step: Any, lanes: slice = slice(None)) -> list[Any]:
        """Return states and currents of 40 steps: 3 lanes, 2 receptors, 17 neurons."""
        rng = np.random.default_rng(2)
        shape, dtype_ = (3, 2, 17), np.dtype(dtype)
        tau = np.full(17, 15.0)
        members = (self.part(), self.part())
        c = _stack(tuple(m.prepare(self.dt, tau) for m in members), dtype_)
        s = members[0].init(shape, dtype_, jnp)
        s, course = type(s)(*(x[lanes] for x in s)), []
        for _ in range(40):
            arrivals = rng.normal(size=shape) * (rng.random(shape) < 0.2)
            s, delivered = step(s, jnp.asarray(arrivals, dtype)[lanes], c)
            course.append((*s, *delivered))
        return course

    @pytest.mark.parametrize("dt", [0.05, 0.1, 1.0])
    def test_area_of_one_spike(self, dt):
        # with a membrane that forgets nothing the current is the mean over each step: exact
        synapse = self.part()
        area = self.one_spike(synapse, 400, dt, tau=1e12).sum() * dt
        assert area == pytest.approx(self.charge(synapse), rel=1e-9)

    def test_spikes_superpose(self):
        rng = np.random.default_rng(3)
        a, b = rng.normal(size=(2, 100))
        synapse = self.part()
        both = self.course(synapse, 2 * a - 3 * b, self.dt)
        apart = 2 * self.course(synapse, a, self.dt) - 3 * self.course(synapse, b, self.dt)
        np.testing.assert_allclose(both, apart, rtol=0, atol=1e-13)

    def test_half_the_step_gives_the_same_course(self):
        synapse = self.part()
        if not self.lasting:
            assert np.count_nonzero(self.one_spike(synapse, 40, self.dt)) == 1
            return
        coarse, fine = (self.one_spike(synapse, 40, dt) for dt in (self.dt, self.dt / 2))
        assert coarse.max() > 0.01
        np.testing.assert_allclose(coarse, fine[::2], rtol=1e-12)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_step_keeps_structure_shape_and_dtype(self, dtype):
        synapse = self.part()
        c = _stack((synapse.prepare(self.dt, np.array([np.inf])),), np.dtype(dtype))
        s = synapse.init((2, 1, 5), np.dtype(dtype), jnp)
        after, delivered = synapse.step(s, jnp.ones((2, 1, 5), dtype), c)
        assert signature(after) == signature(s)
        assert len(delivered) == len(synapse.delivers)
        for each in delivered:
            assert (each.shape, each.dtype) == ((2, 1, 5), dtype)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_jit_changes_nothing(self, dtype):
        step = self.part().step
        same_course(self.trace(dtype, step), self.trace(dtype, jax.jit(step)), dtype)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_lanes_together_and_apart_agree_bit_for_bit(self, dtype):
        step = jax.jit(self.part().step)
        together = self.trace(dtype, step)
        for lane in range(3):
            alone = self.trace(dtype, step, slice(lane, lane + 1))
            for a, b in zip(together, alone, strict=True):
                assert all(np.array_equal(x[lane : lane + 1], y) for x, y in zip(a, b, strict=True))

    def test_changing_a_float_does_not_trace_again(self):
        traced = []

        @jax.jit
        def step(s, arrivals, c):
            traced.append(None)
            return synapse.step(s, arrivals, c)

        synapse = self.part()
        for name, value in float_fields(synapse).items():
            changed = synapse.replace(**{name: value * 1.1})
            c = _stack((changed.prepare(self.dt, np.array([np.inf])),), np.dtype("float32"))
            step(changed.init((1, 1, 3), np.float32, np), np.ones((1, 1, 3), np.float32), c)
        assert bool(float_fields(synapse)) == self.lasting
        assert len(traced) == self.lasting

    def test_state_variables_have_units(self):
        synapse = self.part()
        assert set(synapse.units) == set(synapse.state_variables())


class ConnectContract(KindContract):
    """Contract of connection rules.

    `cases` are the rules drawn, between the `shapes` (pre, post, same); `drawn`: whether
    another seed gives other contacts.
    """

    group = "connect"
    shapes: ClassVar[list[tuple[int, int, bool]]] = [(400, 400, True), (100, 625, False)]
    drawn: ClassVar[bool] = True

    def cases(self) -> list[Any]:
        """Return rules to draw with, the shipped one first."""
        return [self.part()]

    def draw(self, rule: Any, pre: int, post: int, same: bool = False, seed: int = 1) -> Any:
        """Return contacts between grids of these sizes."""
        rng = random.generator(seed, "EE", "contacts")
        return rule.draw(Layer(pre, grid(pre)), Layer(post, grid(post)), same, rng)

    def test_contacts_are_well_formed(self):
        for rule, (pre, post, same) in itertools.product(self.cases(), self.shapes):
            contacts = self.draw(rule, pre, post, same)
            assert contacts.start.shape == (pre + 1,)
            assert contacts.start.dtype == np.int64
            assert contacts.start[0] == 0
            assert (np.diff(contacts.start) >= 0).all()
            assert contacts.target.shape == (contacts.start[-1],)
            assert contacts.target.dtype == np.int32
            assert contacts.target.min(initial=0) >= 0
            assert contacts.target.max(initial=0) < post

    def test_number_of_contacts_is_as_expected(self):
        for rule, (pre, post, same) in itertools.product(self.cases(), self.shapes):
            mean, sd = rule.expected(Layer(pre), Layer(post), same)
            numbers = [self.draw(rule, pre, post, same, s).start[-1] for s in range(5)]
            assert np.abs(np.subtract(numbers, mean)).max() <= 5 * sd

    def test_what_is_drawn_is_no_misfit(self):
        for rule, (pre, post, same) in itertools.product(self.cases(), self.shapes):
            assert rule.misfit(Layer(pre), Layer(post), same) is None

    def test_same_stream_same_contacts(self):
        rule, shape = self.part(), self.shapes[-1]
        a, b, other = (self.draw(rule, *shape, seed=seed) for seed in (1, 1, 2))
        assert a.target.size > 100
        assert np.array_equal(a.start, b.start)
        assert np.array_equal(a.target, b.target)
        assert np.array_equal(a.target, other.target) is not self.drawn


def drawn(drive: Any, key: Any, step: Any, size: int, c: Any, xp: Any = np) -> Any:
    """Return what a drive emits in a step (or in a column of steps), `[.., size]`."""
    index = np.arange(size, dtype=np.uint32)[None]
    step = xp.asarray(step, np.uint32)
    if drive.emits == "spikes":
        return drive.words(key, step // 32, index, c, xp) >> step % 32 & 1
    even, odd = drive.pair(key, step // 2, index, c, xp)
    return xp.where(step % 2 == 0, even, odd)


class DriveContract(KindContract):
    """Contract of drives: draws are addressed by (index, step) and by nothing else."""

    group = "drive"
    close = 0.0  # how much NumPy and JAX may differ, relative to the largest value
    dt = 0.1

    def emitted(self, steps: Any, key: Any = None, size: int = 41, xp: Any = np) -> np.ndarray:
        """Return what is emitted in the given steps, `[T, B, size]`."""
        drive = self.part()
        key = random.stream_key(1, "X", "noise").reshape(2, 1, 1) if key is None else key
        c = cast(drive.prepare(self.dt), "float64")

        def draw(key: Any, n: Any) -> Any:
            return drawn(drive, tuple(key), n, size, c, xp)

        draw = draw if xp is np else jax.jit(draw)
        out = [draw(tuple(key), np.uint32(n)) for n in steps]
        return np.array([np.broadcast_to(x, (key[0].shape[0], size)) for x in out])

    def test_any_split_into_chunks_gives_the_same(self):
        steps = list(range(500))
        whole = self.emitted(steps)
        assert whole.any()
        apart = [self.emitted(steps[a:b]) for a, b in [(0, 32), (32, 480), (480, 500)]]
        assert np.array_equal(whole, np.concatenate(apart))
        assert np.array_equal(whole[::-1], self.emitted(steps[::-1]))

    def test_numpy_and_jax_agree(self):
        a, b = self.emitted(range(200)), self.emitted(range(200), xp=jnp)
        np.testing.assert_allclose(a, b, rtol=0, atol=self.close * np.abs(a).max())

    def test_jit_changes_nothing(self):
        drive = self.part()
        key = tuple(random.stream_key(1, "X", "noise").reshape(2, 1, 1))
        c = cast(drive.prepare(self.dt), "float32")
        index = np.arange(41, dtype=np.uint32)[None]
        draw = drive.words if drive.emits == "spikes" else drive.pair
        jitted = jax.jit(lambda n: draw(key, n, index, c, jnp))
        for n in map(np.uint32, range(5)):
            for a, b in zip(draw(key, n, index, c, jnp), jitted(n), strict=True):
                atol = self.close * np.abs(a).max()
                np.testing.assert_allclose(a, b, rtol=0, atol=atol)

    def test_lanes_together_and_apart_agree(self):
        keys = np.stack([random.stream_key(1, "X", "noise", t) for t in range(3)]).T[..., None]
        together = self.emitted(range(300), keys)
        for lane in range(3):
            alone = self.emitted(range(300), keys[:, lane : lane + 1])
            assert np.array_equal(together[:, lane : lane + 1], alone)

    def test_changing_a_float_does_not_trace_again(self):
        traced = []

        @jax.jit
        def step(n, c):
            traced.append(None)
            return draw(key, n, np.arange(5, dtype=np.uint32)[None], c, jnp)

        drive = self.part()
        draw = drive.words if drive.emits == "spikes" else drive.pair
        key = tuple(random.stream_key(1, "X", "noise").reshape(2, 1, 1))
        for n, (name, value) in enumerate(float_fields(drive).items()):
            step(np.uint32(n), cast(drive.replace(**{name: value + 1}).prepare(0.1), "float32"))
        assert float_fields(drive)
        assert len(traced) == 1


class StatisticContract(KindContract):
    """Contract of statistics of `[W, N]` counts; `changes`: what 20 neurons need to be measured."""

    group = "statistics"
    changes: ClassVar[dict[str, Any]] = {}
    # SD of the ratio below is about 0.1 (100 draws); the jackknife adds a few per cent of bias.
    se_ratio = (0.7, 1.4)
    drawn: ClassVar[dict[str, Any]] = {"sample": 8, "draws": 4}
    # How closely a statistic that is found by iteration agrees with itself
    close = 1e-9

    def statistic(self, **changes: Any) -> Any:
        """Return the shipped preset as it measures the counts below."""
        return self.part(**{**self.changes, **changes})

    def counts(self, seed: int, windows: int = 100, neurons: int = 20) -> np.ndarray:
        """Return Poisson counts whose means differ between neurons."""
        rng = np.random.default_rng(seed)
        return rng.poisson(np.linspace(1, 4, neurons), (windows, neurons))

    def test_order_of_neurons_does_not_matter(self):
        counts = self.counts(1)
        order = np.random.default_rng(2).permutation(counts.shape[1])
        a, b = (self.statistic().estimate(c) for c in (counts, counts[:, order]))
        assert np.isfinite([a.value, a.se]).all()
        np.testing.assert_allclose(
            [a.value, a.se], [b.value, b.se], rtol=self.close, atol=self.close
        )

    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.int64])
    def test_integers_of_any_size_count_the_same(self, dtype, monkeypatch):
        counts = np.round(self.counts(1)) + 180  # sums and products don't fit into a byte
        expected = self.statistic().estimate(counts)
        found = self.statistic().estimate(counts.astype(dtype))
        np.testing.assert_allclose(found.value, expected.value, rtol=1e-12)
        np.testing.assert_allclose(found.se, expected.se, rtol=1e-9, atol=1e-14)
        monkeypatch.setattr(_base, "_PIECE", 300)  # three neurons
        in_pieces = self.statistic().estimate(counts.astype(dtype))
        np.testing.assert_allclose(in_pieces.value, expected.value, rtol=1e-12)
        np.testing.assert_allclose(in_pieces.se, expected.se, rtol=1e-9, atol=1e-14)

    def test_silent_neurons_do_not_make_it_nan(self):
        counts = np.pad(self.counts(1), ((0, 0), (0, 5)))
        estimate = self.statistic().estimate(counts)
        assert np.isfinite([estimate.value, estimate.se]).all()

    def test_too_few_windows_is_nan_with_a_reason(self):
        estimate = self.statistic().estimate(self.counts(1)[: self.part().min_windows - 1])
        assert np.isnan(estimate.value)
        assert np.isnan(estimate.se)
        assert "window" in estimate.reason

    def test_no_neurons_is_nan_with_a_reason(self):
        estimate = self.statistic().estimate(np.zeros((50, 0)))
        assert np.isnan(estimate.value)
        assert "neurons" in estimate.reason

    def test_spikes_in_one_window_only(self):
        # leaving that window out leaves nothing: no warning, whatever the standard error is
        counts = np.zeros((40, 3))
        counts[0] = 1
        few = {"sample": 3} if self.changes else {}
        assert np.isfinite(self.statistic(min_rate=0.0, **few).estimate(counts).value).all()

    def test_value_without_reason(self):
        assert self.statistic().estimate(self.counts(1)).reason is None

    def test_standard_error_is_the_spread_of_independent_draws(self):
        estimates = [self.statistic().estimate(self.counts(seed)) for seed in range(100)]
        spread = np.std([e.value for e in estimates], axis=0, ddof=1)
        claimed = np.sqrt(np.mean([e.se**2 for e in estimates], axis=0))
        low, high = self.se_ratio
        assert np.all(spread.ravel()[:1] > 0)
        assert np.all((low * spread <= claimed) & (claimed <= high * spread))

    def test_standard_error_covers_draws_of_neurons(self):
        statistic = self.statistic(**self.drawn)
        who = [Subjects(seed=seed, population="E") for seed in range(60)]
        estimates = [statistic.estimate(self.counts(s.seed), s) for s in who]
        first = np.array([[np.ravel(e.value)[0], np.ravel(e.se)[0]] for e in estimates])
        spread, claimed = first[:, 0].std(ddof=1), np.sqrt((first[:, 1] ** 2).mean())
        low, high = self.se_ratio
        assert low * spread <= claimed <= high * spread
        assert {e.se_over for e in estimates} == {"time and draws"}

    def test_a_sample_is_the_mean_over_its_draws(self):
        counts, subjects = self.counts(1), Subjects(seed=3, population="E")
        several = self.statistic(sample=8, draws=3)
        orders = subjects.generator("sample")
        drawn = [np.sort(np.argsort(orders.random(20))[:8]) for _ in range(3)]
        assert len({tuple(d) for d in drawn}) == 3
        alone = self.statistic(sample=8, draws=1)
        values = [alone.estimate(counts[:, d], Subjects(seed=3, population="E")) for d in drawn]
        np.testing.assert_allclose(
            several.estimate(counts, subjects).value,
            np.mean([v.value for v in values], axis=0),
            rtol=max(1e-9, self.close),
            atol=self.close,
        )

    def test_draws_are_those_of_seed_population_and_trial(self):
        def value(*who: Any) -> list[float]:
            estimate = self.statistic(sample=5, draws=2).estimate(self.counts(1), Subjects(*who))
            return np.ravel(estimate.value).tolist()

        assert value(1, "E", 0) == value(1, "E", 0)
        others = [(1, "E", 0), (2, "E", 0), (1, "I", 0), (1, "E", 1), (3, "E", 0), (4, "E", 0)]
        assert len({tuple(value(*who)) for who in others}) > 1

    def test_a_sample_larger_than_what_is_left_is_nan_with_a_reason(self):
        counts = np.pad(self.counts(1), ((0, 0), (0, 5)))
        estimate = self.statistic(sample=21, draws=2, min_rate=0.0).estimate(counts)
        assert np.isnan(estimate.value)
        assert estimate.reason == "needs at least 21 neurons that enter; 20 do"

    def test_central_neurons_only(self):
        counts = self.counts(1)
        positions = np.column_stack([np.linspace(0, 1, 20), np.full(20, 0.25)])
        positions[8, 1] = 0.2
        inside = [*range(5, 8), *range(9, 15)]
        few = {"sample": 9} if self.changes else {}
        statistic = self.statistic(region="central", **few)
        central = statistic.estimate(counts, Subjects(positions=positions))
        alone = self.statistic(**few).estimate(counts[:, inside])
        assert central.reason is None
        np.testing.assert_allclose(central.value, alone.value, rtol=1e-12, atol=1e-12)
        assert "positions" in statistic.estimate(counts).reason

    def test_slow_neurons_are_left_out(self):
        counts = self.counts(1)
        rate = np.sort(counts.mean(axis=0))[4:6].mean() * 1000 / self.part().window_ms
        few = {"sample": 15} if self.changes else {}
        slow = self.statistic(min_rate=float(rate), **few).estimate(counts)
        fast = counts[:, counts.mean(axis=0) * 1000 / self.part().window_ms > rate]
        assert fast.shape[1] == 15
        alone = self.statistic(**few).estimate(fast)
        np.testing.assert_allclose(slow.value, alone.value, rtol=1e-12, atol=1e-12)


class IntervalStatisticContract(KindContract):
    """Contract of statistics of inter-spike intervals; `of_train`: elephant's, of the intervals."""

    group = "statistics"
    irregular: ClassVar[float]  # its value for a Poisson process

    def of_train(self, intervals: np.ndarray) -> float:
        """Return the statistic of one train."""
        raise NotImplementedError

    def trains(self, seed: int, rates: tuple[float, ...] = (2, 5, 20, 50)) -> list[np.ndarray]:
        """Return spike steps of gamma processes, 20 s in steps of 0.1 ms."""
        rng = np.random.default_rng(seed)
        steps = [np.cumsum(rng.gamma(2.0, 1 / (2 * r), 4000)) * 1e4 for r in rates]
        return [np.unique(s[s < 2e5].astype(np.int64)) for s in steps]

    def estimate(
        self, trains: list[np.ndarray], first: int = 0, cuts: Any = (), end: int = 200_000, **c: Any
    ) -> Any:
        """Return the estimate for trains fed in pieces cut at some steps."""
        tally = IntervalTally(len(trains), first, end)
        step = np.concatenate(trains).astype(np.int64)
        source = np.repeat(np.arange(len(trains)), [t.size for t in trains])
        order = np.lexsort((source, step))
        for part in np.split(order, np.searchsorted(step[order], list(cuts))):
            tally.add_spikes(step[part], source[part])
        return self.part(**c).estimate(tally.sums(end))

    def test_equals_that_of_elephant(self):
        trains = self.trains(1)
        expected = [self.of_train(np.diff(t)) for t in trains]
        assert len(set(expected)) == len(trains)
        assert self.estimate(trains).value == pytest.approx(np.mean(expected), rel=1e-10)

    def test_intervals_that_begin_in_the_warmup_do_not_count(self):
        trains = self.trains(2)
        expected = [self.of_train(np.diff(t[t >= 70_000])) for t in trains]
        found = self.estimate(trains, first=70_000).value
        assert found == pytest.approx(np.mean(expected), rel=1e-10)
        assert found != pytest.approx(self.estimate(trains).value, rel=1e-4)

    @pytest.mark.parametrize("size", [1, 32, 999, 50_000])
    def test_any_split_into_chunks_gives_the_same(self, size):
        trains = self.trains(3)
        trains[0] = trains[0][:20]
        end = 20_000 if size == 1 else 200_000
        trains = [t[t < end] for t in trains]
        whole, split = (
            self.estimate(trains, 500, cuts, end) for cuts in ((), range(size, end, size))
        )
        assert np.isfinite([whole.value, whole.se]).all()
        assert (whole.value, whole.se) == (split.value, split.se)

    def test_silent_and_slow_neurons_do_not_enter(self):
        trains = self.trains(4)
        slow = [np.array([], np.int64), np.array([5]), np.array([7, 4000]), np.arange(4) * 900]
        value = self.estimate(trains, min_spikes=5).value
        assert self.estimate([*slow, *trains], min_spikes=5).value == value
        assert self.estimate([*slow, *trains], min_spikes=4).value < value
        assert self.estimate([*slow[:3], *trains], min_spikes=3).value == value

    def test_constant_intervals_have_none(self):
        estimate = self.estimate([np.arange(0, 200_000, 777), np.arange(3, 200_000, 1301)])
        assert (estimate.value, estimate.se, estimate.reason) == (0, 0, None)

    def test_no_neurons_is_nan_with_a_reason(self):
        for trains in ([np.array([], np.int64)], [np.array([3, 9])]):
            estimate = self.estimate(trains)
            assert np.isnan([estimate.value, estimate.se]).all()
            assert "spikes" in estimate.reason

    def test_poisson(self):
        rng = np.random.default_rng(5)
        trains = [np.unique(rng.integers(0, 10**6, 2000)) for _ in range(30)]
        estimate = self.estimate(trains, end=10**6)
        assert estimate.value == pytest.approx(self.irregular, abs=5 * estimate.se)
        assert 0 < estimate.se < 0.01

    def test_standard_error_is_the_spread_of_independent_draws(self):
        estimates = [self.estimate(self.trains(seed, (20, 30, 40))) for seed in range(100)]
        spread = np.std([e.value for e in estimates], ddof=1)
        claimed = np.sqrt(np.mean([e.se**2 for e in estimates]))
        assert 0.7 < claimed / spread < 1.4


class OptimizerContract(KindContract):
    """Contract of optimizers.

    `quick`: changes with which the shipped preset leaves its start-up within a few candidates and
    takes little time.
    """

    group = "optimizer"
    quick: ClassVar[dict[str, Any]] = {}

    def space(self) -> dict[str, Any]:
        """Return a space of all that this kind can search."""
        return studies.MIXED if self.part().choices else studies.NUMBERS

    def study(self, space: Any, seed: int = 1, **how: Any) -> optuna.Study:
        """Return a study with this kind's sampler."""
        return studies.study(self.part(**self.quick).sampler(seed, space), **how)

    def search(self, judge: Any = studies.bowl, seed: int = 1, batch: int = 4) -> list[dict]:
        """Return the parameters of 16 candidates."""
        return studies.go_on(self.study(self.space(), seed), self.space(), judge, 16, batch)

    def test_same_seed_same_candidates(self):
        first = _reference(type(self))
        np.random.seed(3)
        before = np.random.get_state()[1].copy()
        assert first == self.search()
        assert not any(p in first for p in self.search(seed=2))
        assert (np.random.get_state()[1] == before).all()  # nor does it touch the global generator

    def test_values_are_inside_and_of_their_type(self):
        found = _reference(type(self))
        for name, distribution in self.space().items():
            values = [candidate[name] for candidate in found]
            assert len(set(values)) > 1
            assert {type(v) for v in values} == {_TYPES[type(distribution)]}
            assert all(distribution._contains(distribution.to_internal_repr(v)) for v in values)

    def test_a_search_that_is_resumed_goes_on_as_if_it_had_not_stopped(self, tmp_path):
        space = self.space()
        backend = optuna.storages.journal.JournalFileBackend
        for candidates in (4, 12, 16):
            storage = optuna.storages.JournalStorage(backend(str(tmp_path / "journal")))
            study = self.study(space, storage=storage, name="s")
            resumed = studies.go_on(study, space, studies.bowl, candidates, batch=4)
        assert resumed == _reference(type(self))

    @pytest.mark.parametrize("known", [0, 16])
    def test_candidates_of_a_batch_differ(self, known):
        space = studies.plane("a", "b")
        study = self.study(space)
        studies.go_on(study, space, lambda p: [p["a"] + p["b"]], known, batch=8)
        batch = [tuple(study.ask(space).params.values()) for _ in range(16)]
        assert len(set(batch)) == 16

    def test_two_studies_do_not_share_what_they_know(self):
        sampler = self.part(**self.quick).sampler(1, self.space())
        mixed = [studies.study(sampler) for _ in range(2)]
        for candidates in range(1, 11):
            for study, judge in zip(mixed, (studies.bowl, lambda p: [p["n"]]), strict=True):
                studies.go_on(study, self.space(), judge, candidates)
        alone = studies.go_on(self.study(self.space()), self.space(), studies.bowl, 10)
        assert [t.params for t in mixed[0].trials] == alone

    def test_infeasible_and_failed_candidates_are_taken(self):
        verdicts = itertools.cycle(["fails", "is infeasible", "is done"])
        words = {"fails": studies.FAILED, "is infeasible": studies.INFEASIBLE}
        found = self.search(lambda p: words.get(next(verdicts)) or studies.bowl(p))
        assert len(found) == 16

    @pytest.mark.parametrize("verdict", [studies.FAILED, studies.INFEASIBLE])
    def test_nothing_but_bad_candidates_is_taken(self, verdict):
        assert len({tuple(p.values()) for p in self.search(lambda p: verdict)}) == 16

    def test_equal_costs_are_taken(self):
        assert len(self.search(lambda p: [0.0])) == 16

    def test_infeasible_candidates_steer_where_it_says_so(self):
        space = studies.plane("a", "b")

        def judge(p):
            return studies.INFEASIBLE if p["a"] < 0.8 else [p["b"]]

        if not self.part().constrained:
            return
        found = studies.go_on(self.study(space), space, judge, 40, batch=8)
        assert np.mean([p["a"] >= 0.8 for p in found[20:]]) > 0.4  # 0.2 of all are

    def test_start_points_are_tried_first_and_what_they_lack_is_drawn(self):
        study = self.study(self.space())
        study.enqueue_trial({"a": 1.5, "n": 7})
        study.enqueue_trial({"b": 0.5})
        first, second, *_ = studies.go_on(study, self.space(), studies.bowl, 8)
        assert (first["a"], first["n"], second["b"]) == (1.5, 7, 0.5)
        assert first.keys() == second.keys() == self.space().keys()

    def test_axes_of_a_single_value_are_kept(self):
        single = {"b": FloatDistribution(0.5, 0.5), "n": IntDistribution(3, 3)}
        space = {"a": FloatDistribution(0.0, 1.0), **single}
        found = studies.go_on(self.study(space), space, lambda p: [(p["a"] - 0.4) ** 2], 12)
        assert {(p["b"], p["n"]) for p in found} == {(0.5, 3)}
        assert len({p["a"] for p in found}) == 12

    def test_one_parameter_is_enough(self):
        space = studies.plane("a")
        found = studies.go_on(self.study(space), space, lambda p: [(p["a"] - 0.4) ** 2], 12, 4)
        assert len({p["a"] for p in found}) == 12

    def test_several_objectives_where_it_says_so(self):
        part = self.part(**self.quick)
        if not part.several_objectives:
            with pytest.raises(ConfigError, match=f"{self.kind} searches one objective, not 2"):
                part.ready(self.space(), objectives=2)
            return
        part.ready(self.space(), objectives=2)

        def judge(p):
            return studies.INFEASIBLE if p["n"] < 10 else [p["a"], -p["a"] + p["b"]]

        study = self.study(self.space(), objectives=2)
        assert len(studies.go_on(study, self.space(), judge, 40, batch=4)) == 40
        assert len(study.best_trials) > 1

    def test_complains_before_anything_is_simulated(self):
        part = self.part()
        part.ready(self.space())
        with pytest.raises(ConfigError, match="search: there is no parameter to search"):
            part.ready({})
        if not part.choices:
            with pytest.raises(ConfigError, match=r"search\.c: .*can't search choices"):
                part.ready(studies.MIXED)


@functools.cache
def _reference(contract: type[OptimizerContract]) -> list[dict]:
    return contract().search()


_TYPES = {FloatDistribution: float, IntDistribution: int, CategoricalDistribution: str}
