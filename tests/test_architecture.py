"""Imports go down, heavy libraries have one door, and nothing grows too long."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "snnrun"
FLOORS = [
    {"__init__", "component", "errors", "memory", "random", "distribution"},
    {"neuron", "synapse", "connect", "drive", "plasticity", "statistics", "environment"},
    {"edges", "graph", "network", "engine"},
    {
        "balance",
        "experiment",
        "fault",
        "health",
        "interruption",
        "tally",
        "intervals",
        "trial",
        "store",
        "observe",
    },
    {
        "config",
        "runner",
        "pulse",
        "clock",
        "course",
        "checkpoints",
        "batch",
        "group",
        "preflight",
        "sink",
        "files",
        "child",
        "summary",
        "report",
    }
    | {"sweep", "search", "optimizer", "objective", "profile"},
    {"cli", "__main__"},
]
SCIENCE = FLOORS[1]
DOORS = {
    "h5py": {"store"},
    "hydra": {"config"},
    "omegaconf": {"config"},
    "optuna": {"optimizer"},
    "rich": {"report"},
    "matplotlib": {"report"},
    "typer": {"cli"},
    "click": {"cli"},
}
LINES_OF_A_FUNCTION, LINES_OF_A_FILE, METHODS_OF_A_CLASS = 40, 300, 12

MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the dotted name inside the package."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def room(module: str) -> str:
    """Return the first part of a dotted name: a file or folder of the package."""
    return module.split(".")[0]


def floor(module: str) -> int:
    """Return the floor of a module's room."""
    (found,) = (i for i, rooms in enumerate(FLOORS) if room(module) in rooms)
    return found


def imports(path: Path) -> Iterator[str]:
    """Yield the dotted names a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (_module(node.module or "", alias.name) for alias in node.names)


def _module(package: str, name: str) -> str:
    """Return package.name if that is a module, else the package."""
    inside = PACKAGE.parent / Path(*package.split("."), name)
    is_module = inside.with_suffix(".py").exists() or inside.is_dir()
    return f"{package}.{name}" if is_module else package


def own(path: Path) -> Iterator[str]:
    """Yield the modules of this package that a module imports."""
    for imported in imports(path):
        if imported == "snnrun":
            yield "__init__"
        elif imported.startswith("snnrun."):
            yield imported.removeprefix("snnrun.")


@pytest.mark.parametrize("path", MODULES, ids=name_of)
class TestImports:
    def test_go_down(self, path):
        here = name_of(path)
        up = [other for other in own(path) if floor(other) > floor(here)]
        assert not up, f"{here} (floor {floor(here)}) imports {up}"

    def test_siblings_of_the_science_do_not_know_each_other(self, path):
        here = name_of(path)
        if room(here) in SCIENCE:
            others = [o for o in own(path) if room(o) in SCIENCE and room(o) != room(here)]
            own_room = [o for o in own(path) if room(o) == room(here)]
            kinds = [o for o in own_room if not o.rpartition(".")[2].startswith("_")]
            assert not others + kinds, f"{here} imports {others + kinds}"

    def test_upper_floors_know_the_science_by_its_interfaces(self, path):
        here = name_of(path)
        if floor(here) > 1:
            kinds = [o for o in own(path) if room(o) in SCIENCE and not o.endswith("._base")]
            assert not kinds, f"{here} imports {kinds}"

    def test_heavy_libraries_have_one_door(self, path):
        here = name_of(path)
        for imported in imports(path):
            library = imported.split(".")[0]
            doors = DOORS.get(library)
            assert doors is None or room(here) in doors, f"{here} imports {library}"

    def test_jax_stays_below(self, path):
        here = name_of(path)
        used = any(i.split(".")[0] in ("jax", "jaxlib") for i in imports(path))
        assert not used or floor(here) <= 2, f"{here} imports jax"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
class TestSizes:
    def test_of_the_file(self, path):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LINES_OF_A_FILE

    def test_of_functions(self, path):
        long = {
            node.name: length(node)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert {n: k for n, k in long.items() if k > LINES_OF_A_FUNCTION} == {}

    def test_of_classes(self, path):
        methods = {
            node.name: sum(isinstance(n, ast.FunctionDef) for n in node.body)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ClassDef)
        }
        assert {n: k for n, k in methods.items() if k > METHODS_OF_A_CLASS} == {}


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function without decorators and docstring."""
    first = node.body[0]
    is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    documented = is_docstring and isinstance(first.value.value, str)
    doc = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
    return (node.end_lineno or 0) - node.lineno + 1 - doc


def test_every_room_has_a_floor():
    rooms = {room(name_of(path)) for path in MODULES}
    assert rooms <= set().union(*FLOORS)
    assert len(rooms) > 20


def test_the_checks_see_what_they_should():
    """Known imports are found, so that an empty list means something."""
    runner = set(own(PACKAGE / "runner.py"))
    assert {"engine.run", "course", "group"} <= runner
    assert "h5py" in set(imports(PACKAGE / "store" / "results.py"))
    assert "config.build" in set(own(PACKAGE / "cli" / "one_run.py"))  # inside a function
    assert floor("engine.step") == 2
    assert floor("cli.app") == 5
