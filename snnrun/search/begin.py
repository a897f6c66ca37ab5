"""A search begins, or goes on: what it asks, its folder, its study."""

import dataclasses
import json
import math
from importlib.metadata import version
from pathlib import Path
from typing import Any

from snnrun import __version__
from snnrun.batch import cores
from snnrun.config.build import build
from snnrun.config.compose import Composed, compose
from snnrun.config.search import search_of
from snnrun.errors import ConfigError, FileError
from snnrun.experiment import Experiment
from snnrun.optimizer._space import space_of
from snnrun.optimizer._storage import open_storage
from snnrun.optimizer._study import Study
from snnrun.search.simulate import Source
from snnrun.search.spec import Search
from snnrun.store.disk import cause, write_atomically
from snnrun.store.folder import refuse_if_taken, unique_name

NAME = "search.json"
FORMAT, FORMAT_VERSION = "snnrun search", 1
_DECIDING = ("dt", "duration", "network", "drive", "statistics", "seed", "trials", "search")
_LANE_NEURONS = 16384
_BATCHES = 20  # at least, so that an optimizer learns from some before it asks others


@dataclasses.dataclass(frozen=True)
class Plan:
    """A search that could begin: its config, and what that means."""

    source: Source
    composed: Composed
    e: Experiment
    search: Search
    warnings: list[str]

    @property
    def seed(self) -> int:
        """The seed of candidates and of their networks."""
        own = self.search.optimizer.seed
        return self.e.seed if own is None else own

    @property
    def about(self) -> dict[str, str]:
        """All that decides what a candidate costs, as JSON texts, and versions."""
        tree = self.composed.tree
        found = {key: json.dumps(tree.get(key), sort_keys=True) for key in _DECIDING}
        objective = dataclasses.asdict(self.search.objective)
        found["objective"] = json.dumps(objective, sort_keys=True, default=str)
        found["constraints"] = json.dumps([c.text for c in self.search.constraints])
        found["optimizer.seed"] = json.dumps(self.seed)
        return found | {"snnrun": __version__, "jax": version("jax")}

    def batch(self, processes: int) -> int:
        """Return how many candidates are asked at once, on so many cores."""
        optimizer = self.search.optimizer
        lanes = max(1, _LANE_NEURONS // self.e.network.size)
        few = math.ceil(optimizer.candidates / _BATCHES / processes)
        return optimizer.batch or processes * min(lanes, max(1, few))


def planned(source: Source) -> Plan:
    """Return what a config asks to search; ConfigError with all problems."""
    composed = compose(list(source.overrides), list(source.config_dirs), source.config)
    e, warnings = build(composed)
    search = search_of(composed, e)
    if search is None:
        raise ConfigError(
            "there is nothing to search: give search.NAME.path, objective.terms and optimizer, or"
            " an experiment that has them, such as experiment=snops/short_demo"
        )
    search.optimizer.ready(space_of(search.axes), len(search.objective.objectives))
    return Plan(source, composed, e, search, [*warnings, *search.warnings])


def study_of(plan: Plan, folder: Path, storage: str | None, name: str) -> Study:
    """Return the study of a search, new or to go on with; FileError if it can't be reached."""
    study = Study.open(
        open_storage(storage, folder),
        name,
        plan.search.optimizer,
        plan.seed,
        space_of(plan.search.axes),
        tuple(plan.search.objective.objectives),
        plan.about,
    )
    study.start(plan.search.start_points)
    return study


def folder_of(out: Path | None, name: str) -> Path:
    """Return the folder of a search, made if need be; one that holds another run is refused."""
    folder = out or Path("outputs") / name / unique_name()
    if not (folder / NAME).exists():
        refuse_if_taken(folder)
    try:
        (folder / "candidates").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: can't be written: {cause(error)}") from error
    return folder


def keep(plan: Plan, folder: Path, storage: str | None, name: str) -> None:
    """Write what is needed to go on, and the config that candidates have in common."""
    secret = storage is not None and "@" in storage and ":" in storage.partition("@")[0][12:]
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "snnrun": __version__,
        "overrides": list(plan.source.overrides),
        "config_dirs": [str(place.resolve()) for place in plan.source.config_dirs],
        "config": None if plan.source.config is None else str(plan.source.config.resolve()),
        "storage": None if secret else storage,
        "study": name,
    }
    write_atomically(folder / NAME, json.dumps(content, indent=1).encode())
    write_atomically(folder / "config.yaml", plan.composed.yaml.encode())


def kept(folder: Path) -> tuple[Source, str | None, str]:
    """Return what `keep` wrote: source, storage and name of the study."""
    path = folder / NAME
    if not path.is_file():
        raise FileError(f"{folder}: holds no {NAME}, so no search was begun there")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if (content["format"], content["format_version"]) != (FORMAT, FORMAT_VERSION):
            raise FileError(f"{path}: is no search of this version of snnrun")
        dirs = tuple(Path(_text(place)) for place in content["config_dirs"])
        config = content["config"] and Path(_text(content["config"]))
        source = Source(tuple(map(_text, content["overrides"])), dirs, config)
        return source, content["storage"] and _text(content["storage"]), _text(content["study"])
    except OSError as error:
        raise FileError(f"{path}: can't be read: {cause(error)}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(f"{path}: is damaged ({type(error).__name__}: {error})"[:300]) from error


def reopened(folder: Path, storage: str | None = None) -> tuple[Plan, Study]:
    """Return a search and its study, to be looked at."""
    _, before, name = kept(folder)
    plan = planned(Source((), (), folder / "config.yaml"))
    return plan, study_of(plan, folder, storage or before, name)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("something is no text")
    return value


def processes_of(e: Experiment, workers: int) -> int:
    """Return how many processes each of so many workers on this machine gets."""
    return max(1, (e.engine.threads or cores()) // workers)
