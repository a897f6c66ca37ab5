"""A search on a real Slurm: the tasks of an array are workers of one study."""

import csv
import time

import pytest

from tests.slurm.cluster import ROOT, until

SCRIPT = ROOT / "experiments" / "cluster" / "search_array.sbatch"
SMALL = ("experiment=bg/fit", "optimizer.candidates=24", "optimizer.batch=3")


def states(folder):
    with (folder / "table.csv").open(newline="") as file:
        return [row["state"] for row in csv.DictReader(file)]


@pytest.mark.slow
def test_tasks_share_a_search_and_one_that_is_signalled_goes_on(two_nodes, tmp_path):
    folder, arguments = tmp_path / "fit", (*SMALL, "duration.ms=20000")
    array = two_nodes.submit(SCRIPT, folder, *arguments, options=("--array=0-1",), cwd=tmp_path)
    first = f"{array}_0"
    until((folder / "search.json").exists, lambda: two_nodes.story(first))
    until(lambda: any((folder / "candidates").glob("*.json")), lambda: two_nodes.story(first))
    time.sleep(1)  # into the next batch
    two_nodes.run("scancel", "--signal=USR1", first)
    two_nodes.wait(first, "PENDING")
    two_nodes.start_soon(first)
    for task in (first, f"{array}_1"):
        two_nodes.wait(task, "COMPLETED")
    assert two_nodes.job(first)["Restarts"] == "1"
    assert states(folder) == ["done"] * 24
