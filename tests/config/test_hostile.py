"""Configurations by people who mean harm: nothing runs, nothing is read, nothing grows.

What a configuration could try at worst: run code, read files or the environment, change Hydra,
leave its folder, fill the memory or never end.
"""

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from snnrun.config.build import build
from snnrun.config.compose import Composed, compose
from snnrun.config.reader import DEEPEST, MOST_BYTES, MOST_VALUES, read
from snnrun.config.references import resolve
from snnrun.errors import ConfigError, FileError, SnnrunError
from tests.cli.program import ROOT, call

HEAD = "# @package _global_\ndefaults: [balanced_small, _self_]\n"
SECRET = "9be1c7"


@pytest.fixture(autouse=True)
def secret(tmp_path, monkeypatch):
    """Work in a folder beside a secret, with another one in the environment."""
    monkeypatch.setenv("SNNRUN_SECRET", SECRET)
    (tmp_path / "secret.yaml").write_text(f"name: {SECRET}\n")
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def write(name: str, content: str | bytes) -> Path:
    """Write a file below the working folder."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(*overrides: str, config: str | bytes | None = None, **files: str | bytes) -> str:
    """Return the message that some overrides, a complete config or a user's files end in."""
    for name, content in files.items():
        write(f"my/{name.replace('__', '/')}.yaml", content)
    path = None if config is None else write("c.yaml", config)
    with pytest.raises(SnnrunError) as caught:
        build(compose(list(overrides), [Path("my")] if files else [], path))
    message = str(caught.value)
    assert SECRET not in message
    assert len(message) < 2000
    return message


REFERENCES = [
    "${oc.env:SNNRUN_SECRET}",
    "${oc.env:NOTHING,${oc.env:SNNRUN_SECRET}}",
    "${oc.decode:'${oc.env:SNNRUN_SECRET}'}",
    "${oc.create:{a: 1}}",
    "${oc.select:seed}",
    "${oc.dict.keys:network}",
    "${hydra:runtime.cwd}",
    "${now:%Y}",
    "${python_version:micro}",
    "${ oc.env : SNNRUN_SECRET }",
    "${${name}:SNNRUN_SECRET}",
    "\\\\${oc.env:SNNRUN_SECRET}",
    "\\${oc.env:SNNRUN_SECRET}",
    "a ${seed} ${oc.env:SNNRUN_SECRET} b",
    "${",
    "${}",
    "${seed",
]


class TestReferences:
    @pytest.mark.parametrize("text", REFERENCES)
    def test_resolvers_are_refused_in_a_file(self, text):
        quoted = text.replace("'", "''")
        message = refusal(config=f"seed: 1\nname: '{quoted}'\n")
        assert message.startswith("--config c.yaml: name: only references such as")

    @pytest.mark.parametrize("place", ["name", "network.populations.E.type"])
    def test_resolvers_are_refused_in_an_override(self, place):
        message = refusal(f"{place}='${{oc.env:SNNRUN_SECRET}}'")
        assert message.startswith(f"{place}: only references such as")
        assert "override" in message

    def test_resolvers_are_refused_in_a_users_file(self):
        text = HEAD + "name: ${oc.env:SNNRUN_SECRET}"
        assert "my/network/n.yaml: name: only" in refusal("network=n", network__n=text)

    def test_resolvers_are_refused_in_the_list_of_defaults(self):
        text = "# @package _global_\ndefaults: ['${oc.env:SNNRUN_SECRET}', _self_]\n"
        assert "my/network/n.yaml: defaults.0: only" in refusal("network=n", network__n=text)

    def test_a_reference_is_not_made_from_parts(self):
        tree = {"a": "$", "b": "${a}{oc.env:SNNRUN_SECRET}"}
        with pytest.raises(ConfigError, match="b: only references"):
            resolve(tree)

    def test_nodes_refer_to_each_other(self):
        tree = {
            "a": {"x": 1.5, "y": "${.x}", "z": "${..b.0}", "w": "${a[x]}"},
            "b": [7, "${b.0}"],
            "c": "${a}",
            "d": "run_${b.1}_${a.x}",
            "e": "${c.y}",
        }
        a = {"x": 1.5, "y": 1.5, "z": 7, "w": 1.5}
        assert resolve(tree) == {"a": a, "b": [7, 7], "c": a, "d": "run_7_1.5", "e": 1.5}

    def test_a_reference_to_nothing_names_the_nearest(self):
        text = "network: {sigma: {E: 1}}\nseed: ${network.sigm.E}"
        expected = "seed: ${network.sigm.E}: there is no network.sigm; did you mean 'sigma'?"
        assert refusal(config=text) == expected

    @pytest.mark.parametrize("tree", [{"a": "${a}"}, {"a": "${b}", "b": "${a}"}])
    def test_circles(self, tree):
        with pytest.raises(ConfigError, match="circle"):
            resolve(tree)

    def test_a_node_inside_itself(self):
        with pytest.raises(ConfigError, match="circle"):
            resolve({"a": {"b": "${a}"}})

    def test_values_that_multiply(self):
        tree = {"a0": ["x"] * 9} | {f"a{i}": [f"${{a{i - 1}}}"] * 9 for i in range(1, 19)}
        with pytest.raises(ConfigError, match="repeat more than"):
            resolve(tree)

    def test_words_that_double(self):
        tree = {"a0": "x" * 9} | {f"a{i}": f"${{a{i - 1}}}" * 9 for i in range(1, 19)}
        with pytest.raises(ConfigError, match="too long"):
            resolve(tree)


