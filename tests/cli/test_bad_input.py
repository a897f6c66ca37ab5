"""What users get wrong: an exit code, one short message, and no folder that looks whole."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.program import SMOKE, call, finish, start

pytestmark = pytest.mark.usefixtures("no_figure")

HEAD = "# @package _global_\ndefaults: [balanced_small, _self_]\n"
EXPERIMENT = "# @package _global_\n"
EE = "network.projections.EE"
E = "network.populations.E"


class Bad(NamedTuple):
    """Arguments, the exit code, what stderr must say, and files to be made before."""

    arguments: str | list[str]
    says: str | list[str]
    code: int = 2
    files: dict[str, str | bytes] | None = None


def user(path: str, text: str | bytes) -> dict[str, str | bytes]:
    """Return one file in the user's config folder `my`."""
    return {f"my/{path}": text}


OVERRIDES = {
    # names
    "unknown-key": Bad("sede=3", ["sede: unknown key", "did you mean 'seed'", "'sede=3'"]),
    "unknown-key-deep": Bad(f"{E}.neuron.tau_mm=5", "did you mean 'tau_m'?"),
    "unknown-branch": Bad(f"{E}.nueron.tau_m=5", "did you mean 'neuron'?"),
    "unknown-preset": Bad("neuron=liff", "neuron=liff: no such preset; did you mean 'lif'?"),
    "unknown-network": Bad("network=snops", "did you mean 'snops_sbn'?"),
    "unknown-group": Bad("netwrk=snops_sbn", "did you mean 'network'?"),
    "unknown-duration": Bad("duration=7s", ["duration=7s: no such preset", "smoke"]),
    "unknown-kind": Bad(f"{EE}.connect.kind=pairwise", "did you mean 'pairwise_bernoulli'?"),
    "unknown-synapse": Bad(f"{EE}.synapse=Q", "EE.synapse: no synapse 'Q'; there is E, I, X"),
    "from-nowhere": Bad(f"{EE}.pre=Q", "EE.pre: no population or drive 'Q'; there is E, I, X"),
    "to-nowhere": Bad(f"{EE}.post=Q", "EE.post: no population 'Q'; there is E, I"),
    "to-a-drive": Bad(f"{EE}.post=X", "EE.post: no population 'X'"),
    "unused-drive": Bad("+drive.Y={kind: poisson, size: 10, rate: 5}", "drive.Y: connected to no"),
    "unused-synapse": Bad(
        "+network.synapses.Y={kind: exponential, tau: 5}", "network.synapses.Y: used by no proj"
    ),
    "record-drive-without-spikes": Bad(
        ["network=brunel", "record.spikes=[E,X]"], "drive 'X' (private_poisson) has no spikes"
    ),
    "conductance-negative": Bad(
        ["network=coba", "network.projections.EI.weight=-67"],
        ["network.projections.EI.weight: must not be negative", "e_rev makes it"],
    ),
    "drive-without-contacts": Bad(
        "drive=private_poisson", "set network.projections.EX.connect=null"
    ),
    "delay-power-negative": Bad(
        "network.projections.EE.delay={dist: power, from: -1, to: 3, exponent: 1}",
        "network.projections.EE.delay: must be 0 or at least dt",
    ),
    "stream-of-a-weight": Bad(
        "network.projections.EE.weight={dist: power, from: 1, to: 3, exponent: 1, stream: r}",
        "network.projections.EE.weight.stream: only parameters of a neuron",
    ),
    "power-exponent": Bad(
        "network.projections.EE.weight={dist: power, from: 1, to: 3, exponent: 0}",
        "network.projections.EE.weight.exponent: must be above 0",
    ),
    "izhikevich-coarse": Bad(["network=izhikevich2003", "dt=20"], "steps of at most 1 ms"),
    "adex-substeps": Bad(["network=bg_bench", "network.populations.STN.neuron.substeps=100"], "32"),
    "draws-without-sample": Bad("+statistics.firing_rate.draws=5", "draws: means nothing without"),
    "indegree-above-the-population": Bad(
        "network.projections.EE.connect={kind: fixed_indegree, k: 900, allow_multapses: false}",
        "network.projections.EE.connect: 900 sources for each target",
    ),
    "record-unknown": Bad("record.spikes=[Q]", "record.spikes: no population or drive 'Q'"),
    "record-twice": Bad("record.spikes=[E,E]", "record.spikes"),
    "record-no-list": Bad("record.spikes=5", "record.spikes: must be a list"),
    "record-counts-unknown": Bad("record.counts.populations=[Q]", "no population 'Q'"),
    "record-state-unknown": Bad(
        "record.state.Q={variables: [v], every_ms: 1}", "record.state.Q: no population 'Q'"
    ),
    "record-variable-unknown": Bad(
        "record.state.E={variables: [w], every_ms: 1}",
        ["no 'w'", "there is v, refractory, x_E, i_E"],
    ),
    "record-variable-twice": Bad(
        "record.state.E={variables: [v, v], every_ms: 1}", "record.state.E.variables"
    ),
    "record-neuron-unknown": Bad(
        "record.state.E={variables: [v], every_ms: 1, neurons: [160]}", "must be 0 … 159, not 160"
    ),
    "statistic-unknown-population": Bad(
        "statistics.firing_rate.population=Q", "no population 'Q'; there is E, I, all"
    ),
    "name-leaves-outputs": Bad("name=../evil", "name: "),
    "name-empty": Bad("name=", "name: "),
    # nodes of the wrong type
    "null-for-group": Bad("network=null", "network=null"),
    "number-for-group": Bad("duration=5", ["duration=5", "140s"]),
    "number-for-mapping": Bad("network.populations=5", "network.populations: must be a mapping"),
    "number-for-projections": Bad("network.projections=5", "network.projections: must be a map"),
    "p-and-k": Bad(f"{EE}.connect={{kind: fixed_outdegree, k: 10, p: 0.1}}", "give either p or k"),
    # grammar
    "sweep": Bad("seed=1,2", ["override 'seed=1,2'", "several values need a sweep"]),
    "sweep-of-nothing": Bad("a=1,2", ["override 'a=1,2'", "several values need a sweep"]),
    "sweep-range": Bad("seed=range(0,5)", "several values need a sweep"),
    "open-bracket": Bad("a=[1", ["override 'a=[1'", "not understood"]),
    "no-value": Bad("seed", ["override 'seed'", "not understood"]),
    "delete-nothing": Bad("~network.nothing", "override '~network.nothing'"),
    "swap-nowhere": Bad("neuron@network.populations.Q.neuron=lif", "there is nothing at"),
    "hydra-override": Bad("hydra.run.dir=x", ["'hydra.run.dir=x'", "--out names the folder"]),
    "target-override": Bad("+_target_=os.system", "_target_: unknown key"),
    "target-deep": Bad(f"+{E}.neuron._target_=os.system", "_target_: unknown key"),
    "plasticity": Bad(f"{EE}.plasticity={{kind: stdp}}", "there is no plasticity rule"),
    "no-text": Bad("name=\udcff", ["override 'name=", "not understood"]),
    "two-lines": Bad("seed=1\n2", "override 'seed=1\\n2': not understood"),
    "long-number": Bad(f"seed={'1' * 5000}", "overrides"),
    "deep-path": Bad(f"{'a.' * 3000}a=1", "is nested more than 40 deep"),
    "deep-value": Bad(f"a={'[' * 60}{']' * 60}", "is nested more than 40 deep"),
    "deep-garbage": Bad(f"a={'[' * 3000}", "override 'a=[[["),
    "package-of-a-value": Bad("name@network=x", "override 'name@network=x': no such group"),
    "two-kinds": Bad("neuron=[lif,eif]", "'neuron' needs the name of a preset"),
    # options
    "unknown-option": Bad("--frobnicate", "No such option: --frobnicate"),
    "negative-log-every": Bad("--log-every=-1", "--log-every"),
    "word-for-log-every": Bad("--log-every=x", "--log-every"),
}

