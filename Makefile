# Every target makes .venv when it is missing; nothing has to be installed by hand.
# Another environment can be used instead: make test VENV=/path/to/venv SYNC=

PYTHON ?= python3
VENV ?= .venv
BENCH ?= .venv-bench
BIN := $(VENV)/bin
SYNC ?= $(VENV)/.synced

# Albumentations asks the network for a newer version of itself at each import, and hubs are not needed.
export NO_ALBUMENTATIONS_UPDATE = 1
export HF_HUB_OFFLINE = 1

.PHONY: demo test test-matrix lint check bench bench-quality docs clean help
.DEFAULT_GOAL := test

$(VENV)/.synced: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The pinned development tools need Python 3.11 or newer. Run: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e '.[dev]'
	@$(BIN)/python scripts/mend_torchaudio.py
	@touch $@

demo: $(SYNC)  ## the main job: train with a moving share of synthetic digits, print a table, write two pictures
	$(BIN)/synthaug demo

lint: $(SYNC)  ## the static checks alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

test: lint  ## static checks, then doctests and all tests
	$(BIN)/python -m pytest

test-matrix: $(SYNC)  ## the trainer's tests on old and new versions of Lightning; writes docs/compatibility.md
	$(BIN)/python scripts/test_matrix.py --write-docs

docs: $(SYNC)  ## the site, built strictly, in docs/_build/html
	$(BIN)/python -m sphinx -q -E -W --keep-going -b html docs docs/_build/html

check: test docs  ## everything a change has to pass

# An environment on top of the other one: what peers need does not get into it. litdata asks for torchvision, which is built
# for one kind of torch, and for a boto3 that wants an older dateutil; it runs without the one and with what is there.
$(BENCH)/.synced: $(SYNC) pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	@$(BIN)/python -c 'import site; print("import site; site.addsitedir(%r)" % site.getsitepackages()[0])' > $$($(BENCH)/bin/python -c 'import site; print(site.getsitepackages()[0])')/base.pth
	$(BENCH)/bin/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e '.[bench]'
	$(BENCH)/bin/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt --no-deps litdata boto3 botocore jmespath obstore s3transfer tifffile
	@touch $@

bench: $(BENCH)/.synced  ## speed beside other loaders, half an hour; writes docs/performance.md; stopped, it goes on where it was
	$(BENCH)/bin/python benchmarks/suite.py --check

SPEED := loaders mixing plan scale store suite transforms

bench-quality: $(SYNC)  ## the other benchmarks against the targets in their docstrings; DATA=folder for those that need data sets
	@failed=0; for file in $(filter-out $(SPEED:%=benchmarks/%.py),$(shell grep -l __main__ benchmarks/*.py)); do \
		data=; if grep -q '"--data"' $$file; then \
			if [ -z "$(DATA)" ]; then echo "== $$file: left out, it needs DATA=folder"; continue; fi; \
			data="--data $(DATA)"; \
		fi; \
		echo "== $$file"; $(BIN)/python $$file $$data --check || failed=1; \
	done; exit $$failed

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

clean:  ## remove everything that the other targets made
	rm -rf $(VENV) $(BENCH) .matrix synthaug-demo docs/_build docs/api/_generated build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
