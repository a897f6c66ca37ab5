"""The objective of a search: terms over statistics that are computed, and what they want."""

from collections.abc import Iterator
from typing import Any

from snnrun.config.choose import nearest
from snnrun.config.fields import Problems, read, shown
from snnrun.config.parts import read_part
from snnrun.errors import ConfigError
from snnrun.experiment import Experiment
from snnrun.health import WINDOW_MS
from snnrun.objective._cost import Cost
from snnrun.objective._feasible import Feasible
from snnrun.objective._targets import Sources, targets
from snnrun.objective._terms import Term
from snnrun.statistics._base import CountStatistic


def read_cost(
    tree: dict[str, Any], e: Experiment, problems: Problems
) -> tuple[Cost | None, list[str]]:
    """Return what is minimised, and warnings; None after a problem."""
    before = len(problems.found)
    node = tree.get("objective")
    if not node:
        problems.add("objective", "missing; choose one, such as objective=squared")
        return None, []
    kind = read_part("objective", node, "objective", e.dt, problems)
    if kind is None:
        return None, []
    named = problems.named({"terms": kind.terms}, "terms", "objective")
    declared = {name: _term(f"objective.terms.{name}", term, e, problems) for name, term in named}
    if not declared:
        problems.add("objective.terms", "there is none; a term is {statistic: NAME, target: VALUE}")
    terms = {name: term for name, term in declared.items() if term is not None}
    notes: list[str] = []
    for name, term in terms.items():
        _check_wish(f"objective.terms.{name}", term, e, kind.targets is not None, problems)
    several = _several(kind.several, declared, problems)
    if len(terms) == len(declared):
        _check_weights(terms, several, problems)
    feasible = _feasible(kind.feasible, e, problems)
    if len(problems.found) == before:
        terms, notes = _with_targets(kind.targets, terms, e, problems)
        notes = [*_cautions(terms, e), *notes]
    if len(problems.found) > before:
        return None, notes
    return Cost(kind, terms, several, feasible), notes


def _term(at: str, node: dict[str, Any], e: Experiment, problems: Problems) -> Term | None:
    before = len(problems.found)
    term: Term = read(Term, node, at, problems)
    if len(problems.found) > before:
        return None
    computed = _computed(e)
    populations = [p for p, names in computed.items() if term.statistic in names]
    if term.population is None and len(populations) > 1:
        problems.add(f"{at}.population", f"missing; it is one of {', '.join(populations)}")
    elif term.population is None and not populations:
        known = list(dict.fromkeys(name for names in computed.values() for name in names))
        problems.add(
            f"{at}.statistic", f"no '{term.statistic}' is computed{nearest(term.statistic, known)}"
        )
    elif term.population not in (None, *computed):
        known = nearest(str(term.population), list(computed))
        problems.add(f"{at}.population", f"no statistics of '{term.population}'{known}")
    elif term.population is not None and term.population not in populations:
        known = nearest(term.statistic, computed[term.population])
        problems.add(
            f"{at}.statistic", f"no '{term.statistic}' of {term.population} is computed{known}"
        )
    if len(problems.found) > before:
        return None
    return term.replace(population=term.population or populations[0])


def _computed(e: Experiment) -> dict[str, list[str]]:
    """Return the statistics of each population, and of `all`."""
    found: dict[str, list[str]] = {name: [] for name in e.network.populations}
    for name, statistic in e.statistics.items():
        one = statistic.population
        for population in [one] if one is not None else list(e.network.populations):
            found.setdefault(population, []).append(name)
    return found


def _check_wish(at: str, term: Term, e: Experiment, files: bool, problems: Problems) -> None:
    """A term wants one thing, of a statistic that can have a value."""
    ranged = [key for key in ("low", "high") if getattr(term, key) is not None]
    wishes = [
        *(["target"] if term.target is not None else []),
        *(["/".join(ranged)] if ranged else []),
        *(["minimise"] if term.minimise else []),
    ]
    if len(wishes) > 1:
        problems.add(at, f"wants {' and '.join(wishes)}; give one of target, low/high, minimise")
    if not wishes and not files:
        problems.add(at, "wants nothing; give one of target, low/high, minimise: true")
    if len(ranged) == 2 and term.low > term.high:
        problems.add(f"{at}.high", f"must be at least low ({term.low:g}), not {term.high:g}")
    _check_target(at, term, e.statistics[term.statistic].vector, problems)
    if reason := valueless(term, e, e.duration.ms):
        problems.add(at, f"{'.'.join(term.key)} has no value: {reason}")


def _check_target(at: str, term: Term, vector: bool, problems: Problems) -> None:
    if not isinstance(term.target, list):
        return
    if not vector:
        problems.add(f"{at}.target", f"{term.statistic} is a number, not {shown(term.target)}")
    numbers = [x for x in term.target if isinstance(x, int | float) and abs(x) < float("inf")]
    if not term.target or len(numbers) < len(term.target) or True in map(_is_bool, term.target):
        problems.add(f"{at}.target", f"must hold numbers, not {shown(term.target)}")


def _is_bool(x: Any) -> bool:
    return isinstance(x, bool)


