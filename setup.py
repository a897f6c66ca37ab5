"""What pyproject.toml can't say: configs are installed inside the package, the kernel is built."""

import sys
from pathlib import Path

import jaxlib
from setuptools import Extension, find_packages, setup

# Not a Python module: XLA calls it. Optional: without a compiler the portable path is used.
# No contraction of a * b + c and no -march: the same bits on every node of a cluster.
KERNEL = Extension(
    "snnrun.engine._native",
    sources=["snnrun/engine/deliver.cc"],
    include_dirs=[str(Path(jaxlib.__file__).parent / "include")],
    extra_compile_args=["-std=c++17", "-O3", "-ffp-contract=off", "-w"],
    language="c++",
    optional=True,
)

setup(
    ext_modules=[] if sys.platform == "win32" else [KERNEL],
    packages=[*find_packages(include=["snnrun*"]), "snnrun.conf", "snnrun.experiments"],
    package_dir={"snnrun.conf": "conf", "snnrun.experiments": "experiments"},
    package_data={"snnrun.conf": ["**/*.yaml"], "snnrun.experiments": ["**/*"]},
)
