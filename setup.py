"""What pyproject.toml can't say: conf/ and experiments/ are installed inside the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["snnrun*"]), "snnrun.conf", "snnrun.experiments"],
    package_dir={"snnrun.conf": "conf", "snnrun.experiments": "experiments"},
    package_data={"snnrun.conf": ["**/*.yaml"], "snnrun.experiments": ["**/*"]},
)
