"""Chunk after chunk until time is up, the host one chunk behind the device.

The number of steps of a chunk is chosen so that it takes about half a second at most.
"""

import dataclasses
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

from snnrun.engine import native
from snnrun.engine.chunk import Output
from snnrun.engine.constants import Constants, join, limits_of, make_constants
from snnrun.engine.plan import BLOCK, Limits, Plan, Recording, make_plan
from snnrun.engine.reference import ReferenceEngine
from snnrun.engine.snapshot import Snapshot, put, take
from snnrun.engine.xla import Compiled, XlaEngine
from snnrun.network import Network

_TARGET_S = 0.4
_FIRST_STEPS = 1024


class Chunk(NamedTuple):
    """A finished chunk: steps [first, first + steps); `rest`: no later one has begun."""

    first: int
    steps: int
    output: Output
    rest: bool = False


class Seat(NamedTuple):
    """What runs in a lane: a trial of a network, with the noise of a seed."""

    network: Network
    seed: int
    trial: int


class Breaks(Protocol):
    """Says where a run is to be at rest between two chunks, so that its state can be saved."""

    def after(self, step: int) -> int:
        """Return the next step at which a chunk must end."""

    def due(self, step: int) -> bool:
        """Return whether to rest before step `step`."""


def all_devices() -> list[Any]:
    """Return the devices JAX computes on by itself; RuntimeError where there is none."""
    try:
        return list(jax.devices())
    except AssertionError as error:  # JAX_PLATFORMS names only platforms that are not there
        raise RuntimeError("JAX finds no device") from error


class Backend:
    """A compiled network that runs groups of trials; `lanes` trials at a time.

    `own_contacts`: where lanes are trials of several runs, whether these differ in contacts.
    """

    def __init__(
        self,
        kind: str,
        lanes: int,
        dtype: str,
        recording: Recording,
        device: Any = None,
        dense: bool = False,
        limits: Limits = Limits(),  # noqa: B008 (immutable)
        own_contacts: bool | None = None,
    ) -> None:
        self._own_contacts = own_contacts
        self._device = device or jax.devices()[0]
        on_cpu = self._device.platform == "cpu"
        self.kind = kind if kind != "auto" else "native" if on_cpu and native.ready() else "xla"
        if self.kind == "native" and not (on_cpu and native.ready()):
            raise RuntimeError("the native kernel is not built, or the device is not a CPU")
        self._dense, self._limits = dense, limits
        self.lanes = 1 if kind == "reference" else lanes
        self.dtype, self.recording = dtype, recording
        self.compiled: Compiled | None = None
        self._edges: dict[Any, Any] = {}  # the last network and its contacts, on each device

    @property
    def note(self) -> str | None:
        """What the user should know of the choice: the portable path where it is slower."""
        elsewhere = self._dense or self._device.platform != "cpu"
        if self.kind != "xla" or native.ready() or elsewhere:
            return None
        return "the native kernel is not built (no C++ compiler at installation): slower delivery"

    @property
    def native(self) -> bool:
        """Whether the native kernel delivers spikes; a matrix product leaves it nothing to do."""
        return self.kind == "native" and not self._dense

    @property
    def device(self) -> str:
        """Name of the device that computes, and what delivers spikes where that is special."""
        if self.kind == "reference":
            return "cpu (numpy)"
        how = ", native kernel" if self.native else ", matrix product" if self._dense else ""
        return f"{self._device.platform} ({self._device.device_kind}){how}"

    def plan(self, networks: list[Network]) -> Plan:
        """Return the plan of `lanes` trials of a network, or of one network each."""
        how = self.native, self._dense
        plan = make_plan(networks[0], self.lanes, self.dtype, self.recording, *how)
        return dataclasses.replace(plan, depth=max(n.edges.depth for n in networks))

    def prepare(self, seats: list[Seat], device: Any = None) -> Any:
        """Compile what is not compiled yet; returns what `chunks` runs."""
        network = seats[0].network
        plan = self.plan(list({id(seat.network): seat.network for seat in seats}.values()))
        if self.kind == "reference":
            oracle = ReferenceEngine(plan, *seats[0][:2], network.realisation, self._limits)
            return _Reference(plan, oracle, seats[0].trial)
        at = device or self._device
        padded = seats + [seats[-1]] * (plan.lanes - len(seats))  # lanes that are left over
        alike = self._own_contacts is None and all(seat.network is network for seat in seats)
        known, edges = self._edges.get(at, (None, None))
        if alike:
            edges = edges if network is known else None
            trials = [seat.trial for seat in padded]
            constants = make_constants(network, plan, seats[0].seed, trials, edges)
        else:
            constants = join([_alone(seat, plan) for seat in padded], self._own_contacts)
        constants = constants._replace(limits=limits_of(plan, self._limits))
        engine = XlaEngine(plan, at)
        new = engine.compile(constants)
        if self.compiled is None or new.compile_s > 0:
            self.compiled = new
        if alike and edges is None:  # one copy on a device for all groups
            edges = jax.device_put(constants.edges, at)
            constants, self._edges[at] = constants._replace(edges=edges), (network, edges)
        return _Xla(plan, engine, constants)


