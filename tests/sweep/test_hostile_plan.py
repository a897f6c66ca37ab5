"""Folders of sweeps that nobody has looked at: damaged, foreign and malicious files in them.

Whatever is in plan.json: one short message and the exit code of the contract, or the sweep as it
was planned. A file that looks right but was written by somebody else makes points fail, no more.
"""

import contextlib
import copy
import json
import os
import random
import shutil

import pytest

from snnrun.errors import FileError
from snnrun.sweep import end
from snnrun.sweep.plan import hash_of
from snnrun.sweep.plan_file import read
from tests.cli.program import call

POINTS = ("seed=1,2", "network.projections.EE.weight=1,2", "duration=smoke", "network.scale=0.1")
STRANGE = (
    *(None, True, -1, 10**30, 1.5, float("nan"), "", "x\0y", "${oc.env:HOME}", "../../x"),
    *([], {}, [[]], [None], {"_target_": "os.system"}, [1, "a"], {"a": {"b": []}}),
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a sweep that is over."""
    folder = tmp_path_factory.mktemp("whole") / "sweep"
    outcome = call("sweep", *POINTS, "--out", str(folder), "--quiet")
    assert outcome.code == 0, outcome.err
    return folder


@pytest.fixture
def sweep(whole, tmp_path):
    """Return a copy of it."""
    return shutil.copytree(whole, tmp_path / "sweep")


def places(node, path=()):
    """Yield the path to every value of a tree."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def parent(tree, path):
    for key in path[:-1]:
        tree = tree[key]
    return tree


def values(rng, tree):
    path = rng.choice([*places(tree)])
    parent(tree, path)[path[-1]] = rng.choice(STRANGE)


def planned(rng, tree):
    """Put something strange anywhere but into the configuration, most of which are its values."""
    path = rng.choice([path for path in places(tree) if path[0] != "base"])
    parent(tree, path)[path[-1]] = rng.choice(STRANGE)


def removed(rng, tree):
    path = rng.choice([*places(tree)])
    del parent(tree, path)[path[-1]]


def added(rng, tree):
    node = rng.choice(
        [tree, *tree["points"], *tree["groups"], tree["base"], tree["base"]["engine"]]
    )
    node[rng.choice(["more", "", "__class__", "kind"])] = rng.choice(STRANGE)


def swapped(rng, tree):
    points = tree["points"]
    i, j = rng.sample(range(len(points)), 2)
    points[i], points[j] = points[j], points[i]


def doubled(rng, tree):
    name = rng.choice(["points", "swept"])
    tree[name].append(rng.choice(tree[name]))


def deep(rng, tree):
    node: list = []
    for _ in range(rng.choice([60, 900])):
        node = [node]
    path = rng.choice([path for path in places(tree) if path[0] in ("points", "base", "swept")])
    parent(tree, path)[path[-1]] = node


def huge(rng, tree):
    group = tree["groups"][0]
    name = rng.choice([*group])
    number = rng.choice([2**70, -(2**70), 1e308, 0])
    group[name] = [number] * 3 if name == "least" else number


def groups(rng, tree):
    rng.choice(tree["points"])["group"] = rng.choice([-1, -2, 1, 10**9, "0", 0.0, False])


def invalid(rng, tree):
    for point in tree["points"]:
        point.update(group=-1, error=rng.choice(["wrong", ["wrong"], 3]))


def about(rng, tree):
    name = rng.choice(["config", "config_dirs", "overrides", "swept", "name"])
    tree[name] = rng.choice([["\0"], ["/dev/zero"], "/dev/zero", "/", ["hydra.run.dir=x"], [{}]])


def version(rng, tree):
    name = rng.choice(["format", "format_version"])
    tree[name] = rng.choice([0, 2, "1", None, "snnrun", [1]])


def cut(rng, text):
    return text[: rng.randrange(len(text))]


def flipped(rng, text):
    changed = bytearray(text)
    for _ in range(3):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def foreign(rng, text):
    return rng.choice([b"", b"null", b"[]", b'"x"', b"3", b"\xff\xfe{}", b"\0" * 99, b"[" * 99_999])


def recoded(rng, text):
    return text.decode().encode(rng.choice(["utf-16", "utf-32"]))


OF_TREES = (
    *(values, planned, planned, removed, added, swapped, doubled, deep),
    *(huge, groups, invalid, about, version),
)
OF_BYTES = (cut, flipped, flipped, foreign, recoded)
SEEDS = range(5)


def damaged(damage, seed, content):
    """Return the bytes of a damaged plan."""
    rng = random.Random(f"{damage.__name__} {seed}")
    if damage in OF_BYTES:
        return damage(rng, content)
    tree = json.loads(content)
    damage(rng, tree)
    return json.dumps(tree).encode()


def assert_short(outcome):
    """Assert that an error is said in a few lines."""
    assert "Traceback" not in outcome.err
    assert outcome.err.startswith("error: ")
    assert len(outcome.err) < 2000


class TestDamagedPlans:
    @pytest.mark.parametrize("seed", SEEDS)
    @pytest.mark.parametrize("damage", [*dict.fromkeys(OF_TREES + OF_BYTES)])
    def test_are_refused_or_compute_what_was_planned(self, sweep, whole, damage, seed):
        path = sweep / "plan.json"
        path.write_bytes(damaged(damage, seed, path.read_bytes()))
        outcome = call("sweep", "--resume", str(sweep), "--quiet")
        if outcome.code:
            assert outcome.code in (2, 5), outcome.err
            assert_short(outcome)
            return
        planned = {point.hash for point in read(whole).points}
        for point in read(sweep).points:
            with contextlib.suppress(FileError):  # it says that the point was changed
                assert hash_of(read(sweep).composed(point).tree) in planned

    @pytest.mark.parametrize("kind", ["folder", "fifo", "circle", "zero", "sparse"])
    def test_that_are_no_files(self, sweep, kind):
        path = sweep / "plan.json"
        path.unlink()
        if kind == "folder":
            path.mkdir()
        elif kind == "fifo":
            os.mkfifo(path)
        elif kind == "circle":
            path.symlink_to(path)
        elif kind == "zero":
            path.symlink_to("/dev/zero")
        else:
            with path.open("wb") as file:
                file.truncate(2**40)
        outcome = call("sweep", "--resume", str(sweep))
        assert outcome.code == 5
        assert_short(outcome)


class TestPlansOfOthers:
    """Their hashes fit what they hold."""

    @pytest.mark.parametrize(
        "change",
        [
            {"engine": None},
            {"duration": []},
            {"seed": 10**30},
            {"statistics": {"x": {"kind": "../../os"}}},
            {"drive": {"X": {"kind": "file", "path": "/etc/passwd"}}},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_make_points_fail(self, sweep, change):
        path = sweep / "plan.json"
        content = json.loads(path.read_text())
        content["base"] |= change
        for point in content["points"]:
            tree = copy.deepcopy(content["base"])
            for (*above, last), value in point["changes"]:
                parent(tree, (*above, last))[last] = value
            point["hash"] = hash_of(tree)
        content["config"] = str(sweep / "gone.yaml")  # so that nothing is compared with it
        path.write_text(json.dumps(content))
        shutil.rmtree(sweep / "points")
        outcome = call("sweep", "--resume", str(sweep), "--quiet")
        assert outcome.code in (2, 4, 5), outcome.err
        assert "Traceback" not in outcome.err


class TestDamagedStates:
    @pytest.mark.parametrize(
        "content",
        [
            *(b"", b"[]", b"\xff", b"[" * 99_999, b'{"state": []}', b'{"state": "done"}'),
            b'{"state": "done", "fingerprint": [], "statistics": {"E": {"x": [1%s, 2]}}}'
            % (b"0" * 400),
            b'{"state": "done", "fingerprint": {}, "statistics": {"": {"": [1, 2]}}}',
            b'{"state": "done", "statistics": {".": {"/": 3, "..": []}, "E": {"f": [true, "x"]}}}',
            b'{"state": "done", "statistics": [1], "reason": {"a": 1}, "updated": {}}',
            b'{"state": "running", "host": 3, "pid": -1, "updated": []}',
        ],
        ids=range(11),
    )
    def test_are_no_results_but_in_the_table(self, sweep, content):
        (sweep / "points" / "1" / "status.json").write_bytes(content)
        found = end.concluded(read(sweep), sweep)
        assert [row.index for row in found.table.rows] == [0, 1, 2, 3]

    def test_that_would_never_end(self, sweep):
        path = sweep / "points" / "1" / "status.json"
        path.unlink()
        os.mkfifo(path)
        assert end.outcome(read(sweep), sweep).counts == {"done": 3, "queued": 1}


class TestFoldersOfOthers:
    def test_a_point_elsewhere_is_left_alone(self, sweep, tmp_path):
        elsewhere = tmp_path / "mine"
        elsewhere.mkdir()
        shutil.rmtree(sweep / "points" / "1")
        (sweep / "points" / "1").symlink_to(elsewhere)
        outcome = call("sweep", "--resume", str(sweep), "--quiet")
        assert outcome.code == 5
        assert "points/1: is a link" in outcome.err
        assert not [*elsewhere.iterdir()]

    @pytest.mark.parametrize("place", ["points", "points/1", "points/1/checkpoints"])
    def test_a_file_in_the_way(self, sweep, place):
        shutil.rmtree(sweep / "points" / "1")
        path = sweep / place
        if place == "points":
            shutil.rmtree(path)
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
        outcome = call("sweep", "--resume", str(sweep), "--quiet")
        assert outcome.code == 5
        assert f"{place}: is in the way" in outcome.err
