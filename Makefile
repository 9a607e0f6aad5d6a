# What one types here.  `make help` lists it; each target is explained behind its `##`.
# Needs make, a Python >= 3.11 and nothing else; PYTHON=/path/to/python chooses one.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test browser clients fuzz test-peers check bench screenshots image lock docs

VENV := .venv
BIN := $(VENV)/bin
CLIENTS := tests/interop
ISSO := .venv-isso
PACKAGES := config mentions service workers scripts bench
# Isso's other renderer and what only that needs: it would have to be compiled, and nobody asks for it.
ISSO_LEFT_OUT := $(addprefix --no-emit-package ,misaka cffi pycparser)
VERSION = $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

setup: $(VENV)/.dev ## create .venv with all that running, checking and testing needs
	@echo "$(VENV) is ready: $$($(BIN)/python --version)"

run: $(VENV)/.runtime ## start Redis, service and a worker; Ctrl-C stops them, the data stay in data/
	@$(BIN)/python -m scripts.run

test: $(VENV)/.dev browser clients ## run every test
	$(BIN)/python -m pytest

fuzz: $(VENV)/.dev ## let Hypothesis look for counter-examples for longer, with fresh examples each time
	$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=fuzz --timeout=3600 tests/unit tests/integration/storage

test-peers: $(VENV)/.dev $(ISSO)/.done ## hold the product against a real WordPress, nginx and Caddy (from Debian) and a real Isso (from PyPI)
	@sh scripts/peers.sh
	@sh scripts/proxies.sh
	$(BIN)/python -m pytest -m real_peers tests/interop/peers

check: $(VENV)/.dev ## lint, types, import contracts, dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

bench: $(VENV)/.dev ## measure intake, the whole way and threads, beside what the machine can do, and beside a real Isso
	-@sh scripts/browser.sh && $(MAKE) --no-print-directory $(ISSO)/.done
	@$(BIN)/python -m bench

screenshots: $(VENV)/.dev browser ## take pictures of every page and every state of the widget, into build/screenshots/
	@$(BIN)/python -m tests.browser.screenshots

image: ## build the container image ymateb:VERSION
	@command -v docker >/dev/null || { echo "make image needs docker (or podman as docker) on PATH" >&2; exit 1; }
	docker build --tag ymateb:$(VERSION) .

lock: $(VENV)/.dev ## resolve pyproject.toml into requirements/*.lock, with hashes
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 pyproject.toml -o requirements/runtime.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group dev pyproject.toml -c requirements/runtime.lock -o requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group isso $(ISSO_LEFT_OUT) -o requirements/isso.lock

docs: $(VENV)/.runtime ## write the table of options and config/example.toml from config/settings.py
	@$(BIN)/python -m scripts.write_reference

browser: ## find a Chromium for the browser tests, or install Debian's
	@sh scripts/browser.sh

clients: $(CLIENTS)/node_modules/.package-lock.json ## install the npm packages that tests talk to

$(CLIENTS)/node_modules/.package-lock.json: $(CLIENTS)/package-lock.json | $(VENV)/.dev
	@echo "installing $$(grep -c '"node_modules/' $<) npm packages of $<"
	@$(BIN)/npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund --fetch-retries=5 --loglevel=error
	@touch $@

# `uv pip sync` installs what the lock says and nothing else: Isso's wish for misaka is left out there.
$(ISSO)/.done: requirements/isso.lock | $(VENV)/.dev
	@echo "making $(ISSO) with $$(grep -c '^[a-z0-9].*==' $<) packages of $<"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python $(ISSO)
	@$(BIN)/uv pip sync --quiet --require-hashes --python $(ISSO)/bin/python $<
	@touch $@

# The stamps: present and newer than their lock means that the packages of that lock are installed.
$(VENV)/.runtime: requirements/runtime.lock
	@sh scripts/venv.sh $(VENV) requirements/runtime.lock
	@touch $@

$(VENV)/.dev: requirements/dev.lock requirements/runtime.lock
	@sh scripts/venv.sh $(VENV) requirements/dev.lock
	@touch $(VENV)/.runtime $@
