# `make` builds the targets of params.yaml, `make test` runs the tests; both set up .venv first.
# `make reports` builds everything of every study that params.yaml lists at its scale, and the front page before them,
# reports/index.html; `make reports STUDY=name` builds one study and its page.
# `make plan` says what `make` would run, `make repro` runs and records it with DVC, `make check` is lint and types.
PYTHON ?= python3
READY = .venv/ready
RUN = PATH="$(CURDIR)/.venv/bin:$$PATH"

.DEFAULT_GOAL := all
.PHONY: all reports plan repro test check

all: $(READY)
	@$(RUN) snakemake --cores all
	@$(RUN) python -m disentangle show

PAGE = reports/$(if $(STUDY),$(STUDY)/)index.html

reports: $(READY)
	@$(RUN) snakemake --cores all $(PAGE)
	@echo "Open $(PAGE) in a browser."

plan: $(READY)
	@$(RUN) snakemake --cores all -n --quiet rules

repro: $(READY)
	@$(RUN) dvc repro

test: $(READY)
	@$(RUN) OMP_NUM_THREADS=1 python -m pytest -n 2 --dist loadgroup

check: $(READY)
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) snakefmt --check Snakefile workflow
	@$(RUN) mypy

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; try: make PYTHON=python3.12")'
	@echo "Setting up .venv from requirements.txt; this takes a few minutes, once."
	@test -x .venv/bin/python || $(PYTHON) -m venv .venv
	@$(RUN) python -m pip install --quiet --disable-pip-version-check --progress-bar off -r requirements.txt
	@$(RUN) python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)
