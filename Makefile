# One name for each task. Prerequisites: Python 3.11 or newer, and make.
#
#   make demo    the main job on real records, in an environment with the base install only
#   make test    set-up and the whole suite

PYTHON ?= python3
# Processes of the test suite
WORKERS ?= 2
# Folder of the demonstration's report
OUT ?= demo-report

ENVIRONMENT := .venv
BASE_ENVIRONMENT := .venv-base
# checkov pins what we pin otherwise, so it has an environment of its own
CHECKOV_ENVIRONMENT := .venv-checkov
BIN := $(ENVIRONMENT)/bin
INSTALL := -m pip install --quiet --quiet --disable-pip-version-check --constraint constraints.txt
# Debian packages that tests need beside Python: a browser for the page, a broker for alerts, a database,
# and what checks the rules of monitoring
SYSTEM_PACKAGES := chromium mosquitto nginx openssl postgresql prometheus

# Each test process keeps to one core
TEST_VARIABLES := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help setup web soak demo test test-fast check format docs bench notebooks ci-system clean

help:  ## list the tasks
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## *(.*)/  make \1\t\2/' | expand -t 20

setup: $(ENVIRONMENT)/.ready  ## environment with training, test and documentation tools, and the page
	@$(BIN)/python scripts/build_page.py || true  # it says itself what is missing; all else works

web:  ## the web page, where Node.js 20 is present
	@$(PYTHON) scripts/build_page.py

# torch first and alone: its exact build is decided here, before anything else can ask for it
$(ENVIRONMENT)/.ready: pyproject.toml constraints.txt scripts/check_environment.py
	@$(PYTHON) scripts/check_environment.py python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(ENVIRONMENT)
	@echo "setup: installing into $(ENVIRONMENT) (some minutes the first time)"
	@$(BIN)/python $(INSTALL) torch==2.13.0
	@$(BIN)/python $(INSTALL) --editable '.[train,bayes,postgres,kafka,ray,s3,dev,docs,bench]'
	@$(BIN)/python scripts/check_environment.py torch
	@MAINSHOCK_MODELS=$(ENVIRONMENT)/share/mainshock/models $(BIN)/mainshock models add eqtransformer || \
		echo "setup: EQTransformer was not added (see above); all else works. Later, or with --from:" \
		"$(BIN)/mainshock models add eqtransformer"
	@touch $@

$(BASE_ENVIRONMENT)/.ready: pyproject.toml constraints.txt scripts/check_environment.py
	@$(PYTHON) scripts/check_environment.py python
	@test -x $(BASE_ENVIRONMENT)/bin/python || $(PYTHON) -m venv $(BASE_ENVIRONMENT)
	@echo "demo: installing into $(BASE_ENVIRONMENT) (a minute or two the first time)"
	@$(BASE_ENVIRONMENT)/bin/python $(INSTALL) --editable .
	@touch $@

demo: $(BASE_ENVIRONMENT)/.ready  ## locate real earthquakes and write a report; SERVE=1: then the live page
	@$(BASE_ENVIRONMENT)/bin/mainshock demo --out $(OUT)
ifeq ($(SERVE),1)
	@$(PYTHON) scripts/build_page.py || true
	@$(BASE_ENVIRONMENT)/bin/mainshock monitor --source demo
endif

$(CHECKOV_ENVIRONMENT)/.ready:
	@$(PYTHON) -m venv $(CHECKOV_ENVIRONMENT)
	@$(CHECKOV_ENVIRONMENT)/bin/python -m pip install --quiet --quiet --disable-pip-version-check checkov==3.3.30
	@touch $@

test: setup $(CHECKOV_ENVIRONMENT)/.ready  ## the whole suite, slow tests included
	$(TEST_VARIABLES) $(BIN)/pytest -n $(WORKERS) --dist worksteal -m "not network"

test-fast: setup  ## the tests that take seconds
	$(TEST_VARIABLES) $(BIN)/pytest -n $(WORKERS)

check: setup  ## style, types, layers and documentation (about a minute)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/test_docs.py tests/test_architecture.py tests/test_exported_members.py

format: setup  ## mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: setup  ## the documentation site, in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# PyMC is a peer in one table and nothing else, so only this task installs it
bench: setup  ## every benchmark prints its table
	@$(BIN)/python $(INSTALL) 'pymc>=5.20' || echo "bench: PyMC could not be installed; its row is left out"
	@set -e; for program in benchmarks/*.py; do \
		test -e "$$program" || { echo "bench: no benchmark yet"; break; }; \
		echo "== $$program"; $(BIN)/python "$$program"; \
	done

soak: setup  ## a day of ten stations and two hours of a hundred, accelerated: does memory grow?
	@$(BIN)/python scripts/soak.py

notebooks: setup  ## examples/*.py as Jupyter notebooks
	$(BIN)/jupytext --to ipynb examples/*.py

# Without root it says what it would install and succeeds; the tests that need it then skip
ci-system:  ## system packages for the tests (root)
	@packages="$(strip $(SYSTEM_PACKAGES))"; \
	if [ -z "$$packages" ]; then echo "ci-system: no system packages are needed"; \
	elif [ "$$(id -u)" = 0 ]; then apt-get update -q && apt-get install -q -y $$packages; \
	else echo "ci-system: not root; would install: $$packages"; fi

clean:  ## remove what was built, but keep the environments
	rm -rf build dist site out demo-report .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .benchmarks examples/*.ipynb
	find . -path './.venv*' -prune -o -type d -name __pycache__ -exec rm -rf {} +
