"""Where the shipped configurations are: in the package (wheel) or beside it (checkout)."""

from pathlib import Path

from snnrun.errors import FileError

_PACKAGE = Path(__file__).resolve().parents[1]


def home() -> Path:
    """Return the folder this package is imported from."""
    return _PACKAGE.parent


def conf_dir() -> Path:
    """Return the folder of the config groups."""
    return _shipped("conf", "config.yaml")


def experiments_dir() -> Path:
    """Return the folder of the experiments."""
    return _shipped("experiments", "")


def _shipped(name: str, witness: str) -> Path:
    for base in (_PACKAGE, _PACKAGE.parent):
        if (base / name / witness).exists():
            return base / name
    raise FileError(f"{name}/ is missing from the installation; install snnrun again")
