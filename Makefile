# `make` builds the targets of params.yaml, `make test` runs the tests; both set up .venv first.
PYTHON ?= python3
BIN = .venv/bin
READY = .venv/ready

.PHONY: all test check repro clean-resume
.DEFAULT_GOAL := all

all: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" snakemake --cores all
	@$(BIN)/python -m disentangle show

test: $(READY)
	@$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy

repro: $(READY)
	@PATH="$(CURDIR)/$(BIN):$$PATH" dvc repro

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; try: make PYTHON=python3.12")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Setting up .venv from requirements.txt; this takes some minutes the first time."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)