def valueless(term: Term, e: Experiment, ms: float) -> str | None:
    """Return why no network can have a value of a term's statistic in a run, or None."""
    statistic = e.statistics[term.statistic]
    if not isinstance(statistic, CountStatistic):
        return None
    steps = e.steps_in(ms) - e.warmup_steps
    windows = max(0, steps) // max(1, e.steps_in(statistic.window_ms))
    sizes = {name: p.size for name, p in e.network.populations.items()}
    size = sizes.get(term.population, sum(sizes.values()))
    if windows < statistic.min_windows:
        return (
            f"it needs {statistic.min_windows} windows of {statistic.window_ms:g} ms after the"
            f" warm-up, and {ms:g} ms have {windows}"
        )
    if size < (statistic.sample or statistic.min_neurons):
        return f"it needs {statistic.sample or statistic.min_neurons} neurons, not {size}"
    return None


def _cautions(terms: dict[str, Term], e: Experiment) -> Iterator[str]:
    """Yield why the values that terms rest on would mislead, such as of too few windows."""
    for name, term in terms.items():
        statistic = e.statistics[term.statistic]
        if isinstance(statistic, CountStatistic):
            windows = (e.steps - e.warmup_steps) // e.steps_in(statistic.window_ms)
            if caution := statistic.caution(windows):
                yield f"objective.terms.{name} ({'.'.join(term.key)}): {caution}"


def _several(node: Any, terms: dict[str, Any], problems: Problems) -> dict[str, list[str]]:
    """Return the terms of each of several objectives."""
    several: dict[str, list[str]] = {}
    for name, listed in (node or {}).items():
        at = f"objective.several.{name}"
        problems.name(name, at)
        if not isinstance(listed, list) or not listed:
            problems.add(at, f"must be a list of terms, not {shown(listed)}")
            continue
        several[str(name)] = list(dict.fromkeys(map(str, listed)))
        for term in several[str(name)]:
            if term not in terms:
                problems.add(at, f"no term '{term}'{nearest(term, list(terms))}")
    listed_terms = {term for names in several.values() for term in names}
    for name in terms if several else ():
        if name not in listed_terms:
            problems.add("objective.several", f"term '{name}' is in no objective")
    return several


def _check_weights(
    terms: dict[str, Term], several: dict[str, list[str]], problems: Problems
) -> None:
    for objective, names in (several or {"": list(terms)}).items():
        mine = [terms[name] for name in names if name in terms]
        if mine and not any(term.share for term in mine):
            at = f"objective.several.{objective}" if objective else "objective.terms"
            problems.add(at, "all weights are 0")


def _feasible(node: Any, e: Experiment, problems: Problems) -> Feasible | None:
    if not node:
        return None
    before, at = len(problems.found), "objective.feasible"
    wanted: Feasible = read(Feasible, node, at, problems)
    if len(problems.found) > before:
        return None
    sizes = {name: p.size for name, p in e.network.populations.items()}
    sizes["all"] = sum(sizes.values())
    if wanted.population not in sizes:
        known = nearest(wanted.population, list(sizes))
        problems.add(f"{at}.population", f"no population '{wanted.population}'{known}")
    elif wanted.min_neurons > sizes[wanted.population]:
        most = f"{wanted.population} has {sizes[wanted.population]} neurons"
        problems.add(f"{at}.min_neurons", f"{most}, not {wanted.min_neurons}")
    least = e.duration.warmup_ms + WINDOW_MS
    if wanted.ms < least:
        told = f"the warm-up and a window of {WINDOW_MS:g} ms"
        problems.add(f"{at}.ms", f"must be at least {least:g} ms ({told}), not {wanted.ms:g}")
    elif wanted.ms > e.duration.ms:
        longest = f"duration.ms ({e.duration.ms:g})"
        problems.add(f"{at}.ms", f"must be at most {longest}, not {wanted.ms:g}: a short run first")
    low, high = wanted.min_rate, wanted.max_rate
    if low is not None and high is not None and low > high:
        problems.add(f"{at}.max_rate", f"must be at least min_rate ({low:g}), not {high:g}")
    return wanted


def _with_targets(
    node: Any, terms: dict[str, Term], e: Experiment, problems: Problems
) -> tuple[dict[str, Term], list[str]]:
    """Return the terms, those that want nothing with what the files say, and warnings."""
    open_ = {
        name: term
        for name, term in terms.items()
        if term.target is None and term.low is None and term.high is None and not term.minimise
    }
    at = "objective.targets"
    sources = _sources(node, problems) if open_ else None
    if sources is None:
        return terms, []
    keys = list(dict.fromkeys(term.key for term in open_.values()))
    try:
        found, notes = targets(sources, e, keys)
    except ConfigError as error:
        for problem in error.problems:
            problems.add(at, problem)
        return terms, []
    filled = dict(terms)
    for name, term in open_.items():
        target, variance = found[term.key]
        if term.scale is None and variance == 0:
            same = f"{'.'.join(term.key)} is the same in all recordings; give the term a scale"
            problems.add(f"objective.terms.{name}.scale", same)
        scale = variance if term.scale is None else term.scale
        filled[name] = term.replace(target=target, scale=scale)
    return filled, [f"{at}: {note}" for note in notes]


def _sources(node: Any, problems: Problems) -> Sources | None:
    """Return where targets come from: a file, a list of them, or a mapping with `files`."""
    at = "objective.targets"
    before = len(problems.found)
    mapping = node if isinstance(node, dict) else {"files": node}
    sources: Sources = read(Sources, mapping, at, problems)
    if len(problems.found) > before:
        return None
    names = [sources.files] if isinstance(sources.files, str) else sources.files
    if not names or not all(isinstance(name, str) and name for name in names):
        problems.add(at, f"must be a file or a list of files, not {shown(sources.files)}")
        return None
    return sources
