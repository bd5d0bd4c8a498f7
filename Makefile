PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SCALE ?= 0.02
models: SCALE = 1

.PHONY: demo test lint fuzz bench studies models docs package clean

demo: $(VENV)/.demo
	$(BIN)/skyclass demo --out demo

test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict src
	$(BIN)/lint-imports

fuzz: $(VENV)/.dev
	SKYCLASS_FAULTS=10000 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 tests/hard

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/simulate.py
	$(BIN)/python benchmarks/catalogue.py
	$(BIN)/python benchmarks/cutouts.py
	$(BIN)/python benchmarks/resilience.py
	$(BIN)/python benchmarks/datapath.py

studies: $(VENV)/.dev
	for name in thesis manual; do \
	  $(BIN)/skyclass study $$name --out studies/$$name --simulated --scale $(SCALE) && \
	  cp studies/$$name/study.md docs/studies/$$name.md && \
	  { cp studies/$$name/*.svg docs/studies/ 2>/dev/null || true; } || exit 1; \
	done

models: $(VENV)/.demo
	$(BIN)/python recipes/make_models.py $(SCALE)

docs: $(VENV)/.docs
	$(BIN)/sphinx-build -W -b html docs docs/_build/html

package: $(VENV)/bin/python
	rm -rf dist build/package
	$(BIN)/python -m pip install --quiet build twine
	$(BIN)/python -m build --outdir dist
	$(BIN)/python -m twine check --strict dist/*
	for file in dist/*; do \
	  $(PYTHON) -m venv build/package && \
	  build/package/bin/python -m pip install --quiet "$$file" && \
	  (cd build && package/bin/skyclass --version && package/bin/skyclass simulate --help > /dev/null) && \
	  rm -rf build/package || exit 1; \
	done

clean:
	rm -rf $(VENV) light demo build dist classes.fits demo-classes.fits

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[simulation,train]"
	touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@ $(VENV)/.demo

$(VENV)/.docs: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable ".[simulation,train,docs]"
	touch $@
