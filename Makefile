# Everything runs in .venv, which `make install` fills. PYTHON chooses the interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .peers
PEERS_READY := $(PEERS)/.ready
RATIOS := $(BIN)/python -m tests.bench.ratios

.PHONY: help install simulate test check slow bench bench-gate bench-sweep bench-parts wheel

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY) ## make .venv with snnrun and all it needs

$(READY): pyproject.toml setup.py snnrun/engine/deliver.cc
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "snnrun needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $(READY)

simulate: $(READY) ## run the main job on its default config
	$(BIN)/snnrun simulate

test: $(READY) ## run the fast tests
	$(BIN)/python -m pytest -q -n 2 --dist loadfile

check: $(READY) ## format, lint and types, as CI does
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy snnrun

slow: $(READY) ## run the tests that take minutes
	$(BIN)/python -m pytest -q -m slow

bench: $(READY) $(PEERS_READY) ## measure speed against other simulators; ARGS="--only cuba --repeats 5"
	$(RATIOS) $(ARGS)

bench-gate: $(READY) $(PEERS_READY) ## the same, and fail where a ratio is below its floor
	$(RATIOS) --gate --peers brian2,genn,brainpy $(ARGS)

bench-sweep: $(READY) $(PEERS_READY) ## measure a sweep against single runs and a loop of Brian2's
	$(BIN)/python -m tests.bench.sweep $(ARGS)

bench-parts: $(READY) ## measure the speed of parts
	$(BIN)/python -m pytest -q -s -m bench tests/bench

$(PEERS_READY): tests/bench/peers/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/pip install --quiet --disable-pip-version-check -r tests/bench/peers/requirements.txt
	touch $(PEERS_READY)

wheel: $(READY) ## build the wheel and try it in a clean environment, from an empty folder
	rm -rf dist && $(BIN)/python -m build --outdir dist .
	set -e; dir=$$(mktemp -d); $(PYTHON) -m venv $$dir/venv; \
	$$dir/venv/bin/pip install --quiet --disable-pip-version-check dist/*.whl; \
	mkdir $$dir/empty; cd $$dir/empty; \
	$$dir/venv/bin/snnrun simulate duration=smoke; $$dir/venv/bin/snnrun show network; rm -rf $$dir
