"""The typed tree of a whole run: what the configuration says, checked, without I/O."""

import dataclasses

import numpy as np

from snnrun.component import param
from snnrun.distribution import Distribution, Value, draw
from snnrun.drive._base import Drive
from snnrun.network import NetworkSpec
from snnrun.statistics._base import Statistic

MOST_NEURONS = 2**30  # of a population or drive


@dataclasses.dataclass(frozen=True, kw_only=True)
class Duration:
    """Simulated time."""

    ms: float = param("ms", "simulated time from t = 0", above=0, in_steps="rounded")
    warmup_ms: float = param(
        "ms", "time at the start that statistics skip", at_least=0, in_steps="rounded"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class CountRecord:
    """Spike counts to be written."""

    bin_ms: float = param(
        "ms", "window; none: counts are not written", above=0, optional=True, in_steps="whole"
    )
    populations: list = param("", "populations; none: all", optional=True)
    from_ms: float = param(
        "ms", "record from here on", at_least=0, optional=True, in_steps="rounded"
    )
    to_ms: float = param("ms", "record up to here", above=0, optional=True, in_steps="rounded")
    last_ms: float = param(
        "ms", "record only the last so many", above=0, optional=True, in_steps="rounded"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class StateRecord:
    """State variables of a population to be written."""

    variables: list = param(
        "", "state variables; <variable>_<synapse> for those of a synapse, such as i_E"
    )
    every_ms: float = param("ms", "time between samples", above=0, in_steps="rounded")
    neurons: list = param("", "neurons by their number; none: all", optional=True)
    from_ms: float = param(
        "ms", "record from here on", at_least=0, optional=True, in_steps="rounded"
    )
    to_ms: float = param("ms", "record up to here", above=0, optional=True, in_steps="rounded")
    last_ms: float = param(
        "ms", "record only the last so many", above=0, optional=True, in_steps="rounded"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Record:
    """What is written besides statistics; `spikes` None: all populations."""

    spikes: tuple[str, ...] | None
    counts: CountRecord
    state: dict[str, StateRecord]
    edges: bool
    compression: str
    compression_level: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordOptions:
    """The plain values of the record node."""

    edges: bool = param("", "write the contacts themselves")
    compression: str = param("", "of spikes, counts and states", choices=("none", "lzf", "gzip"))
    compression_level: int = param("", "effort of gzip", at_least=0, at_most=9)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """How a run is computed, and what is too much for it."""

    precision: str = param("", "of all real numbers", choices=("float32", "float64"))
    backend: str = param(  # each rounds otherwise
        "", "how steps are computed", choices=("auto", "native", "xla", "reference")
    )
    delivery: str = param(
        "",
        "how spikes are delivered",
        choices=("auto", "event", "dense"),
        how=("auto", "event"),  # a matrix product adds weights up in another order
    )
    batch: int = param(
        "", "trials computed together; none: by size", above=0, optional=True, how=True
    )
    threads: int = param(
        "", "CPU threads; none: all that are free", above=0, optional=True, how=True
    )
    devices: int = param("", "GPUs; none: all that JAX finds", above=0, optional=True, how=True)
    chunk_ms: float = param(
        "ms", "most time between looks; none: by speed", above=0, optional=True, how=True
    )
    max_rate: float = param("spikes/s", "a population above it is a runaway", above=0)
    max_voltage: float = param("mV", "a potential beyond +-this is a runaway", above=0)
    max_conductance: float = param("nS", "a conductance beyond it is a runaway", above=0)
    min_pace: float = param(
        "",
        "share of the best pace below which a run warns; none: never",
        above=0,
        optional=True,
        how=True,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class CheckpointOptions:
    """When the state of a run is saved, besides at interruption."""

    every_ms: float = param(
        "ms",
        "simulated time between two; none: no limit",
        above=0,
        optional=True,
        in_steps="rounded",
        how=True,
    )
    every_wall_s: float = param(
        "s", "time on the clock between two; none: no limit", above=0, optional=True, how=True
    )
    keep: int = param("", "the last so many are kept", at_least=1, how=True)
    at_ms: list = param(
        "ms",
        "simulated times of some that are always kept",
        optional=True,
        in_steps="even",
        how=True,
    )
    final: bool = param("", "whether the state at the end is kept as well", how=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The plain values at the root."""

    name: str = param("", "names the folder under outputs/")
    seed: int = param("", "of all random streams", at_least=0, at_most=2**63 - 1)
    trials: int = param("", "repeats with other noise and initial state", above=0, at_most=10**6)
    dt: float = param("ms", "time step", above=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkOptions:
    """The plain values of the network node."""

    weight_scaling: str = param(
        "", "divides weights by sqrt(all neurons)", choices=("none", "inv_sqrt_n")
    )
    per_trial: bool = param("", "whether every trial draws its own connectivity")
    scale: float = param("", "multiplies all sizes", above=0, at_most=1e6, optional=True)
    sigma: dict = param("sides", "widths that projections refer to", optional=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PopulationOptions:
    """The plain values of a population."""

    size: int = param("", "number of neurons", above=0, at_most=MOST_NEURONS)
    type: str = param("", "sign of its outgoing weights", choices=("excitatory", "inhibitory"))
    positions: str = param(
        "", "layout on the unit square", choices=("none", "grid", "uniform"), optional=True
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProjectionOptions:
    """The plain values of a projection."""

    pre: str = param("", "population or drive the contacts come from")
    post: str = param("", "population they go to")
    synapse: str = param("", "synapse model, by its name in the network", optional=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Experiment:
    """A whole run.

    `start`: the step it begins at, where it goes on from another run's state; `network_seed`:
    of the connectivity, where it is that run's.
    """

    name: str
    seed: int
    trials: int
    dt: float
    duration: Duration
    network: NetworkSpec
    drives: dict[str, Drive]
    statistics: dict[str, Statistic]
    record: Record
    engine: EngineOptions
    checkpoint: CheckpointOptions
    start: int = 0
    network_seed: int | None = None

    @property
    def steps(self) -> int:
        """Number of time steps."""
        return self.steps_in(self.duration.ms)

    @property
    def warmup_steps(self) -> int:
        """Number of steps that statistics skip."""
        return max(self.start, self.steps_in(self.duration.warmup_ms))

    def steps_in(self, ms: float) -> int:
        """Return the number of steps closest to a time."""
        return round(min(ms / self.dt, 2.0**62))  # no run is as long; infinity has no steps

    @property
    def depth(self) -> int:
        """Slots of the input ring: the longest delay in steps (a power of two if drawn), and 1."""
        longest = (_steps_of(p.delay, self.dt) for p in self.network.projections.values())
        return max(longest, default=0) + 1

    @property
    def recorded(self) -> list[str]:
        """Names of the populations and drives whose spikes are written."""
        if self.record.spikes is None:
            return list(self.network.populations)
        return list(self.record.spikes)


def _steps_of(delay: Value, dt: float) -> int:
    """Return the longest delay of a projection in steps."""
    if not isinstance(delay, Distribution):
        return round(delay / dt)
    sample = draw(delay, np.random.default_rng(0), 10_000)
    return 1 << max(1, round(float(sample.max()) / dt)).bit_length()
