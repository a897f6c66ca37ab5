"""When the state of a run is saved, what is saved of it, and how it is taken up again.

A checkpoint is taken while all groups rest between two chunks, at an even step. It holds the state
of every trial that is not over, what was gathered of every trial, and how far results.h5 was
written.
"""

import dataclasses
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from snnrun import __version__
from snnrun.engine.handover import handed_over, misfits
from snnrun.engine.snapshot import Snapshot
from snnrun.errors import ConfigError, FileError
from snnrun.experiment import Experiment
from snnrun.interruption import Interruption
from snnrun.network import NetworkSpec
from snnrun.store import checkpoint
from snnrun.store.checkpoint import Checkpoint
from snnrun.store.folder import RunFolder
from snnrun.store.written import Written
from snnrun.trial import Trial


class Rests:
    """Says when runs are to rest, so that their state can be saved."""

    def __init__(self, e: Experiment, interruption: Interruption) -> None:
        self._e, self._interruption = e, interruption
        self._marks = {even(e.steps_in(ms)) for ms in e.checkpoint.at_ms or []}
        self._every = max(2, e.steps_in(e.checkpoint.every_ms)) if e.checkpoint.every_ms else 0
        self._saved = time.monotonic()
        self._wanted = False

    def after(self, step: int) -> int:
        """Return the next step at which a checkpoint is due."""
        later = [mark for mark in self._marks if mark > step]
        if self._every:
            later.append(even((step // self._every + 1) * self._every))
        return min(later, default=self._e.steps)

    def due(self, step: int) -> bool:
        """Return whether to rest before step `step`; then all groups soon do."""
        wall = self._e.checkpoint.every_wall_s
        self._wanted |= (
            step in self._marks
            or bool(self._every and step == even(step // self._every * self._every))
            or bool(self._interruption.reason)
            or (wall is not None and time.monotonic() - self._saved > wall)
        )
        return self._wanted

    def marked(self, step: int) -> bool:
        """Return whether what is saved before step `step` is to be kept."""
        return step in self._marks

    def over(self, ahead: bool) -> None:
        """Go on now that all is saved; InterruptedRunError if the runs were asked to end.

        `ahead`: whether anything is left to be simulated.
        """
        self._saved, self._wanted = time.monotonic(), False
        if ahead:
            self._interruption.check()


class Checkpoints:
    """Saves the state of a run."""

    def __init__(self, e: Experiment, config: str, folder: RunFolder, before: "Saved") -> None:
        self._before = before
        self._e, self._config, self._folder = e, config, folder
        self._written = [p for p in reversed(checkpoint.newest(folder.checkpoints)) if not _kept(p)]

    def write(
        self,
        trials: list[Trial],
        states: dict[int, Snapshot],
        written: Written,
        seconds: dict[str, float],
        kept: bool,
    ) -> Path:
        """Write a checkpoint, and delete the oldest of those that need not be kept."""
        known, arrays = self._before.waiting({str(trial.number) for trial in trials})
        for trial in trials:
            arrays |= {f"{trial.number}/gathered/{n}": x for n, x in trial.arrays().items()}
        for number, state in states.items():
            arrays |= {f"{number}/state/{name}": x for name, x in state.items()}
        known |= {str(t.number): t.about() | {"over": t.over(self._e)} for t in trials}
        about = {
            **origin(self._e),
            "kept": kept,
            **written.about(),
            "seconds": seconds,
            "trials": known,
        }
        done = sum(t["end"] for t in known.values()) + self._e.start * (self._e.trials - len(known))
        path = self._folder.checkpoints / checkpoint.name_of(done)
        checkpoint.write(path, Checkpoint(about, arrays, self._config))
        self._written = [p for p in self._written if p != path] + ([] if kept else [path])
        while len(self._written) > self._e.checkpoint.keep:
            self._written.pop(0).unlink(missing_ok=True)
        self._folder.log(f"checkpoint: {path.name}")
        return path


def even(step: int) -> int:
    """Return the next even step, at which a run can be cut."""
    return step + step % 2


def _kept(path: Path) -> bool:
    """Return whether a checkpoint is to stay, which one that can't be read does."""
    try:
        return bool(checkpoint.read(path).about["kept"])
    except FileError:
        return True


def origin(e: Experiment) -> dict[str, Any]:
    """Return what a state depends on besides the config."""
    return {
        "snnrun": __version__,
        "jax": version("jax"),
        "dt": e.dt,
        "start": e.start,
        "network_seed": e.seed if e.network_seed is None else e.network_seed,
    }


class Saved:
    """What a checkpoint says of each trial; nothing, where a run begins at its beginning."""

    def __init__(self, e: Experiment, found: Checkpoint | None = None) -> None:
        self._start, self._found = e.start, found
        self._source = found.source if found else ""
        about = found.about if found else {}
        self._trials: dict[str, Any] = about.get("trials", {})
        self.written = Written.of(about)
        self.seconds: dict[str, float] = about.get("seconds", {})
        for number, trial in self._trials.items():
            known = trial["over"] or self.state(int(number))
            if not (known and e.start <= trial["end"] <= e.steps):
                raise FileError(f"{self._source}: does not say where trial {number} goes on")

    def step(self, trial: int) -> int | None:
        """Return the step a trial goes on from, or None if it is over."""
        found = self._trials.get(str(trial))
        return self._start if found is None else None if found["over"] else int(found["end"])

    def begun(self, trial: int) -> bool:
        """Return whether anything was gathered of a trial."""
        return str(trial) in self._trials

    def waiting(self, begun: set[str]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Return what is known of trials that were not taken up yet, and their arrays."""
        trials = {number: t for number, t in self._trials.items() if number not in begun}
        arrays = self._found.arrays if self._found else {}
        return trials, {n: x for n, x in arrays.items() if n.split("/")[0] not in begun}

    def state(self, trial: int) -> Snapshot | None:
        """Return the state a trial goes on from, None where it starts afresh."""
        return (self._found.part(f"{trial}/state/") or None) if self._found else None

    def load(self, trial: Trial) -> None:
        """Fill in what was gathered of a trial."""
        if self.begun(trial.number) and self._found is not None:
            gathered = self._found.part(f"{trial.number}/gathered/")
            try:
                trial.load(self._trials[str(trial.number)], gathered)
            except ValueError as error:
                raise FileError(f"{self._source}: does not fit the run: {error}") from error


def begin_from(
    e: Experiment, found: Checkpoint, of: NetworkSpec, config: str
) -> tuple[Experiment, Checkpoint]:
    """Return an experiment that begins in a saved state, and that state for its trials.

    Time, connectivity and spikes under way are those of the saved run, whose network is `of`; noise
    and parameters are the new one's. Populations and synapses have the state of those with their
    names. ConfigError where they don't fit.
    """
    about = found.about
    steps = {
        number: t["end"] for number, t in about["trials"].items() if found.part(f"{number}/state/")
    }
    problem = _misfit(e, about, steps, of.per_trial) or "; ".join(misfits(of, e.network))
    if problem:
        raise ConfigError(f"--from-checkpoint {found.source}: {problem}")
    start = next(iter(steps.values()))
    e = dataclasses.replace(e, start=start, network_seed=about["network_seed"])
    arrays = {}
    for trial in range(e.trials):
        state = found.part(f"{trial if str(trial) in steps else next(iter(steps))}/state/")
        try:
            state = handed_over(state, of, e.network)
        except ValueError as error:
            raise FileError(f"{found.source}: can't be used: {error}") from error
        for name, x in state.items():
            fresh = name in ("word", "fingerprint", "total")  # of the spikes of this run
            arrays[f"{trial}/state/{name}"] = np.zeros_like(x) if fresh else x
    more = {"kept": True, "rows": {}, "seconds": {}, "trials": {}}
    return e, Checkpoint({**origin(e), **more}, arrays, config)


def _misfit(
    e: Experiment, about: dict[str, Any], steps: dict[str, int], per_trial: bool
) -> str | None:
    """Return why a run can't begin in a saved state."""
    if about["dt"] != e.dt:
        return f"was saved with dt={about['dt']:g}, this run has dt={e.dt:g}"
    if not steps:
        return "holds no state of a trial (the run was over); take an earlier one"
    lacking = [k for k in range(e.trials) if str(k) not in steps]
    if lacking and (len(about["trials"]) > 1 or e.network.per_trial):
        way_out = f"set trials to at most {lacking[0]}" if lacking[0] else "take another one"
        return f"holds no state of trial {lacking[0]}; {way_out}"
    if e.trials > 1 and len(steps) > 1 and e.network.per_trial != per_trial:
        had = str(per_trial).lower()
        return f"its trials had network.per_trial={had}; they would get other connectivity"
    if len(set(steps.values())) > 1:
        return "its trials are at different times; take the one at the end (checkpoint.final)"
    at = next(iter(steps.values()))
    if at >= e.steps:
        ms = at * e.dt
        return f"is of t = {ms:g} ms; duration.ms ({e.duration.ms:g}) must be longer"
    return None


def latest(
    folder: RunFolder, config: str | None = None, warn: Callable[[str], None] = lambda text: None
) -> Checkpoint | None:
    """Return the last checkpoint of a run that is undamaged; None where there is none.

    `warn` hears of those that are passed over.
    FileError if it is of another config: somebody changed config.yaml.
    """
    for path in checkpoint.newest(folder.checkpoints):
        try:
            found = checkpoint.read(path)
        except FileError as error:
            warn(f"passed over {error}")
            continue
        if config is not None and found.config != config:
            raise FileError(
                f"{path}: belongs to another config than {folder.path}/config.yaml, which was"
                " changed; start a new run, with --from-checkpoint"
            )
        return found
    return None