def _alone(seat: Seat, plan: Plan) -> Constants:
    return make_constants(seat.network, plan, seat.seed, [seat.trial])


class _Xla:
    """A compiled chunk with its constants."""

    def __init__(self, plan: Plan, engine: XlaEngine, constants: Any) -> None:
        self.plan, self._engine, self._constants = plan, engine, constants

    def start(self, v: np.ndarray) -> None:
        lanes = np.resize(v, (self.plan.lanes, v.shape[1]))
        self._device, self._carry = self._engine.start(self._constants, lanes)

    def restart(self, snapshots: list[Snapshot], step: int) -> None:
        self._device, self._carry = self._engine.restart(self._constants, snapshots, step)

    def snapshots(self, step: int) -> list[Snapshot]:
        return self._engine.snapshots(self._carry, step)

    def dispatch(self, first: int, steps: int, origin: int) -> Any:
        self._carry, output = self._engine.run(self._device, self._carry, first, steps, origin)
        return output

    def fetch(self, output: Any) -> Output:
        return self._engine.fetch(output)


class _Reference:
    """The NumPy oracle behind the same calls."""

    def __init__(self, plan: Plan, engine: ReferenceEngine, trial: int) -> None:
        self.plan, self._engine, self._trial = plan, engine, trial

    def start(self, v: np.ndarray) -> None:
        self._engine.start(v[0], self._trial)

    def restart(self, snapshots: list[Snapshot], step: int) -> None:
        self._engine.start(np.zeros(self.plan.neurons), self._trial)
        empty = self._engine.carry(step)
        self._engine.go_on(put(self.plan, empty, snapshots, step), step)

    def snapshots(self, step: int) -> list[Snapshot]:
        return take(self.plan, self._engine.carry(step), step)

    def dispatch(self, first: int, steps: int, origin: int) -> Any:
        return self._engine.run(first, steps, origin)

    def fetch(self, output: Any) -> Output:
        return output


def chunks(
    ready: Any,
    span: tuple[int, int],
    origin: int,
    longest: int | None,
    breaks: Breaks,
    stop: Callable[[], bool],
) -> Iterator[Chunk]:
    """Yield the chunks of steps [from, to), each while the next one is computed.

    `longest`: most steps of a chunk; `stop()` is asked before each further chunk.
    """
    pace = _Pace(ready.plan.blocks * BLOCK, longest)
    waiting: tuple[int, int, Any] | None = None
    first, steps = span
    while first < steps and not stop():
        if waiting is not None and breaks.due(first):
            yield Chunk(waiting[0], waiting[1], ready.fetch(waiting[2]), rest=True)
            waiting = None
            pace.begin()
            continue
        size = min(pace.steps - first % BLOCK, steps - first, breaks.after(first) - first)
        begun = (first, size, ready.dispatch(first, size, origin))
        first += size
        if waiting is not None:
            yield Chunk(waiting[0], waiting[1], ready.fetch(waiting[2]))
            pace.finished(waiting[1])
        waiting = begun
    if waiting is not None:
        yield Chunk(waiting[0], waiting[1], ready.fetch(waiting[2]), rest=breaks.due(first))


Job = tuple[Any, Iterator[Chunk]]


def abreast(start: Callable[[int], Job | None], workers: int) -> Iterator[tuple[Any, Chunk | None]]:
    """Yield (group, chunk) of several groups that are computed at once, and (group, None) last.

    `start(worker)` begins the next group, or returns None when there is none. Groups that rest
    wait until all do; then (None, None) is yielded before they go on. XLA computes in the thread
    that waits for a result, so a thread for each worker keeps as many cores busy.
    """
    with ThreadPoolExecutor(workers) as pool:
        running: dict[Future[Chunk | None], tuple[int, Job]] = {}
        resting: list[tuple[int, Job | None]] = []

        def go_on(worker: int, job: Job | None) -> None:
            if job is not None:
                running[pool.submit(next, job[1], None)] = worker, job

        for worker in range(workers):
            go_on(worker, start(worker))
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                worker, job = running.pop(future)
                chunk = future.result()
                if chunk is not None and chunk.rest:
                    resting.append((worker, job))
                elif chunk is not None:
                    go_on(worker, job)
                yield job[0], chunk
                if chunk is None and resting:
                    resting.append((worker, None))
                elif chunk is None:
                    go_on(worker, start(worker))
            if resting and not running:
                yield None, None
                for worker, waiting in resting:
                    go_on(worker, waiting or start(worker))
                resting.clear()


class _Pace:
    """Chooses how many steps a chunk has, from how long the last ones took."""

    def __init__(self, capacity: int, longest: int | None) -> None:
        self._capacity = min(capacity, longest or capacity)
        self.steps = self._rounded(_FIRST_STEPS)
        self.begin()

    def begin(self) -> None:
        self._last = time.perf_counter()

    def finished(self, steps: int) -> None:
        now = time.perf_counter()
        per_step, self._last = (now - self._last) / steps, now
        self.steps = self._rounded(min(_TARGET_S / max(per_step, 1e-9), 4 * self.steps))

    def _rounded(self, steps: float) -> int:
        return max(BLOCK, int(min(steps, self._capacity)) // BLOCK * BLOCK)
