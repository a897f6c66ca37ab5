"""Damaged configurations: one short message and its exit code, or a config that is valid.

Shipped experiments are damaged in many ways with fixed seeds. What is accepted must be what
the file says: every value of it is found in the experiment that was built.
"""

import faulthandler
import math
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from snnrun.config.build import build
from snnrun.config.compose import Composed, compose
from snnrun.config.references import resolve
from snnrun.errors import ConfigError, FileError
from tests.cli.program import ROOT, finish, start
from tests.config.damage import TEXTS, TREES, damaged, echo, values

EXPERIMENTS = (
    "balanced/small",
    "classics/brunel",
    "classics/coba",
    "classics/izhikevich2003",
    "snops/evaluation",
    "bg/bench",
)
KINDS = [*TREES, *TEXTS]
DEFAULTS = ("config", "record/default", "engine/default")
CASES = 10  # of each kind
HANG_S = 120  # a case takes a fraction of a second


@pytest.fixture(autouse=True)
def no_hang(tmp_path, monkeypatch):
    """End with a traceback if something never ends."""
    monkeypatch.chdir(tmp_path)
    faulthandler.dump_traceback_later(HANG_S * 5, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


@pytest.fixture(scope="module")
def trees():
    """Return the composed trees of shipped experiments."""
    return {name: compose([f"experiment={name}"], []).tree for name in EXPERIMENTS}


def case(trees: dict[str, Any], kind: str, seed: int) -> tuple[str | bytes, Any]:
    """Return the content of a damaged config, and its tree where the tree was damaged."""
    rng = random.Random(f"{kind} {seed}")
    tree = trees[EXPERIMENTS[seed % len(EXPERIMENTS)]]
    if kind in TEXTS:
        return TEXTS[kind](rng, yaml.safe_dump(tree, sort_keys=False)), None
    changed = damaged(rng, tree, kind)
    return yaml.safe_dump(changed, sort_keys=False, allow_unicode=True), changed


def check_message(text: str) -> None:
    """A message is short and says what and where."""
    lines = text.splitlines()
    assert lines
    assert len(lines) <= 60
    for line in lines:
        assert 10 < len(line) < 1000, line
        assert "Traceback" not in line
        assert ": " in line, line
        assert not any(word in line for word in ("NoneType", "object has no", " at 0x")), line


def check_accepted(composed: Composed) -> None:
    """Each value of the tree is in the experiment."""
    experiment, warnings = build(composed)
    found = echo(experiment)
    scale = composed.tree["network"].get("scale") or 1
    for path, value in values(composed.tree).items():
        assert not isinstance(value, float) or math.isfinite(value), path
        if path.startswith(".network.sigma."):
            used = any(value == v for p, v in found.items() if p.endswith(".connect.sigma"))
            assert used or any(w.startswith(path[1:]) for w in warnings), path
        elif path.endswith(".size"):
            assert found[path] == round(value * scale), path
        elif path == ".record.spikes" and isinstance(value, str):
            assert found[path] == (value,)
        elif path != ".network.scale":
            assert found[path] == value, path


def with_defaults(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a tree with the shipped defaults of what older versions did not know."""
    conf = {p: yaml.safe_load((ROOT / f"conf/{p}.yaml").read_text()) for p in DEFAULTS}
    root, record, engine = conf.values()
    shipped = {"record": record, "engine": engine, "checkpoint": root["checkpoint"]}
    found = {**tree, **{k: {**v, **tree.get(k, {})} for k, v in shipped.items()}}
    found["record"]["counts"] = {**record["counts"], **found["record"]["counts"]}
    return found


def outcome(choices: list[str], folders: list[Path], file: Path | None) -> str | Composed:
    """Return the message of a config that is refused, or what is composed."""
    try:
        composed = compose(choices, folders, file)
        build(composed)
    except (ConfigError, FileError) as error:
        return str(error)
    return composed


def run_cases(trees: dict[str, Any], kind: str, seeds: range) -> Counter[str]:
    """Check the cases of one kind; count those that are refused, and all."""
    ends: Counter[str] = Counter()
    for seed in seeds:
        ends["all"] += 1
        content, given = case(trees, kind, seed)
        file = Path(f"{kind}-{seed}.yaml")
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = outcome([], [], file)
        if isinstance(found, str):
            check_message(found)
            ends["refused"] += 1
        else:
            said = yaml.safe_load(content) if given is None else given
            assert found.tree == resolve(with_defaults(said))
            check_accepted(found)
    return ends


def test_there_are_enough():
    assert len(KINDS) >= 12
    assert len(KINDS) * CASES >= 200
    assert len(TREES) + len(TEXTS) == len(set(KINDS)) == 22


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_config_ends_in_a_message_or_is_valid(trees, kind):
    ends = run_cases(trees, kind, range(CASES))
    assert ends["all"] == CASES
    assert ends["refused"] >= 1  # else it is no damage


def test_no_damage_is_accepted(trees):
    for name, tree in trees.items():
        file = Path(f"{name.replace('/', '_')}.yaml")
        file.write_text(yaml.safe_dump(tree))
        found = outcome([], [], file)
        assert isinstance(found, Composed)
        assert found.tree == tree
        check_accepted(found)


SHIPPED = (
    ("experiments/huang/spatial", "experiment=huang/spatial"),
    ("experiments/balanced/no_inhibition", "experiment=balanced/no_inhibition"),
    ("network/snops_sbn", "network=snops_sbn"),
    ("network/bg_bench", "network=bg_bench"),
    ("neuron/lif", "neuron=lif"),
    ("statistics/snops", "statistics=snops"),
    ("record/default", "record=default"),
    ("config", "seed=1"),
)


def run_shipped(kind: str, seeds: range) -> int:
    """Damage shipped files as they are, in a user's folder; return how many are refused."""
    refused = 0
    for seed in seeds:
        name, choice = SHIPPED[seed % len(SHIPPED)]
        place = ROOT / (name if name.startswith("experiments") else f"conf/{name}")
        content = TEXTS[kind](random.Random(seed), place.with_suffix(".yaml").read_text())
        file = Path(f"my-{seed}/{name}.yaml")
        file.parent.mkdir(parents=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        found = outcome([choice], [Path(f"my-{seed}")], None)
        if isinstance(found, str):
            check_message(found)
            refused += 1
        else:
            check_accepted(found)
    return refused


def test_damaged_shipped_files_end_in_a_message_or_are_valid(tmp_path, monkeypatch):
    for i, kind in enumerate(TEXTS):
        (tmp_path / kind).mkdir()
        monkeypatch.chdir(tmp_path / kind)
        run_shipped(kind, range(2 * i, 2 * i + 2))


def run_program(trees: dict[str, Any], kind: str, seed: int) -> int:
    """Give a damaged config to the program itself; return its exit code."""
    content, _ = case(trees, kind, seed)
    Path("c.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    arguments = ("simulate", "--config", "c.yaml", "--dry-run")
    ended = finish(start(*arguments, cwd=Path.cwd()), timeout=HANG_S)
    assert ended.code in (0, 2, 5), ended.err
    assert bool(ended.out) == (ended.code == 0)
    assert all(line.startswith(("error: ", "warning: ")) for line in ended.err.splitlines())
    assert [p.name for p in Path().iterdir()] == ["c.yaml"]
    return ended.code


@pytest.mark.parametrize(
    ("kind", "seed", "code"), [("out_of_range", 1, 2), ("foreign", 1, 5), ("wrong_type", 0, 2)]
)
def test_the_program_itself(trees, kind, seed, code):
    assert run_program(trees, kind, seed) == code


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_many_more(trees, kind):
    assert run_cases(trees, kind, range(CASES, 300))["all"] == 300 - CASES


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
def test_many_more_shipped_files(kind):
    assert run_shipped(kind, range(100, 200)) > 20


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_program_itself_with_all_kinds(trees, kind):
    assert {run_program(trees, kind, seed) for seed in range(3)} & {2, 5}