# Of the composed tree: checked with a complete config, which is faster than the groups.
VALUES = {
    # types
    "word-for-number": Bad(f"{E}.size=many", "size: must be a whole number: number of neurons"),
    "fraction-for-whole": Bad("trials=1.5", "trials: must be a whole number"),
    "bool-for-number": Bad(f"{E}.neuron.tau_m=yes", "must be a number in ms: membrane time"),
    "true-for-number": Bad("seed=true", "seed: must be a whole number"),
    "number-for-bool": Bad("record.edges=1", "record.edges: must be true or false"),
    "number-for-word": Bad("name=5", "name: must be a word"),
    "list-for-number": Bad("dt=[1]", "dt: must be a number in ms"),
    "null-for-number": Bad("seed=null", "seed: must be a whole number: of all random streams"),
    "nothing-for-number": Bad("duration.ms=", "duration.ms: must be a number in ms"),
    "number-for-part": Bad(f"{EE}.connect=5", "EE.connect: must be a mapping with a 'kind'"),
    "nan": Bad(f"{EE}.weight=nan", "EE.weight: must be a number or {dist: …}, not nan"),
    "inf": Bad(f"{EE}.weight=inf", "EE.weight: must be a number or {dist: …}, not inf"),
    "nan-parameter": Bad(f"{E}.neuron.tau_m=nan", "tau_m: must be a number in ms"),
    "inf-duration": Bad("duration.ms=inf", "duration.ms: must be a number in ms"),
    "unknown-choice": Bad(f"{E}.type=exc", "must be one of excitatory, inhibitory, not 'exc'"),
    "unknown-backend": Bad("engine.backend=fast", "engine.backend: must be one of auto"),
    "unknown-distribution": Bad(f"{EE}.weight={{dist: gamma}}", "no distribution 'gamma'"),
    # ranges
    "negative-size": Bad(f"{E}.size=-5", "size: must be above 0, not -5"),
    "zero-dt": Bad("dt=0", "dt: must be above 0 ms, not 0"),
    "negative-dt": Bad("dt=-0.1", "dt: must be above 0 ms"),
    "coarse-dt": Bad("dt=3", "dt: 3 ms is above network.synapses.E.tau_rise (1 ms)"),
    "short-delay": Bad(f"{EE}.delay=0.01", "must be 0 or at least dt (0.05 ms), not 0.01"),
    "negative-delay": Bad(f"{EE}.delay=-1", "must be 0 or at least dt (0.05 ms), not -1"),
    "short-drawn-delay": Bad(
        f"{EE}.delay={{dist: uniform, low: 0.01, high: 1}}", "must be 0 or at least dt (0.05 ms)"
    ),
    "probability-above-1": Bad(f"{EE}.connect.p=2", "EE.connect.p: must be at most 1, not 2"),
    "negative-seed": Bad("seed=-1", "seed: must be at least 0, not -1"),
    "large-seed": Bad("seed=9223372036854775808", "seed: must be at most"),
    "no-trials": Bad("trials=0", "trials: must be above 0, not 0"),
    "short-run": Bad("duration.ms=0.01", "duration.ms: must be at least dt (0.05 ms)"),
    "negative-warm-up": Bad("duration.warmup_ms=-1", "duration.warmup_ms: must be at least 0 ms"),
    "short-window": Bad(
        "statistics.fano_factor.window_ms=0.01", "window_ms: must be at least dt (0.05 ms)"
    ),
    "short-bin": Bad("record.counts.bin_ms=0.01", "bin_ms: must be at least dt (0.05 ms)"),
    "short-sample": Bad("record.state.E={variables: [v], every_ms: 0.01}", "at least dt (0.05 ms)"),
    "reset-above-peak": Bad(f"{E}.neuron.v_reset=0", "v_reset: must be below v_peak (-10)"),
    "fast-drive": Bad("drive.X.rate=1e9", "at most 1000 / dt = 20000 sp/s"),
    "no-square": Bad(f"{E}.positions=grid", "a square grid needs a square number, not 160"),
    "more-targets-than-there-are": Bad(
        f"{EE}.connect={{kind: fixed_outdegree, k: 161, p: null, allow_autapses: true,"
        " allow_multapses: false}",
        [EE, "161", "160"],
    ),
    "more-sources-than-there-are": Bad(
        f"{EE}.connect={{kind: fixed_indegree, k: 160, p: null, allow_autapses: false,"
        " allow_multapses: false}",
        f"{EE}.connect: 160 sources for each target, but there are only 159",
    ),
    "unequal-one-to-one": Bad(
        "network.projections.EI.connect={kind: one_to_one}",
        "EI.connect: 40 sources and 160 targets; one_to_one needs equal numbers",
    ),
    "p-and-n": Bad(
        f"{EE}.connect={{kind: fixed_total_number, n: 10, p: 0.1, allow_autapses: true}}",
        "EE.connect.p: give either p or n",
    ),
    "scaled-to-nothing": Bad("network.scale=0.0001", "scale = 0.0001 leaves nothing"),
    # too much
    "many-contacts": Bad(
        f"{EE}.connect={{kind: fixed_outdegree, k: 1000000000000, p: null, allow_autapses: true,"
        " allow_multapses: true}",
        [f"{EE}.connect", "contacts; at most"],
    ),
    "many-neurons": Bad(f"{E}.size=1000000000000", [f"{E}", "at most"]),
    "many-neurons-for-contacts": Bad(f"{E}.size=10000000", [f"{EE}.connect", "contacts; at most"]),
    "many-sources": Bad("drive.X.size=1000000000000", ["EX.connect", "contacts; at most"]),
    "many-steps": Bad("duration.ms=1e12", ["duration.ms", "steps; at most"]),
    "many-trials": Bad(["trials=1000000000", "--dry-run"], "trials: must be at most"),
}

