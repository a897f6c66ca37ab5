"""Warnings of a valid configuration: what its author may not have meant."""

from collections.abc import Iterator

from snnrun.config.precision import unresolved
from snnrun.config.times import rounded_times
from snnrun.connect._base import Layer
from snnrun.distribution import BOUNDED, Distribution, mean
from snnrun.experiment import Experiment
from snnrun.network import Population, Projection
from snnrun.statistics._base import CountStatistic
from snnrun.synapse._base import Synapse


def cautions(e: Experiment) -> list[str]:
    """Return the warnings."""
    found = [*_times(e), *rounded_times(e), *unresolved(e), *_statistics(e)]
    for name, p in e.network.projections.items():
        population, synapse = (
            e.network.populations.get(p.pre),
            e.network.synapses.get(p.synapse or ""),
        )
        if population is not None and synapse is not None:
            post = e.network.populations[p.post]
            found += _sign(f"network.projections.{name}", p, population, post, synapse)
    return found


def _times(e: Experiment) -> Iterator[str]:
    if e.statistics and e.duration.warmup_ms >= e.duration.ms:
        yield (
            f"duration.warmup_ms: {e.duration.warmup_ms:g} ms of warm-up leave nothing of the"
            f" {e.duration.ms:g} ms to the statistics"
        )


def _statistics(e: Experiment) -> Iterator[str]:
    for name, statistic in e.statistics.items():
        if not isinstance(statistic, CountStatistic):
            continue
        windows = max(0, e.steps - e.warmup_steps) // e.steps_in(statistic.window_ms)
        caution = statistic.caution(windows) if windows else None
        if caution:
            yield f"statistics.{name}: {caution}"
        sizes = {n: p.size for n, p in e.network.populations.items()}
        if statistic.population in sizes:
            sizes = {statistic.population: sizes[statistic.population]}
        elif statistic.population == "all":
            sizes = {"all": sum(sizes.values())}
        for population, size in sizes.items():
            if (statistic.sample or 0) > size:
                yield f"statistics.{name}.sample: {population} has only {size} neurons; no value"


def _drawn_signs(path: str, p: Projection, pre: Population, post: Population) -> Iterator[str]:
    """Warn where at least one drawn weight is expected to have the other sign than its mean."""
    if not isinstance(p.weight, Distribution) or p.connect is None:
        return
    below = p.weight.below(0.0)
    wrong, bound = (1 - below, "high: 0") if pre.type == "inhibitory" else (below, "low: 0")
    contacts, _ = p.connect.expected(Layer(pre.size), Layer(post.size), p.pre == p.post)
    if wrong * contacts >= 1:
        can = f"; '{bound}' cuts them off" if p.weight.dist in BOUNDED else ""
        yield (
            f"{path}.weight: {100 * wrong:.3g} % of the draws contradict the type of '{p.pre}'"
            f" ({pre.type}){can}"
        )


def _sign(
    path: str, p: Projection, pre: Population, post: Population, synapse: Synapse
) -> Iterator[str]:
    """Warn of a sign that contradicts the type of the population the contacts come from."""
    inhibitory, reversal = pre.type == "inhibitory", synapse.reversal()
    threshold = getattr(post.neuron, "v_th", None)
    if reversal is None:
        weight = mean(p.weight)
        if weight * (-1) ** inhibitory < 0:
            yield f"{path}.weight: {weight:g} contradicts the type of '{p.pre}' ({pre.type})"
        else:
            yield from _drawn_signs(path, p, pre, post)
    elif isinstance(threshold, float) and (reversal > threshold) == inhibitory:
        side = "above" if inhibitory else "not above"
        yield (
            f"network.synapses.{p.synapse}.e_rev: {reversal:g} mV is {side} the threshold of"
            f" '{p.post}' ({threshold:g} mV), which contradicts the type of '{p.pre}' ({pre.type})"
        )