def bomb(line: str, first: str) -> str:
    """Return the billion laughs in YAML."""
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{i}: &a{i} {line.format(*[f'*a{i - 1}'] * 9)}" for i in range(1, 30)]
    return "\n".join(lines)


NINE = ", ".join(["{}"] * 9)
YAML = {
    "python": ("name: !!python/object/apply:os.system ['touch pwned']", "!!python/object/apply"),
    "python-name": ("name: !!python/name:os.system", "the tag !!python/name:os.system is not all"),
    "python-path": ("name: !!python/object/apply:pathlib.Path [a]", "pathlib.Path is not allowed"),
    "python-new": ("a: !!python/object/new:os.system [x]", "is not allowed"),
    "own-tag": ("name: !mine 5", "the tag !mine is not allowed"),
    "binary": ("name: !!binary aGk=", "the tag !!binary is not allowed"),
    "set": ("name: !!set {a, b}", "the tag !!set is not allowed"),
    "pairs": ("name: !!pairs [a: 1, a: 2]", "the tag !!pairs is not allowed"),
    "wrong-tag": ("seed: !!int five", "c.yaml: YAML: "),
    "wrong-bool": ("seed: !!bool five", "c.yaml: YAML: "),
    "laughs-in-lists": (bomb(f"[{NINE}]", "[x]"), f"more than {MOST_VALUES} values"),
    "laughs-in-maps": (
        bomb("{{a: {}, b: {}, c: {}, d: {}}}", "{x: 1}"),
        f"more than {MOST_VALUES} values",
    ),
    "laughs-in-merges": (bomb(f"{{{{<<: [{NINE}]}}}}", "{x: 1}"), f"more than {MOST_VALUES}"),
    "circle": ("a: &a [*a]", "line 1, column 4: YAML: an alias leads in a circle"),
    "circle-of-maps": ("a: &a {b: *a}", "an alias leads in a circle"),
    "deep-lists": ("a: " + "[" * 1500, "nested too deeply"),
    "deep-maps": ("{a: " * 1500, "nested too deeply"),
    "rather-deep": ("a: " + "[" * 50 + "]" * 50, f"nested more than {DEEPEST} deep"),
    "deep-blocks": (
        "\n".join(f"{' ' * i}a:" for i in range(200)) + " 1",
        f"nested more than {DEEPEST} deep",
    ),
    "long-number": ("seed: " + "1" * 5000, "c.yaml: YAML: Exceeds the limit"),
    "large-number": ("seed: 1" + "0" * 400, "seed: must be a whole number"),
    "large-real": ("dt: 1" + "0" * 400, "dt: must be a number in ms"),
    "infinite-real": ("dt: 1e400", "dt: must be a number in ms"),
    "hexadecimal": ("seed: 0x" + "f" * 5000, "seed: must be a whole number"),
    "octal": (
        "seed: 1\ntrials: 010",
        "line 2, column 9: YAML: 010 can be taken for another number",
    ),
    "octal-after-a-sign": ("seed: -007", "line 1, column 7: YAML: -007 can be taken for another"),
    "octal-with-a-tag": ('seed: !!int "010"', "line 1, column 7: YAML: 010 can be taken for"),
    "octal-in-a-list": ("record: {spikes: [010]}", "line 1, column 19: YAML: 010 can be taken for"),
    "real-after-a-zero": ("dt: 00.5", "line 1, column 5: YAML: 00.5 can be taken for another"),
    "base-2": ("seed: 0b101", "line 1, column 7: YAML: 0b101 can be taken for another number"),
    "base-60": ("seed: 1:40", "line 1, column 7: YAML: 1:40 can be taken for another number"),
    "real-in-base-60": (
        "dt: 190:20:30.15",
        "column 5: YAML: 190:20:30.15 can be taken for another",
    ),
    "key-twice": ("seed: 1\nseed: 2", "line 2, column 1: YAML: duplicate key seed"),
    "number-twice": ("drive: {1: {}, 1: {}}", "duplicate key 1"),
    "number-and-word-twice": ("drive: {1: {}, '1': {}}", "duplicate key 1"),
    "octal-key": ("drive: {01: {}}", "a key must be a word; quote it"),
    "yes-for-a-key": ("drive: {yes: {}}", "a key must be a word; quote it"),
    "null-for-a-key": ("drive: {~: {}}", "a key must be a word; quote it"),
    "list-for-a-key": ("? [a]\n: 1", "a key must be a word; quote it"),
    "two-documents": ("seed: 1\n---\nseed: 2", "expected a single document"),
    "a-word": ("hello", "must hold a mapping, not a single value"),
    "a-quoted-mapping": ("'seed: 1'", "must hold a mapping, not a single value"),
    "nul": (b"seed: 1\0", "special characters are not allowed"),
    "written-nul": ('name: "a\\0b"', "name: must be up to 100 letters"),
    "surrogate": ('name: "\\ud800"', "name: is no UTF-8 text"),
    "no-such-alias": ("seed: *x", "found undefined alias"),
    "tab": ("network:\n\tscale: 1", "line 2, column 1: YAML: found character '\\t'"),
    "target": ("drive: {X: {_target_: os.system}}", "'_target_' is not allowed; use 'kind' (in dr"),
    "hydra": ("hydra: {run: {dir: x}}", "a 'hydra' node is not allowed"),
    "defaults": ("defaults: [x]", "defaults: unknown key"),
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML.keys())
def test_yaml(text):
    content, says = text
    assert says in refusal(config=content)
    assert sorted(os.listdir()) == ["c.yaml"]