FILES = {
    "typo": Bad(
        "-C my network=n",
        [f"{E}.sise: unknown key; did you mean 'size'?", "my/network/n.yaml"],
        files=user("network/n.yaml", HEAD + "network: {populations: {E: {sise: 5}}}"),
    ),
    "bool": Bad(
        "-C my network=n",
        ["dt: must be a number in ms", "my/network/n.yaml"],
        files=user("network/n.yaml", HEAD + "dt: yes"),
    ),
    "syntax": Bad(
        "-C my network=n",
        ["my/network/n.yaml, line 4, column", "YAML"],
        files=user("network/n.yaml", HEAD + "network: {populations: {E: 5\nseed: ]"),
    ),
    "tab": Bad(
        "-C my network=n",
        ["my/network/n.yaml, line 4", "'\\t'"],
        files=user("network/n.yaml", HEAD + "network:\n\tscale: 1"),
    ),
    "key-twice": Bad(
        "-C my network=n",
        ["my/network/n.yaml, line 4", "duplicate key seed"],
        files=user("network/n.yaml", HEAD + "seed: 1\nseed: 2"),
    ),
    "no-mapping": Bad("-C my network=n", "network/n", files=user("network/n.yaml", "- 1\n- 2\n")),
    "no-text": Bad(
        "-C my network=n",
        "my/network/n.yaml, line 2: can't be read: it is no UTF-8 text",
        5,
        user("network/n.yaml", bytes(range(256))),
    ),
    "includes-nothing": Bad(
        "-C my network=n",
        "neuron=liff: no such preset; did you mean 'lif'?",
        files=user("network/n.yaml", HEAD.replace("[", "[/neuron@x: liff, ")),
    ),
    "includes-itself": Bad(
        "-C my network=n",
        "recursion",
        files=user("network/n.yaml", HEAD.replace("balanced_small", "n")),
    ),
    "hydra-in-network": Bad(
        "-C my network=n",
        ["my/network/n.yaml: a 'hydra' node is not allowed"],
        files=user("network/n.yaml", HEAD + "hydra: {run: {dir: elsewhere}}"),
    ),
    "hydra-package": Bad(
        "-C my network=n",
        ["my/network/n.yaml: a 'hydra' node is not allowed"],
        files=user("network/n.yaml", "# @package hydra\nrun: {dir: elsewhere}"),
    ),
    "hydra-in-experiment": Bad(
        "-C my experiment=a/b",
        ["my/experiments/a/b.yaml: a 'hydra' node is not allowed"],
        files=user("experiments/a/b.yaml", EXPERIMENT + "hydra: {verbose: true}"),
    ),
    "target-in-network": Bad(
        "-C my network=n",
        ["my/network/n.yaml: a '_target_' is not allowed"],
        files=user("network/n.yaml", HEAD + "network: {populations: {E: {_target_: os.system}}}"),
    ),
    "target-in-neuron": Bad(
        "-C my neuron=mine",
        ["my/neuron/mine.yaml: a '_target_' is not allowed"],
        files=user("neuron/mine.yaml", "_target_: os.system\nkind: lif"),
    ),
    "target-in-chosen-neuron": Bad(
        f"-C my neuron@{E}.neuron=mine",
        ["my/neuron/mine.yaml: a '_target_' is not allowed"],
        files=user("neuron/mine.yaml", "_target_: os.system\nkind: lif"),
    ),
    "target-in-experiment": Bad(
        "-C my experiment=a/b",
        ["my/experiments/a/b.yaml: a '_target_' is not allowed"],
        files=user("experiments/a/b.yaml", EXPERIMENT + "drive: {X: {_target_: os.system}}"),
    ),
    "override-of-nothing-in-experiment": Bad(
        "-C my experiment=a/b",
        ["experiment/a/b", "duratio"],
        files=user(
            "experiments/a/b.yaml", EXPERIMENT + "defaults: [override /duratio: smoke, _self_]"
        ),
    ),
    "unknown-experiment": Bad(
        "-C my experiment=a/c",
        ["experiment=a/c: no such preset", "b"],
        files=user("experiments/a/b.yaml", EXPERIMENT + "seed: 1"),
    ),
    "no-such-folder": Bad("-C nowhere", "--config-dir nowhere: there is no such folder"),
    "no-folder": Bad("-C my/file", "--config-dir my/file", files=user("file", "x")),
    "no-such-config": Bad("--config nowhere.yaml", "nowhere.yaml: there is no such file"),
    "config-list": Bad(
        "--config c.yaml", "c.yaml: must hold a mapping, not a list", files={"c.yaml": "- 1\n"}
    ),
    "config-garbage": Bad(
        "--config c.yaml",
        "c.yaml, line 1: can't be read",
        code=5,
        files={"c.yaml": bytes(range(128, 256))},
    ),
    "config-zeros": Bad("--config c.yaml", "c.yaml: ", files={"c.yaml": bytes(100)}),
    "config-syntax": Bad(
        "--config c.yaml", ["c.yaml", "line 2"], files={"c.yaml": "seed: [1\ndt: 2\n"}
    ),
    "config-is-folder": Bad("--config my", "--config my: can't be read", 5, user("a", "")),
}

