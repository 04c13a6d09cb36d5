# The commands of this project: `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Jobs and test processes import much: compiled modules are kept, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv

fingerprint = $(shell cat $(1) | sha256sum | cut -c1-16)
INSTALLED := $(VENV)/installed-run-$(call fingerprint,requirements.txt)
INSTALLED_DEV := $(VENV)/installed-dev-$(call fingerprint,requirements.txt requirements-dev.txt)
LAYERS := PYTHONPATH=. $(BIN)/lint-imports --no-logo --cache-dir .import_linter_cache

.PHONY: help run test check lint types contracts lock audit docs bench pictures verify migration roles clean

help: ## List the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-10s %s\n", $$1, $$2}'

run: $(INSTALLED) ## Install what is missing, prepare the database, start everything (DEMO=1: people and data to try)
	@exec $(BIN)/python -m app.supervisor

test: $(INSTALLED_DEV) ## Everything: lint, types, contracts, all tests, documentation
	@tools/install_system.sh
	@$(MAKE) --no-print-directory -j2 --output-sync=target types docs lint contracts
	@$(BIN)/uv pip check --quiet --python $(BIN)/python && echo "pip check: no broken requirements"
	@PYTHON=$(BIN)/python tools/run_tests.sh

check: $(INSTALLED_DEV) ## Under a minute: lint, types, contracts, fast tests
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint types contracts
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile --fast -m "not slow and not alone and not postgres"

lint: $(INSTALLED_DEV) ## ruff
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet || { echo "Some files are not formatted: $(BIN)/ruff format"; exit 1; }

types: $(INSTALLED_DEV) ## mypy, strict for the engines
	@$(BIN)/mypy

contracts: $(INSTALLED_DEV) ## import-linter: who may import whom
	@$(LAYERS)

lock: $(INSTALLED_DEV) ## Renew requirements.txt and requirements-dev.txt from the .in files
	@for name in requirements requirements-dev; do \
	  $(UV) pip compile --quiet --upgrade --python-version 3.11 --no-emit-index-url --no-emit-find-links \
	    --custom-compile-command "make lock" $$name.in -o $$name.txt; done

audit: $(INSTALLED_DEV) ## Known vulnerabilities of the locked packages (without internet: ADVISORIES=file or folder)
	@PYTHONPATH=. $(BIN)/python tools/audit.py $(if $(ADVISORIES),"$(ADVISORIES)")

docs: $(INSTALLED_DEV) ## The documentation, warnings are errors: build/docs/index.html
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo "documentation: build/docs/index.html"

bench: $(INSTALLED_DEV) ## The measured comparisons, as tables
	@code=0; for file in benchmarks/[!_]*.py; do \
	  $(BIN)/python -m benchmarks.$$(basename $$file .py) || code=$$?; done; exit $$code

pictures: $(INSTALLED_DEV) ## Renew the screenshots in docs/images from the browser tests
	@$(BIN)/python -m pytest -q -m browser --pictures=docs/images

verify: $(INSTALLED) ## Walk the audit chain and name the first broken row
	@$(BIN)/python -m engines.observability.verify

migration: $(INSTALLED_DEV) ## Write a database revision from the models: make migration m="add teams"
	@test -n "$(m)" || { echo 'Say what it does: make migration m="add teams"'; exit 1; }
	@$(BIN)/python -m app.migration "$(m)"

roles: $(INSTALLED_DEV) ## Renew docs/reference/roles.md from the code
	@PYTHONPATH=. $(BIN)/python tools/role_matrix.py

clean: ## Remove what can be made again; data/ stays
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

$(UV):
	@tools/make_venv.sh "$(PYTHON)" $(VENV) $(UV_VERSION)

$(INSTALLED): $(UV)
	@echo "Installing requirements.txt into $(VENV)"
	@$(UV) pip install --quiet --python $(BIN)/python -r requirements.txt
	@rm -f $(VENV)/installed-* && touch $@

$(INSTALLED_DEV): $(INSTALLED)
	@echo "Installing requirements-dev.txt into $(VENV)"
	@$(UV) pip install --quiet --python $(BIN)/python -r requirements-dev.txt
	@rm -f $(VENV)/installed-dev-* && touch $@
