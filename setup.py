"""What pyproject.toml can't say: configs are installed inside the package, the kernel is built."""

import sys
from pathlib import Path

from setuptools import Extension, find_packages, setup

try:  # its headers; absent where build requirements were not installed
    import jaxlib
except ImportError:
    jaxlib = None


# The kernel is not a Python module: XLA calls it. Without a compiler the portable path is used.
# No contraction of a * b + c and no -march: the same bits on every node of a cluster.
def kernels() -> list[Extension]:
    """Return the kernel, where it can be tried."""
    if jaxlib is None or sys.platform == "win32":
        return []
    return [
        Extension(
            "snnrun.engine._native",
            sources=["snnrun/engine/deliver.cc"],
            include_dirs=[str(Path(jaxlib.__file__).parent / "include")],
            extra_compile_args=["-std=c++17", "-O3", "-ffp-contract=off", "-g0", "-w"],
            language="c++",
            optional=True,
        )
    ]


setup(
    ext_modules=kernels(),
    packages=[*find_packages(include=["snnrun*"]), "snnrun.conf", "snnrun.experiments"],
    package_dir={"snnrun.conf": "conf", "snnrun.experiments": "experiments"},
    package_data={"snnrun.conf": ["**/*.yaml"], "snnrun.experiments": ["**/*"]},
)
