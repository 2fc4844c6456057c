# Every target has a line of help; `make` alone prints them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
PYTHON := $(VENV)/bin/python
UI := server/src/kiseki_server/_web/index.html
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/package.json -type f 2>/dev/null)

export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  \033[1m%-16s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Make .venv with both wheels (editable) and every development tool

$(VENV)/.ready: requirements.lock sdk/pyproject.toml server/pyproject.toml tools/setup.sh
	@tools/setup.sh
	@touch $@

run: setup ## Build the UI if needed, start the server; on an empty data directory also the demo
	@tools/build_ui.sh --if-needed
	@exec $(PYTHON) tools/run.py

build: setup web/node_modules/.ready ## Build the UI into the server package, then both wheels into dist/
	@tools/build_ui.sh
	@rm -rf dist
	@for wheel in sdk server; do echo "Building the wheel of $$wheel …"; $(PYTHON) -m build --wheel --no-isolation --outdir dist $$wheel > /dev/null; done
	@ls -l dist

ui: setup ## Build the UI into the server package
	@tools/build_ui.sh

web/node_modules/.ready: web/package.json web/package-lock.json
	@tools/node_modules.sh
	@touch $@

test: setup ## Run every test; installs what they need where that is possible
	@tools/test_tools.sh
	@tools/build_ui.sh --if-needed
	@tools/test.sh

test-frameworks: setup ## Test with programs of torch, Lightning, transformers and Keras (makes 3 GB in .clients/)
	@KISEKI_TEST_FRAMEWORKS=1 $(PYTHON) -m pytest tests/clients/frameworks

test-clients: setup ## Test all that foreign clients do, with every version of them (20 minutes)
	@KISEKI_TEST_CLIENTS=1 $(PYTHON) -m pytest -n 2 --dist loadgroup tests/clients

check: setup ## Lint, format, types, import contracts, generated files: what a change must pass
	@echo "ruff";         ruff check . && ruff format --check .
	@echo "pyright";      pyright --pythonpath $(PYTHON)
	@echo "import rules"; lint-imports
	@echo "generated";    $(PYTHON) tools/gen_openapi.py --check
	@tools/check_web.sh

format: setup ## Format and fix what can be fixed
	@ruff check --fix . ; ruff format .
	@if [ -d web/node_modules ]; then cd web && npx biome check --write .; fi

gen: setup ## Write schemas/openapi.json, the TypeScript types and docs/reference from the code
	@$(PYTHON) tools/reference.py
	@$(PYTHON) tools/gen_openapi.py
	@cd web && npm run --silent gen

bench: setup ## Run the benchmarks beside the peers (makes .bench/ with the peers; many minutes)
	@$(PYTHON) -m benchmarks

screenshots: setup ## Render every page from real data into web/screenshots/
	@tools/build_ui.sh --if-needed
	@$(PYTHON) tools/screenshots.py

lock: setup ## Resolve requirements.lock anew
	@tools/lock.sh

clean: ## Remove everything that the targets made
	@rm -rf $(VENV) .uv .clients .bench dist web/node_modules server/src/kiseki_server/_web web/screenshots

.PHONY: help setup run build ui test test-frameworks test-clients check format gen bench screenshots lock clean
