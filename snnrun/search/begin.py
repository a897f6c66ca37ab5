"""A search begins, or goes on: what it asks, its folder, its study."""

import dataclasses
import json
import math
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from snnrun import __version__
from snnrun.batch import cores
from snnrun.config.build import build
from snnrun.config.compose import Composed, compose
from snnrun.config.how import what_of
from snnrun.config.search import problems_of, search_of, told_once
from snnrun.config.values import assignment
from snnrun.errors import ConfigError, FileError
from snnrun.experiment import Experiment
from snnrun.objective._base import Objective
from snnrun.optimizer._about import names_in
from snnrun.optimizer._space import space_of
from snnrun.optimizer._storage import (
    JOURNAL,
    VARIABLE,
    Place,
    absolute,
    open_storage,
    url_found_in,
    url_kept_in,
    without_password,
)
from snnrun.optimizer._study import Study
from snnrun.search.simulate import Source
from snnrun.search.spec import Search
from snnrun.store.disk import cause, path_kept_in, write_atomically
from snnrun.store.folder import refuse_if_taken, unique_name
from snnrun.store.lock import turn

NAME = "search.json"
FORMAT, FORMAT_VERSION = "snnrun search", 1
_DECIDING = ("dt", "duration", "network", "drive", "statistics", "seed", "trials", "search")
LASTING = ("optimizer.candidates=", "optimizer.batch=")  # what can be changed on the way
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
        """All that decides what a candidate costs, as JSON texts."""
        tree = self.composed.tree
        found = {key: json.dumps(tree.get(key), sort_keys=True) for key in _DECIDING}
        cost = self.search.objective
        known = Objective.parameters()  # the nodes that cost has as they were understood
        own = {n: getattr(cost.kind, n) for n in cost.kind.parameters() if n not in known}
        objective = dataclasses.asdict(cost) | {"kind": {"kind": cost.kind.kind, **own}}
        found["objective"] = json.dumps(objective, sort_keys=True, default=str)
        found["constraints"] = json.dumps([c.text for c in self.search.constraints])
        found["strict"] = json.dumps(self.search.strict)
        engine = what_of({"engine": dataclasses.asdict(self.e.engine)})["engine"]
        found |= {f"engine.{key}": json.dumps(value) for key, value in engine.items()}
        return found | {"optimizer.seed": json.dumps(self.seed)}

    def batch(self, processes: int) -> int:
        """Return how many candidates are asked at once, on so many cores."""
        optimizer = self.search.optimizer
        lanes = max(1, _LANE_NEURONS // self.e.network.size)
        few = math.ceil(optimizer.candidates / _BATCHES / processes)
        usual = processes * min(lanes, max(1, few))
        most = optimizer.most_at_once(len(self.search.axes))
        return optimizer.batch or (usual if most is None else min(usual, most))


def planned(source: Source) -> Plan:
    """Return what a config asks to search; ConfigError with all problems."""
    whole = composed(source)
    if named := _targets_named_absolutely(whole.tree):
        source = dataclasses.replace(source, overrides=(*source.overrides, named))
        whole = composed(source)
    try:
        e, warnings = build(whole)
    except ConfigError as error:
        raise ConfigError(*error.problems, *problems_of(whole)) from error
    search = search_of(whole, e)
    if search is None:
        raise ConfigError(
            "there is nothing to search: give search.NAME.path, objective.terms and optimizer, or"
            " an experiment that has them, such as experiment=snops/short_demo"
        )
    search.optimizer.ready(space_of(search.axes), len(search.objective.objectives))
    search = dataclasses.replace(search, strict=source.strict)
    return Plan(source, whole, e, search, told_once([*warnings, *search.warnings]))


def composed(source: Source) -> Composed:
    """Return the complete config of a search."""
    return compose(list(source.overrides), list(source.config_dirs), source.config)


def _targets_named_absolutely(tree: dict[str, Any]) -> str | None:
    """Return an override with the files of targets by their absolute paths; None where they are.

    So a search goes on from any current directory.
    """
    objective, key = tree.get("objective"), "objective.targets"
    files = objective.get("targets") if isinstance(objective, dict) else None
    if isinstance(files, dict):
        files, key = files.get("files"), f"{key}.files"
    names = [files] if isinstance(files, str) else files
    if not isinstance(names, list) or not all(isinstance(n, str) and n for n in names):
        return None  # none, or it is said what is wrong with them
    found = [str(Path(name).expanduser().absolute()) for name in names]
    if found == names:
        return None
    return str(assignment(key, found if isinstance(files, list) else found[0]).input_line)


def study_of(plan: Plan, folder: Path, storage: str | None, name: str) -> Study:
    """Return the study of a search, new or to go on with; FileError if it can't be reached."""
    if storage is None:
        _make(folder)  # otherwise `keep` does, once the storage is reached
    return _study(plan, open_storage(storage, folder), name)


def _study(plan: Plan, place: Place, name: str) -> Study:
    return Study.open(
        place,
        name,
        plan.search.optimizer,
        plan.seed,
        space_of(plan.search.axes),
        tuple(plan.search.objective.objectives),
        plan.about,
    )


def study_in(plan: Plan, folder: Path, storage: str | None, name: str) -> Study:
    """Return the study of a search that was begun; FileError if it is gone."""
    place = open_storage(storage, folder, new=False)
    with place.reached():
        if name not in names_in(place.base):
            raise FileError(f"{place.text}: holds no study '{name}'")
    return _study(plan, place, name)


def folder_of(out: Path | None, name: str) -> Path:
    """Return the folder of a search, new or to go on with; ConfigError if it holds a run."""
    folder = out or Path("outputs") / name / unique_name()
    try:
        refuse_if_taken(folder)
    except ConfigError:
        if not (folder / NAME).exists():  # asked second: another worker may just have begun it
            raise
    return folder


def _make(folder: Path) -> None:
    try:
        (folder / "candidates").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: can't be written: {cause(error)}") from error


def keep(plan: Plan, folder: Path, storage: str | None, name: str) -> None:
    """Write what is needed to go on, and the config that candidates have in common."""
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "snnrun": __version__,
        "overrides": list(plan.source.overrides),
        "config_dirs": [path_kept_in(folder, place) for place in plan.source.config_dirs],
        "config": plan.source.config and path_kept_in(folder, plan.source.config),
        "storage": storage and url_kept_in(folder, storage),
        "study": name,
        "strict": plan.source.strict,
    }
    _make(folder)
    with alone(folder):
        write_atomically(folder / NAME, json.dumps(content, indent=1).encode())
        write_atomically(folder / "config.yaml", plan.composed.open_yaml.encode())


