"""`snnrun precompile`: the next run finds its program in the cache."""

import pytest

from tests.cli.program import ROOT, SMOKE, call, finish, start


def program(folder, *words):
    """Run the program in a process of its own, with a cache of its own; return its JSON."""
    done = finish(start(*words, "--json", cwd=folder.parent, compiled=folder))
    assert done.code == 0, done.err
    return done.json


def test_a_run_finds_what_was_precompiled(tmp_path):
    cache, out = tmp_path / "cache", tmp_path / "run"
    found = program(cache, "precompile", "2s", "5s", "network.scale=0.2")
    # one program for all durations: compiled once, known the second time
    assert [one["cache"] for one in found["compiled"].values()] == ["miss", "hit"]
    assert found["folder"] == str(cache)
    run = program(cache, "simulate", *SMOKE, "seed=7", "--out", str(out))
    assert run["timings"]["cache"] == "hit"
    assert program(cache, "precompile", "--clear")["cleared"] == 1
    assert program(cache, "precompile", "--clear")["cleared"] == 0
    again = program(cache, "precompile", "2s", "network.scale=0.2")
    assert again["compiled"]["2s"]["cache"] == "miss"


def test_the_page(cli):
    outcome = cli("precompile", "2s", "network.scale=0.2")
    assert outcome.code == 0, outcome.err
    first, last = outcome.out.splitlines()
    assert first.split()[0] == "2s"
    assert "(cache " in first
    assert last.startswith("cache: ")


def test_any_duration(cli):
    words = ("7s", "500ms", "140.5s", "smoke", "2s")
    outcome = cli("precompile", *words, "network.scale=0.2", "~statistics.fano_factor", "--json")
    assert outcome.code == 0, outcome.err
    assert [*outcome.json["compiled"]] == [*words]
    assert [one["cache"] for one in outcome.json["compiled"].values()][1:] == ["hit"] * 4


def test_a_warning_comes_once(cli):
    outcome = cli("precompile", "2s", "5s", "network.scale=0.2", "duration.ms=100")
    assert outcome.err.count("warning: duration.warmup_ms:") == 1


def test_a_preset_of_one_s_own(tmp_path, cli):
    (tmp_path / "mine" / "duration").mkdir(parents=True)
    (tmp_path / "mine" / "duration" / "long.yaml").write_text("ms: 100.0\nwarmup_ms: 0.0\n")
    assert cli("precompile", "long", "-C", "mine", "network.scale=0.2").code == 0


def test_a_complete_config_can_be_precompiled(tmp_path, cli):
    path = tmp_path / "config.yaml"
    path.write_text(call("simulate", *SMOKE, "--dry-run").out)
    assert cli("precompile", "7.5s", "300ms", "--config", str(path)).code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["7"], "'7' is no duration; write for example 7s or 500ms"),
        (["smok"], "'smok' is no duration; write for example 7s or 500ms; did you mean 'smoke'?"),
        (["0s"], "duration.ms: must be above 0 ms"),
        (["2s", "sede=3"], "sede: unknown key"),
        (["2s", "seed=1,2"], "several values need a sweep"),
    ],
)
def test_bad_input(cli, words, says):
    outcome = cli("precompile", *words)
    assert outcome.code == 2
    assert says in outcome.err


def test_readme_knows_it():
    assert "snnrun precompile" in (ROOT / "README.md").read_text()
