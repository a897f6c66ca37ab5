"""A model that knows no `threshold` and resets itself, as one of a user's own may."""

import dataclasses
from collections import namedtuple
from typing import Any

from snnrun.component import component
from snnrun.network import NetworkSpec
from snnrun.neuron.lif import LIF, Coefficients

Renamed = namedtuple("Renamed", [f"{f}_" if f == "threshold" else f for f in Coefficients._fields])


@component
class OwnReset(LIF):
    """A LIF neuron that falls by a fixed amount at a spike."""

    def prepare(self, dt: float) -> Any:
        return Renamed(*super().prepare(dt))

    @classmethod
    def spike(cls, s: Any, c: Any, xp: Any) -> Any:
        spiked = s.v >= c.threshold_
        left = xp.where(spiked, c.refractory, xp.maximum(s.refractory - 1, 0))
        return s._replace(v=xp.where(spiked, s.v - 12, s.v), refractory=left), spiked


def with_own_reset(spec: NetworkSpec, population: str) -> NetworkSpec:
    """Return a network of LIF cells in which those of a population reset themselves."""
    changed = spec.populations[population]
    values = {f.name: getattr(changed.neuron, f.name) for f in dataclasses.fields(changed.neuron)}
    changed = dataclasses.replace(changed, neuron=OwnReset(**values))
    return dataclasses.replace(spec, populations={**spec.populations, population: changed})