FOLDERS = {
    "out-is-a-file": Bad("--out f", "f: is in the way; give another --out", files={"f": "x"}),
    "out-below-a-file": Bad("--out f/run", "f/run: can't be written", files={"f": "x"}),
    "out-in-proc": Bad("--out /proc/run", "/proc/run: can't be written"),
    "out-in-use": Bad(
        "--out f", ["f: already holds a run (status.json)", "--out"], files={"f/status.json": "{}"}
    ),
    "out-has-results": Bad(
        "--out f", "f: already holds a run (results.h5)", files={"f/results.h5": "x"}
    ),
}


def run_bad(cli, bad: Bad):
    """Write the files, run the command and return the outcome."""
    for name, content in (bad.files or {}).items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    arguments = bad.arguments
    if isinstance(arguments, str):
        option = arguments.startswith("-") or "=" not in arguments
        arguments = arguments.split() if option else [arguments]
    with_config = "--config" in arguments
    return cli("simulate", *([] if with_config else SMOKE), *arguments)


def whole_runs(given: dict[str, str | bytes]) -> list[Path]:
    """Return the folders that look like finished runs."""
    found = [p for p in Path().rglob("results.h5") if str(p) not in given]
    for path in Path().rglob("status.json"):
        if str(path) not in given and json.loads(path.read_text())["state"] == "done":
            found.append(path)
    return found


