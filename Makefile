PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
export DAGSTER_DISABLE_TELEMETRY = yes
export DBT_SEND_ANONYMOUS_USAGE_STATS = false
# without compiled modules every process pays seconds for its imports
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help env warehouse test dev lint bench torture docs lock clean
.DEFAULT_GOAL := help

help:  ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	$(BIN)/uroven parse
	touch $@

env: $(STAMP)  ## the environment in .venv, from the lock file

warehouse: env  ## samples -> release, with a table of what was read, rejected and published
	$(BIN)/uroven run --inbox raw_samples

# each of both processes computes with one thread: more would only wait for each other
test: env  ## the whole test suite, once
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

dev: env  ## the Dagster UI on http://127.0.0.1:3000
	$(BIN)/uroven dev

lint: env  ## ruff, sqlfluff, types, known vulnerabilities of the dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests
	$(BIN)/python deploy/audit.py

bench: env  ## benchmarks, as ratios against the bare work
	$(BIN)/python -m benchmarks

torture: env  ## kills runs in every step and at random, and compares the releases (long)
	$(BIN)/python -m tests.reliability.torture

docs: env  ## the data dictionary and dbt docs
	$(BIN)/python -m pipelines.docs

lock:  ## the lock file anew from pyproject.toml
	$(BIN)/uv pip compile --quiet --python-version 3.11 --extra dev --no-emit-index-url --no-emit-find-links \
	  --no-header pyproject.toml -o requirements.lock

clean:  ## what runs have made, not the environment
	rm -rf data dbt_project/target dbt_project/logs