def prolong(folder: Path, given: Sequence[str]) -> None:
    """Keep how many candidates a search is to have now, and how many are asked at once."""
    given = [line for line in given if line.startswith(LASTING)]
    with alone(folder):
        _content(folder)  # it is sound
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
        if not set(given) <= set(content["overrides"]):
            names = {line.partition("=")[0] for line in given}
            before = [one for one in content["overrides"] if one.partition("=")[0] not in names]
            content["overrides"] = [*before, *given]
            write_atomically(folder / NAME, json.dumps(content, indent=1).encode())


def alone(folder: Path) -> AbstractContextManager[None]:
    """Wait until no other worker writes files of a search, but for those of its candidates."""
    return turn(folder / "candidates")


def place_of(
    folder: Path, storage: str | None, study: str | None, name: str
) -> tuple[str | None, str]:
    """Return the storage and the name of a study, as they are given or as is usual.

    ConfigError where the folder holds a search that is elsewhere.
    """
    if not (folder / NAME).exists():
        url = storage or os.environ.get(VARIABLE) or None
        return url and absolute(url), study or name
    _, before, known = _content(folder)
    before = before or absolute(_journal(folder))
    url = storage and absolute(storage)
    for option, given, was in (("--storage", url, before), ("--study", study, known)):
        if given and without_password(given) != was:
            raise ConfigError(
                f"{option}: {folder} holds a search in {was}, not in {without_password(given)};"
                " give another --out"
            )
    return kept(folder, url)[1:]


def kept(
    folder: Path, storage: str | None = None, study: str | None = None
) -> tuple[Source, str, str]:
    """Return what `keep` wrote: source, and storage and name of the study if none are given."""
    source, before, known = _content(folder)
    url = (storage and absolute(storage)) or before or _journal(folder)
    if not storage and "***" in url:
        url = os.environ.get(VARIABLE, "")
        if not url:
            raise ConfigError(
                f"--storage: missing; the password of {before} is not kept in {folder}"
                f" (give it there, or in {VARIABLE})"
            )
    return source, url, study or known


def _journal(folder: Path) -> str:
    return f"journal://{folder / JOURNAL}"


def _content(folder: Path) -> tuple[Source, str | None, str]:
    """Return what is in `search.json`; FileError where that is none."""
    path = folder / NAME
    if not path.is_file():
        raise FileError(f"{folder}: holds no {NAME}, so no search was begun there")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if (content["format"], content["format_version"]) != (FORMAT, FORMAT_VERSION):
            raise FileError(f"{path}: is no search of this version of snnrun")
        dirs = tuple(folder / _text(place) for place in content["config_dirs"])
        config = content["config"] and folder / _text(content["config"])
        overrides = tuple(map(_text, content["overrides"]))
        source = Source(overrides, dirs, config, bool(content.get("strict")))
        storage = content["storage"] and url_found_in(folder, _text(content["storage"]))
        return source, storage, _text(content["study"])
    except OSError as error:
        raise FileError(f"{path}: can't be read: {cause(error)}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(f"{path}: is damaged ({type(error).__name__}: {error})"[:300]) from error


def reopened(folder: Path) -> tuple[Plan, Study]:
    """Return a search and its study, to be looked at."""
    source, storage, name = kept(folder)
    plan = planned(Source((), (), folder / "config.yaml", source.strict))
    return plan, study_in(plan, folder, storage, name)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("something is no text")
    return value


def processes_of(e: Experiment, workers: int) -> int:
    """Return how many processes each of so many workers on this machine gets."""
    return max(1, (e.engine.threads or cores()) // workers)