def check(cli, bad: Bad):
    outcome = run_bad(cli, bad)
    assert outcome.code == bad.code, outcome.err[-2000:]
    for text in [bad.says] if isinstance(bad.says, str) else bad.says:
        assert text in outcome.err, outcome.err
    assert outcome.out == ""
    assert "Traceback" not in outcome.err
    assert len(outcome.err.splitlines()) < 15
    assert "_swapped_" not in outcome.err
    assert whole_runs(bad.files or {}) == []


@pytest.mark.parametrize("bad", OVERRIDES.values(), ids=OVERRIDES.keys())
def test_overrides_and_options(cli, bad):
    check(cli, bad)


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Return a complete config."""
    path = tmp_path_factory.mktemp("complete") / "config.yaml"
    path.write_text(call("simulate", *SMOKE, "--dry-run").out)
    return str(path)


@pytest.mark.parametrize("bad", VALUES.values(), ids=VALUES.keys())
def test_values(cli, complete, bad):
    arguments = bad.arguments if isinstance(bad.arguments, list) else [bad.arguments]
    check(cli, bad._replace(arguments=["--config", complete, *arguments]))


@pytest.mark.parametrize("bad", FILES.values(), ids=FILES.keys())
def test_files(cli, bad):
    check(cli, bad)


@pytest.mark.parametrize("bad", FOLDERS.values(), ids=FOLDERS.keys())
def test_folders(cli, bad):
    check(cli, bad)


def test_a_file_of_another_program_is_told_what_is_missing(cli):
    outcome = run_bad(cli, Bad("--config c.yaml", "", files={"c.yaml": "sede: 1\n"}))
    assert outcome.code == 2
    assert "error: sede: unknown key; did you mean 'seed'? (c.yaml)" in outcome.err.splitlines()
    assert "seed: missing; it is a whole number" in outcome.err
    assert all(line.startswith("error: ") for line in outcome.err.splitlines())


def test_neurons_without_contacts_are_bounded_too(cli):
    network = HEAD.replace("balanced_small, ", "") + (
        "network: {populations: {E: {size: 1000000000000, type: excitatory, neuron: {kind: lif}}}}"
    )
    arguments = ["-C", "my", "network=n", "--dry-run"]
    check(cli, Bad(arguments, "network.populations.E.size", files=user("network/n.yaml", network)))


def test_a_run_is_never_taken_over(cli):
    first = cli("simulate", *SMOKE, "--out", "run", "--quiet")
    assert first.code == 0, first.err
    before = {p: p.read_bytes() for p in Path("run").rglob("*") if p.is_file()}
    second = cli("simulate", *SMOKE, "seed=2", "--out", "run")
    assert second.code == 2
    assert "run: already holds a run" in second.err
    assert "--out" in second.err
    assert {p: p.read_bytes() for p in Path("run").rglob("*") if p.is_file()} == before


def test_a_weight_against_its_populations_type_is_a_warning(cli):
    outcome = cli("simulate", *SMOKE, f"{EE}.weight=-20", "--out", "run")
    assert outcome.code == 0, outcome.err
    line = f"warning: {EE}.weight: -20 contradicts the type of 'E' (excitatory)"
    assert line in outcome.err.splitlines()
    assert line in Path("run/run.log").read_text()


@pytest.mark.parametrize("warmup", [100, 200])
def test_a_warm_up_that_leaves_nothing_is_a_warning(cli, warmup):
    outcome = cli("simulate", *SMOKE, f"duration.warmup_ms={warmup}", "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.err.startswith(f"warning: duration.warmup_ms: {warmup} ms")
    found = outcome.json["statistics"]
    assert all(s["value"] is None for population in found.values() for s in population.values())


def test_a_warning_does_not_disturb_json(cli):
    outcome = cli("simulate", *SMOKE, f"{EE}.weight=-20", "--json")
    assert outcome.json["state"] == "done"
    assert f"warning: {EE}.weight" in outcome.err


def test_several_problems_come_together(cli):
    outcome = cli("simulate", *SMOKE, "seed=-1", f"{E}.sise=3", f"{EE}.delay=-1")
    lines = outcome.err.splitlines()
    assert outcome.code == 2
    assert len(lines) == 3
    assert all(line.startswith("error: ") for line in lines)


def test_json_reports_an_error_as_one_object(cli):
    outcome = cli("simulate", "sede=3", "--json")
    assert outcome.code == 2
    keys = ["command", "state", "exit_code", "out", "statistics", "health", "timings", "error"]
    assert list(outcome.json) == keys
    assert (outcome.json["command"], outcome.json["exit_code"]) == ("simulate", 2)
    assert outcome.json["state"] == "failed"
    assert outcome.err == f"error: {outcome.json['error']}\n"


@pytest.mark.parametrize("option", ["--dry-run", "--quiet"])
def test_options_change_nothing_about_errors(cli, option):
    outcome = cli("simulate", "sede=3", option)
    assert (outcome.code, outcome.out) == (2, "")
    assert "did you mean 'seed'" in outcome.err


def test_show_reports_the_same_errors(cli):
    assert cli("show", "sede=3").err == cli("simulate", "sede=3").err


def test_the_program_itself_exits_with_the_code(tmp_path):
    outcome = finish(start("simulate", "sede=3", "dt=0", cwd=tmp_path))
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.splitlines() == [
        "error: sede: unknown key; did you mean 'seed'? (override 'sede=3')",
        "error: dt: must be above 0 ms, not 0 (override 'dt=0')",
    ]
    assert list(tmp_path.iterdir()) == []


def test_debug_shows_where_an_error_comes_from(tmp_path):
    outcome = finish(start("simulate", "sede=3", "--debug", cwd=tmp_path))
    assert outcome.code == 2
    assert "Traceback" in outcome.err
    assert "did you mean 'seed'" in outcome.err
