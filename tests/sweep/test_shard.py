"""Shards: every point belongs to one, and job arrays number them."""

from pathlib import Path

import pytest

from snnrun.errors import ConfigError
from snnrun.sweep.shard import Shard, has_own_folder


def slurm(i: int, first: int, last: int, step: int, count: int) -> dict[str, str]:
    names = ("ID", "MIN", "MAX", "STEP", "COUNT")
    values = (i, first, last, step, count)
    return {f"SLURM_ARRAY_TASK_{n}": str(v) for n, v in zip(names, values, strict=True)}


def sge(i: object, first: object, last: object, step: object) -> dict[str, str]:
    names = ("ID", "FIRST", "LAST", "STEPSIZE")
    values = (i, first, last, step)
    return {f"SGE_TASK_{n}": str(v) for n, v in zip(names, values, strict=True)}


@pytest.mark.parametrize("of", [1, 2, 3, 7])
def test_every_point_belongs_to_one_shard(of):
    shards = [Shard.parse(f"{i}/{of}") for i in range(of)]
    assert [sum(s.holds(point) for s in shards) for point in range(20)] == [1] * 20
    sizes = [sum(s.holds(point) for point in range(20)) for s in shards]
    assert max(sizes) - min(sizes) <= 1


def test_shards_count_from_zero():
    assert Shard.parse("0/1") == (0, 1)
    assert Shard.parse("3/4") == (3, 4)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("4/4", "the last one is 3/4"),
        ("0/0", "1 or more"),
        *((t, "write i/n") for t in ("", "1", "-1/4", "1/-4", "a/b", "1/2/3", "1 /2", "1.0/2")),
        ("٣/4", "write i/n"),
    ],
)
def test_what_would_be_right_is_said(text, right):
    with pytest.raises(ConfigError, match=right) as raised:
        Shard.parse(text)
    assert str(raised.value).startswith(f"--shard {text}:")


@pytest.mark.parametrize(
    ("environ", "shard"),
    [
        (slurm(0, 0, 3, 1, 4), (0, 4)),
        (slurm(3, 0, 3, 1, 4), (3, 4)),
        (slurm(9, 1, 9, 4, 3), (2, 3)),
        (slurm(5, 5, 5, 1, 1), (0, 1)),
        (slurm(4, 0, 5, 4, 2), (1, 2)),  # --array=0-5:4
        (sge(1, 1, 10, 1), (0, 10)),
        (sge(7, 1, 10, 3), (2, 4)),
        ({"LSB_JOBINDEX": "2", "LSB_JOBINDEX_END": "5"}, (1, 5)),
        ({"LSB_JOBINDEX": "5", "LSB_JOBINDEX_END": "9", "LSB_JOBINDEX_STEP": "2"}, (2, 5)),
    ],
)
def test_a_job_array_numbers_shards(environ, shard):
    assert Shard.from_environment({"HOME": "/", **environ}) == shard


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"SLURM_JOB_ID": "12"},
        sge("undefined", "undefined", "undefined", "undefined"),
        {"LSB_JOBINDEX": "0", "LSB_JOBINDEX_END": "0"},
        {"LSB_JOBINDEX": "2"},
        {"PBS_ARRAY_INDEX": "2"},
        slurm(9, 1, 12, 1, 6),  # --array=1,5,9-12
        {"SLURM_ARRAY_TASK_ID": "1"},
        slurm(4, 0, 3, 1, 4),
        {**slurm(1, 0, 3, 1, 4), "SLURM_ARRAY_TASK_ID": "x"},
    ],
)
def test_what_is_no_evenly_spaced_array_gives_no_shard(environ):
    assert Shard.from_environment(environ) is None


@pytest.mark.parametrize(
    ("folder", "own"),
    [
        (None, True),
        *((folder, True) for folder in ("runs/7", "task_07", "runs/7/sweep", "/2026/a-7")),
        *((folder, False) for folder in ("runs/grid", "runs/17", "7/grid2", "runs/70")),
    ],
)
def test_a_folder_named_after_a_task_is_its_own(folder, own):
    for environ in (slurm(7, 1, 10, 1, 10), sge(7, 1, 10, 1)):
        assert has_own_folder(folder and Path(folder), environ) == own


@pytest.mark.parametrize(
    ("shard", "every"),
    [((6, 10), "10th"), ((1, 2), "2nd"), ((0, 3), "3rd"), ((1, 21), "21st"), ((5, 112), "112th")],
)
def test_what_a_shard_takes_is_said(shard, every):
    words = f"takes every {every} point, from {shard[0]} on; --shard 0/1 takes all"
    assert Shard(*shard).text == f"--shard {shard[0]}/{shard[1]} {words}"


def test_the_tasks_of_an_array_share_all_points():
    shards = [Shard.from_environment(slurm(i, 10, 30, 5, 5)) for i in range(10, 31, 5)]
    assert shards == [Shard(i, 5) for i in range(5)]
