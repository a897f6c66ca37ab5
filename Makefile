# Everything runs in .venv, which `make install` fills. PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help install simulate test check slow bench wheel

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY) ## make .venv with snnrun and all it needs

$(READY): pyproject.toml setup.py
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "snnrun needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $(READY)

simulate: $(READY) ## run the main job on its default config
	$(BIN)/snnrun simulate

test: $(READY) ## run the fast tests
	$(BIN)/python -m pytest -q -n 2

check: $(READY) ## format, lint and types, as CI does
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy snnrun

slow: $(READY) ## run the tests that take minutes
	$(BIN)/python -m pytest -q -m slow

bench: $(READY) ## measure speed
	$(BIN)/python -m pytest -q -s -m bench tests/bench

wheel: $(READY) ## build the wheel and try it in a clean environment, from an empty folder
	rm -rf dist && $(BIN)/python -m build --outdir dist .
	set -e; dir=$$(mktemp -d); $(PYTHON) -m venv $$dir/venv; \
	$$dir/venv/bin/pip install --quiet --disable-pip-version-check dist/*.whl; \
	mkdir $$dir/empty; cd $$dir/empty; \
	$$dir/venv/bin/snnrun simulate duration=smoke; $$dir/venv/bin/snnrun show network; rm -rf $$dir