def test_numbers_that_mean_one_thing_are_read():
    text = "[0, -0, 10, 0x10, 1_000, 0.5, -0.5e3, 1e3, 0e3, '010', '1:40', 0o7, 090]"
    numbers = [0, 0, 10, 16, 1000, 0.5, -500.0, 1000.0, 0.0, "010", "1:40", "0o7", "090"]
    assert read(write("c.yaml", f"a: {text}"))[1] == {"a": numbers}


@pytest.mark.parametrize(
    "text",
    [
        YAML[name]
        for name in ("python", "laughs-in-maps", "key-twice", "octal-in-a-list", "base-60")
    ],
)
def test_yaml_of_a_users_folder(text):
    content, says = text
    message = refusal("network=n", network__n=HEAD + content)
    assert "my/network/n.yaml" in message
    assert says.partition(",")[0] in message or says.rpartition(": ")[2] in message


class TestFiles:
    def test_too_large(self):
        with pytest.raises(FileError, match="it is above 1 MiB"):
            read(write("c.yaml", "#" * (MOST_BYTES + 1)))

    @pytest.mark.parametrize("unit", ["- 1\n", "a", "{a: ", "&a ", "'", "? ", "- ", "!!str "])
    def test_as_large_as_possible_ends(self, unit):
        text = "a: " + unit * (MOST_BYTES // 8 // len(unit))
        with pytest.raises(ConfigError):
            build(compose([], [], write("c.yaml", text)))

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices here")
    def test_what_never_ends(self):
        with pytest.raises(FileError, match="/dev/zero: can't be read: it is no regular file"):
            read(Path("/dev/zero"))

    def test_a_pipe_nobody_writes_to(self):
        os.mkfifo("c.yaml")
        with pytest.raises(FileError, match="no regular file"):
            read(Path("c.yaml"))

    def test_a_link_to_itself(self):
        os.symlink("c.yaml", "c.yaml")
        with pytest.raises(FileError, match=r"c.yaml: can't be read: .*symbolic links"):
            read(Path("c.yaml"))

    def test_a_folder_that_links_to_itself(self):
        os.symlink("my", "my")
        with pytest.raises(ConfigError, match="--config-dir my: there is no such folder"):
            compose([], [Path("my")])

    def test_a_name_that_no_file_can_have(self):
        with pytest.raises(FileError, match="can't be read"):
            read(Path("a\0b"))
        with pytest.raises(FileError, match="can't be read"):
            read(Path("a" * 5000))

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
    def test_another_encoding(self, encoding):
        with pytest.raises((FileError, ConfigError), match=r"c\.yaml.*(UTF-8|special)"):
            read(write("c.yaml", "name: é\n".encode(encoding)))

    def test_marks_and_ends_of_lines_of_other_systems(self):
        text = "\ufeff" + HEAD + "seed: 7\n"
        for ending in ("\n", "\r\n", "\r"):
            write("my/network/n.yaml", text.replace("\n", ending))
            assert compose(["network=n"], [Path("my")]).tree["seed"] == 7

    def test_a_package_that_would_be_overlooked(self):
        message = refusal("network=n", network__n=f"# My network\n{HEAD}seed: 7\n")
        assert "my/network/n.yaml: '# @package' only counts in the first line" in message


class TestHydra:
    OVERRIDES = (
        "hydra.run.dir=x",
        "+hydra.searchpath=[.]",
        "hydra.searchpath=[pkg://os]",
        "hydra.job.chdir=true",
        "+hydra.job.env_set.A=1",
        "hydra.job.env_copy=[SNNRUN_SECRET]",
        "+hydra.callbacks.x._target_=os.system",
        "hydra/job_logging=none",
        "hydra/launcher=basic",
        "~hydra/output",
        "~hydra",
        "hydra={}",
        "+neuron@hydra.launcher=lif",
        "+neuron@_global_.hydra=lif",
        "+hydra/launcher@drive=basic",
    )

    @pytest.mark.parametrize("override", OVERRIDES)
    def test_overrides(self, override):
        message = refusal(override)
        assert message.startswith(f"override '{override}': Hydra's own settings can't be changed")

    @pytest.mark.parametrize(
        "entry",
        [
            "override /hydra/launcher: basic",
            "override hydra/job_logging: none",
            "/hydra/launcher@drive: basic",
            "optional /hydra/launcher: basic",
            "/neuron@hydra.launcher: lif",
            "/neuron@_global_.hydra: lif",
            "/hydra/launcher/basic",
            "/hydra.launcher/basic@x",
        ],
    )
    def test_defaults(self, entry):
        text = f"# @package _global_\ndefaults: [balanced_small, {entry}, _self_]\n"
        assert "would change Hydra itself; remove it" in refusal("network=n", network__n=text)
        write("my/experiments/a/b.yaml", text.replace("balanced_small, ", ""))
        assert "would change Hydra itself; remove it" in refusal("experiment=a/b", x="")

    @pytest.mark.parametrize("package", ["hydra", "hydra.job", "_global_.hydra"])
    def test_packages(self, package):
        text = f"# @package {package}\nchdir: true\n"
        assert "a 'hydra' node is not allowed" in refusal("network=n", network__n=text)

    def test_files_in_the_place_of_hydras(self):
        for name in ("hydra__config", "hydra__launcher__basic"):
            message = refusal(**{name: "_target_: os.system\n"})
            assert "not allowed" in message
            os.remove(f"my/{name.replace('__', '/')}.yaml")

    def test_a_root_with_a_search_path(self):
        shipped = (ROOT / "conf" / "config.yaml").read_text()
        text = f"{shipped}\nhydra: {{searchpath: ['file://{Path('..').resolve()}']}}\n"
        write("my/config.yaml", text)
        assert "my/config.yaml: a 'hydra' node is not allowed" in refusal("seed=1", x="")


def test_defaults_that_multiply():
    for i in range(30):
        two = f"[/network/n{i + 1}@a, /network/n{i + 1}@b]"
        write(f"my/network/n{i}.yaml", f"defaults: {two}\n")
    write("my/network/n30.yaml", "x: 1\n")
    with pytest.raises(ConfigError, match="the defaults include more than"):
        compose(["network=n0"], [Path("my")])


class TestPlaces:
    @pytest.mark.parametrize(
        "override",
        [
            "network=../../../secret",
            "network=../../secret",
            "+drive@x=../../secret",
            "experiment=../../secret",
            "experiment=a/../../../secret",
        ],
    )
    def test_a_choice_does_not_leave_its_folder(self, override):
        write("my/network/n.yaml", HEAD)
        assert "no such preset" in refusal(override, x="")

    def test_an_absolute_choice(self):
        place = Path("../secret").resolve()
        assert "no such preset" in refusal(f"network={place}")
        assert "no such preset" in refusal(f"network={'../' * 30}{place}".replace("//", "/"))

    @pytest.mark.parametrize("entry", ["/../../secret@_here_", "../../secret", "{root}/secret"])
    def test_defaults_do_not_leave_their_folder(self, entry):
        entry = entry.format(root=Path("..").resolve())
        text = f"# @package _global_\ndefaults: [balanced_small, {entry}, _self_]\n"
        assert "secret" in refusal("network=n", network__n=text)

    def test_a_link_does_not_leave_its_folder(self):
        write("my/network/n.yaml", HEAD)
        os.symlink(Path("../secret.yaml").resolve(), "my/network/s.yaml")
        assert "leads out of its folder" in refusal("network=s", x="")

    def test_a_link_inside_its_folder(self):
        write("my/network/n.yaml", HEAD + "seed: 7")
        os.symlink("n.yaml", "my/network/m.yaml")
        assert compose(["network=m"], [Path("my")]).tree["seed"] == 7

    @pytest.mark.parametrize(
        "name", ["neuron/../../secret", "network/../../../secret", "..", "/", ""]
    )
    def test_show_does_not_leave_its_folder(self, name):
        outcome = call("show", name, "-C", ".")
        assert outcome.code == 2
        assert SECRET not in outcome.out + outcome.err


BAD_NAMES = ["../../x", "/etc/x", "a/b", ".", "..", "", "a\0b", "a\x1b[31m", "a\nb", "x" * 5000]
BAD_NAMES += ["a\u202eb", "a b", "all", "\ud800", "~", "a:b"]


@pytest.fixture(scope="module")
def tree():
    """Return the tree of the root's defaults."""
    return compose([], []).tree


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda n: repr(n)[:20])
class TestNames:
    @pytest.mark.parametrize(
        ("group", "old"),
        [
            ("network.populations", "E"),
            ("network.synapses", "E"),
            ("network.projections", "EE"),
            ("drive", "X"),
            ("statistics", "fano_factor"),
        ],
    )
    def test_of_parts(self, tree, group, old, name):
        changed = copy.deepcopy(tree)
        node = changed
        for key in group.split("."):
            node = node[key]
        node[name] = node.pop(old)
        with pytest.raises(ConfigError) as caught:
            build(Composed(changed, [], list, []))
        assert any("is no usable name" in problem for problem in caught.value.problems)
        assert max(map(len, caught.value.problems)) < 1000

    def test_of_the_run(self, tree, name):
        if name != "all":
            assert "name: " in refusal(config=yaml.safe_dump({**tree, "name": name}))


def test_messages_do_not_steer_the_terminal():
    outcome = call("simulate", "--config", str(write("c.yaml", 'dt: "\\e[31m"\n"\\e]0;x": 1\n')))
    assert outcome.code == 2
    assert "\x1b" not in outcome.err


def test_plugins_of_the_current_folder_are_not_loaded():
    evil = "from pathlib import Path\nPath('pwned').touch()\n"
    write("hydra_plugins/evil.py", evil)
    write("my/hydra_plugins/evil.py", evil)
    write("my/network/n.yaml", HEAD)
    arguments = [sys.executable, "-m", "snnrun", "simulate", "-C", "my", "network=n", "--dry-run"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(arguments, env=env, capture_output=True, timeout=60, check=True)
    assert b"balanced" in done.stdout or b"populations" in done.stdout
    assert not Path("pwned").exists()
