# `make demo` and `make test` need Python 3.11 or newer and make; they bring the rest.
#
#   make demo     install into .venv and run a PyTorch and a TensorFlow program on dualtape
#   make test     install the test extra and run the suite
#   make lint     ruff and mypy, as CI runs them
#   make parity   the tests that ask for PyTorch, TensorFlow or JAX, in an environment that has them
#   make docs     build the documentation site into build/docs, with every link and reference checked
#   make page     try the page of `dualtape explain` in a browser (needs a Chromium)
#   make fuzz     hold 20,000 random programs against the laws of differentiation (FUZZ=N for N of them)
#   make bench    measure against them, and write bench/RESULTS.md
#   make web      build the page of `dualtape explain` (needs Node 20 and npm; its result is in the repository)
#   make clean    remove what these made
#
# PYTHON=python3.13 chooses the interpreter, VENV=DIR the environment, PYTEST_ARGS more arguments.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
PARITY_VENV ?= .venv-parity
PYTEST_ARGS ?=
FUZZ ?= 20000

# The first of the candidates that runs and is new enough; a name on PATH may be a shim that fails.
new_enough = import sys; sys.exit(sys.version_info < (3, 11))
first_python = $(shell for python in $(1); do \
    if "$$python" -c '$(new_enough)' 2>/dev/null; then echo "$$python"; break; fi; done)
ifndef PYTHON
PYTHON := $(call first_python,python3 python3.13 python3.12 python3.11 python)
endif
# Their wheels lag behind Python, so the oldest supported one comes first.
ifndef PARITY_PYTHON
PARITY_PYTHON := $(call first_python,python3.11 python3.12 python3.13 $(PYTHON))
endif

BIN := $(VENV)/bin
PARITY_BIN := $(PARITY_VENV)/bin
# Byte code is made when a module is first imported: of most of what is installed it never is. Images of containers
# like to forbid it altogether; each process of each test would then compile all it imports again.
unexport PYTHONDONTWRITEBYTECODE
PIP := -m pip --disable-pip-version-check install --quiet --no-compile
# Neighbours, which share what was compiled, go to the same process, until one has nothing left to do.
PYTEST := -m pytest -n 2 --dist worksteal -q

.PHONY: help demo test lint format parity docs page web fuzz bench clean
help:
	@sed -n '/^#   make/s/^#   //p' Makefile

demo: $(VENV)/.demo
	$(BIN)/dualtape run examples/demo_torch.py
	$(BIN)/dualtape run examples/demo_tensorflow.py

test: $(VENV)/.test
	$(BIN)/python $(PYTEST) $(PYTEST_ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The tests that skip themselves under `make test`, and those in the same files; here a missing peer is a failure.
parity: $(PARITY_VENV)/.parity
	$(PARITY_BIN)/python $(PYTEST) --peers tests $(PYTEST_ARGS)

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -q --fail-on-warning --keep-going -b html docs build/docs
	@echo "the site is build/docs/index.html"

page: $(VENV)/.test $(VENV)/.show-test
	$(BIN)/python $(PYTEST) tests/show/test_page_browser.py tests/show/test_page_blocks.py \
	    tests/show/test_page.py $(PYTEST_ARGS)

fuzz: $(VENV)/.test
	DUALTAPE_FUZZ=$(FUZZ) DUALTAPE_MEMORY_STEPS=10000 $(BIN)/python $(PYTEST) tests/test_fuzz.py \
	    tests/transforms/test_nesting.py $(PYTEST_ARGS)

bench: $(PARITY_VENV)/.parity
	$(PARITY_BIN)/python bench/run.py

web:
	cd web && npm ci --ignore-scripts && npm test && npm run build

clean:
	rm -rf $(VENV) $(PARITY_VENV) build dist

# One stamp per extra, renewed when pyproject.toml changes. The installation is editable, so that
# changes in src/ need none.
$(VENV)/.venv:
	@if [ -z "$(PYTHON)" ]; then echo "Python 3.11 or newer is needed; name it: make PYTHON=..."; exit 1; fi
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo $(VENV)/.test $(VENV)/.dev $(VENV)/.docs $(VENV)/.show-test: $(VENV)/.%: $(VENV)/.venv pyproject.toml
	$(BIN)/python $(PIP) --editable '.[$*]'
	@touch $@

$(PARITY_VENV)/.venv:
	@if [ -z "$(PARITY_PYTHON)" ]; then echo "Python 3.11 or newer is needed: PARITY_PYTHON=..."; exit 1; fi
	$(PARITY_PYTHON) -m venv $(PARITY_VENV)
	@touch $@

$(PARITY_VENV)/.parity: $(PARITY_VENV)/.venv pyproject.toml
	$(PARITY_BIN)/python $(PIP) --editable '.[test,parity,show-test]'
	@touch $@
