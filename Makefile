# The commands that people and CI share. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
ARGS ?=
AIRFLOW ?= 3.3
# The older ones have environments of their own: .venv-3.1, .venv-3.2.
VENV ?= .venv$(if $(filter-out 3.3,$(AIRFLOW)),-$(AIRFLOW))
# The first interpreter on the PATH that is new enough; PYTHON=… overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := $(VENV)/bin
# Half as many again as there are cores: the tests wait for sockets and clocks for nearly half of their time.
WORKERS ?= $(shell echo $$(( ($$(nproc) * 3 + 1) / 2 )))
# An Airflow that is configured in the caller's shell must not leak into ours.
export PYTHONDONTWRITEBYTECODE :=
unexport AIRFLOW_HOME

.PHONY: help setup demo test test-units test-scenarios test-slow test-short test-wheel test-all dist licences chaos bench bench-check bench-report examples check format lock clean

help: ## List the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## Create the environment (.venv) from the hash-pinned requirements

$(VENV)/.ready: requirements/airflow-$(AIRFLOW).txt requirements/uv.txt pyproject.toml airflow_provider_omnihuman/provider_info.py
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found: install it, or say PYTHON=/path/to/python3"; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || { echo "$(PYTHON) cannot create environments: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --require-hashes -r requirements/uv.txt
	@echo "Installing Airflow $(AIRFLOW) and the provider into $(VENV) …"
	@VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --require-hashes -r requirements/airflow-$(AIRFLOW).txt
	@VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## Script → speech → avatar video → S3, through a real Airflow. ARGS="--keep --text '…'"
	@$(BIN)/omnihuman-demo $(ARGS)

EXAMPLES := $(filter-out on_new_video,$(basename $(notdir $(wildcard dags/*.py))))

examples: setup ## Run every example Dag, and save the pictures of docs/examples.md anew: a quarter of an hour
	@for dag in $(EXAMPLES); do $(BIN)/omnihuman-demo --dag $$dag --poster docs/images/examples/$$dag.jpg || exit 1; done

test: setup ## The whole suite, scenario tests in a real multi-process Airflow included. ARGS="-k name"
	@$(MAKE) --no-print-directory -j 2 test-units test-scenarios NICE="nice -n 5"

# Beside the scenarios, they give way: a scheduler that is late by its own limit takes itself for dead, and starts its tasks again.
test-units: setup # in the foreground
	@$(NICE) $(BIN)/pytest -n $(WORKERS) -m "not scenario and not bench and not slow" $(ARGS) || [ $$? -eq 5 ]  # 5: nothing of that name

test-scenarios: setup # beside them, told when they are over: one after another, and mostly waiting
	@$(BIN)/pytest -m scenario $(ARGS) > .scenarios.log 2>&1; status=$$?; cat .scenarios.log; [ $$status -eq 0 ] || [ $$status -eq 5 ]

test-slow: setup ## What takes long and `make test` leaves out, since it has others like it
	@$(BIN)/pytest -n $(WORKERS) -m slow $(ARGS)

SHORT := $(addprefix tests/,versions packaging/test_provider_info.py test_dags.py triggers sensors hooks/test_omnihuman_hook.py)

test-short: setup ## What depends on Airflow's version: discovery, forms, Dags, hooks, triggers. AIRFLOW=3.1
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile -m "not slow" $(SHORT) $(ARGS)

test-wheel: dist ## The wheel, in an environment with what a user's installation brings and nothing else
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .venv-wheel
	@VIRTUAL_ENV=$(abspath .venv-wheel) $(BIN)/uv pip install --quiet --require-hashes -r requirements/runtime-3.3.txt
	@VIRTUAL_ENV=$(abspath .venv-wheel) $(BIN)/uv pip install --quiet --no-deps --no-index dist/*.whl
	@OMNIHUMAN_INSTALLED=$(abspath .venv-wheel) $(BIN)/pytest tests/packaging/test_installed_wheel.py $(ARGS)

test-all: test ## All of it: the newest Airflow fully, the others in the short form
	@$(MAKE) --no-print-directory -j 3 --output-sync=target test-wheel test-short-3.1 test-short-3.2

test-short-%: # side by side: each waits for downloads, and for Airflow's commands, for much of its time
	@$(MAKE) --no-print-directory test-short AIRFLOW=$* VENV=.venv-$* WORKERS=2

dist: setup ## Build wheel and sdist into dist/, and check what package indexes check
	@rm -rf dist
	@$(BIN)/python -m hatchling build -d dist
	@$(BIN)/twine check --strict dist/*

licences: setup ## Write docs/licences.md anew, from the metadata of what is installed
	@$(BIN)/python requirements/licences.py

chaos: setup ## Kill, cut off and clear everything there is, and count: jobs wanted, accepted, archived
	@OMNIHUMAN_CHAOS=1 $(BIN)/pytest -m scenario tests/scenarios tests/demo $(ARGS)

BENCHMARKS := imports schedule quota submit archive render joining checking waiting

bench: setup ## Measure side by side, over an hour on two quiet cores. ARGS=--quick shows in minutes that it works
	@for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py $(ARGS) || exit 1; done

bench-check: setup ## That the slow benchmarks still run: their quick forms, as tests (`make test` has those of the others)
	@$(BIN)/pytest -m bench tests/benchmarks $(ARGS)

bench-report: setup ## docs/benchmarks.md and its plots, from benchmarks/results/*.json
	@$(BIN)/python benchmarks/report.py $(ARGS)

check: setup ## ruff, mypy --strict, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: setup ## Format the code, apply safe fixes
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

lock: setup ## Compile requirements/*.txt anew: all hashes, no index lines
	@PATH="$(abspath $(BIN)):$$PATH" requirements/lock.sh

clean: ## Remove the environment and everything generated
	rm -rf .venv .venv-* .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .demo .scenarios.log dist
