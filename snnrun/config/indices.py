"""What is numbered in 32 bits: contacts, rows of contacts, targets and the input ring."""

from collections import Counter
from collections.abc import Iterator

from snnrun.connect._base import Layer
from snnrun.experiment import Experiment

_END = 2**31


def too_many(e: Experiment) -> Iterator[tuple[str, str]]:
    """Yield (path, problem) where a network has more of something than can be numbered."""
    spec = e.network
    made = {name: p for name, p in spec.projections.items() if p.connect is not None}
    sizes = {name: p.size for name, p in spec.populations.items()}
    sizes |= {name: drive.size for name, drive in e.drives.items() if drive.emits == "spikes"}
    contacts = 0.0
    for p in made.values():
        pre, post = Layer(sizes[p.pre]), Layer(sizes[p.post])
        n, sd = p.connect.expected(pre, post, p.pre == p.post)  # type: ignore[union-attr]
        contacts += n + 6 * sd
    if contacts >= _END:
        yield "network.projections", f"{contacts:.3g} contacts: at most 2^31 fit into one network"
    rows = sum(sizes.values()) * max(Counter(p.pre for p in made.values()).values(), default=0)
    targets = spec.size * len(spec.synapses)
    for what, number in (("rows of contacts", rows), ("targets (synapses x neurons)", targets)):
        if number >= _END:
            yield "network.populations", f"{number:.3g} {what}; at most 2^31 are possible"
    if e.engine.backend == "xla" or e.engine.delivery == "dense":
        problem = ring_too_long(e)
        if problem:
            yield "network.projections", problem


def ring_too_long(e: Experiment, lanes: int = 1) -> str | None:
    """Return why the portable path can't number the input ring of so many lanes, or None."""
    targets = lanes * e.network.size * len(e.network.synapses)
    if e.depth * targets < _END:
        return None
    what = "neurons x synapses" + (f" x {lanes} trials together" if lanes > 1 else "")
    return (
        f"the longest delay ({e.depth - 1} steps) and {targets} targets ({what}) make an input"
        f" ring of {e.depth * targets:.3g} numbers; at most 2^31 are possible without the native"
        f" kernel"
    )
