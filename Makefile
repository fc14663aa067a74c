# Two commands matter: `make demo` and `make test`. Both set up all they need (Python 3.11, Node 20, make).
PYTHON ?= python3
PY     := .venv/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check -q
NPM    := npm --prefix cloud/ui
UI_SRC := $(shell find cloud/ui/src cloud/ui/public -type f 2>/dev/null) cloud/ui/index.html cloud/ui/vite.config.ts cloud/ui/tsconfig.json cloud/ui/package-lock.json
JOBS   ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check bench ui lock format clean

help:  ## show this menu
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.installed-demo ui  ## start the simulated plant, gateways and cloud; ARGS="--headless …" passes options on
	@$(PY) -m taktline demo $(ARGS)

test: .venv/.installed-dev ui  ## run every test: unit, property, protocol, chain, browser
	$(NPM) test
	$(PY) -m pytest -n $(JOBS) -m "not alone" $(ARGS)
	$(PY) -m pytest -m "alone and ui" $(ARGS)
	$(PY) -m pytest -m "alone and not ui" $(ARGS)

check: .venv/.installed-dev  ## format, lint, types, imports, fast tests (under a minute)
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports
	$(PY) -m pytest -n $(JOBS) -m "not slow and not ui and not alone"

format: .venv/.installed-dev  ## format and mend what ruff can mend
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: .venv/.installed-demo ui  ## the headless demo: ten minutes at x60, judged against the world's own ledger
	$(PY) -m taktline demo --headless --minutes 10 --speed 60 --seed 7 --json

ui: cloud/ui/dist/.built  ## build the web app

lock:  ## compile the hashed requirement files anew (needs pip-tools)
	cd requirements && for name in dev demo edge; do \
	  c=""; [ $$name = dev ] || c="-c dev.txt"; \
	  pip-compile --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-find-links $$c -o $$name.txt $$name.in; \
	done

clean:  ## remove what was built or installed here
	rm -rf .venv cloud/ui/node_modules cloud/ui/dist var

.venv/bin/python:
	@echo "· creating .venv"
	@$(PYTHON) -m venv .venv

.venv/.installed-demo: requirements/demo.txt pyproject.toml | .venv/bin/python
	@[ -e .venv/.installed-dev ] || { echo "· installing the product (about a minute the first time)"; $(PIP) install --require-hashes -r requirements/demo.txt; }
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

.venv/.installed-dev: requirements/dev.txt pyproject.toml | .venv/bin/python
	@echo "· installing the product and the test tools"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

cloud/ui/node_modules/.installed: cloud/ui/package-lock.json
	@echo "· installing the web app's packages"
	@$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

cloud/ui/dist/.built: $(UI_SRC) cloud/ui/node_modules/.installed
	@echo "· building the web app"
	@$(NPM) run --silent build
	@touch $@
