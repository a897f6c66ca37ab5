"""A study in a journal that a new process goes on with."""

import json
import subprocess
import sys

from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from snnrun.component import names
from tests import studies
from tests.contracts import preset

QUICK = {
    "tpe": {"startup": 3},
    "cmaes": {"population": 4},
    "nsga2": {"population": 4},
    "gp": {"startup": 3, "samples": 100},
    "snops": {"startup": 3, "samples": 100, "refined": 1},
}
SCRIPT = """
import json, sys
from tests.optimizer.test_resume import candidates, names
print(json.dumps({kind: candidates(kind, sys.argv[1], 12) for kind in names("optimizer")}))
"""


def candidates(kind, folder, count):
    storage = JournalStorage(JournalFileBackend(f"{folder}/{kind}"))
    sampler = preset("optimizer", kind, **QUICK.get(kind, {})).sampler(1, studies.NUMBERS)
    study = studies.study(sampler, storage=storage, name=kind)
    return studies.go_on(study, studies.NUMBERS, studies.bowl, count, batch=3)


def test_a_new_process_goes_on_with_the_same_candidates(tmp_path):
    stopped, whole = tmp_path / "stopped", tmp_path / "whole"
    stopped.mkdir()
    whole.mkdir()
    for kind in names("optimizer"):
        candidates(kind, stopped, 6)
    command = [sys.executable, "-c", SCRIPT, str(stopped)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    resumed = json.loads(done.stdout)
    assert resumed == {kind: candidates(kind, whole, 12) for kind in names("optimizer")}
    assert len(resumed["gp"]) == 12
