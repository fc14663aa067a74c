# Two commands matter: `make demo` and `make test`. Both set up all they need (Python 3.11, Node 20, make).
PYTHON ?= python3
PY     := .venv/bin/python
PIP    := $(PY) -m pip --disable-pip-version-check -q
NPM    := npm --prefix cloud/ui
UI_SRC := $(shell find cloud/ui/src cloud/ui/public -type f 2>/dev/null) cloud/ui/index.html cloud/ui/vite.config.ts cloud/ui/tsconfig.json cloud/ui/package-lock.json
# Two workers on each core: half of their time these tests wait for servers, brokers and deadlines (measured).
JOBS   ?= $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))

# The tests start hundreds of programs: compiled once, the cloud is up with a quarter less work.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo ready test lint check bench soak fuzz ui lock format clean

help:  ## show this menu
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Real servers on a shared machine miss a deadline now and then: what failed is named, and runs once more by itself.
# A failure that comes again fails the run.
define pytest
@$(PY) -m pytest -o cache_dir=.make/pytest-$(1) $(2); end=$$?; [ $$end = 0 ] || { \
	  [ $$end = 1 ] && echo "· the failures of $(1) once more, by themselves" && \
	  $(PY) -m pytest -o cache_dir=.make/pytest-$(1) --last-failed --last-failed-no-failures=none; }
endef

demo: .venv/.installed-demo ui  ## start the simulated plant, gateways and cloud; ARGS="--headless …" passes options on
	@$(PY) -m taktline demo $(ARGS)

PEERS := .make/peer-pysparkplug/.installed tests/interop/node_modules/.installed

ready: .venv/.installed-dev ui $(PEERS)

# Pages and chain wait much of their time, so they run in two rows, and the row that is free takes the next file
# (see tests/conftest.py); what judges times of its own runs alone.
test: ready  ## run every test: unit, property, protocol, chain, browser
	$(NPM) test
	$(call pytest,parallel,-n $(JOBS) -m "not alone" $(ARGS))
	@echo "· the pages in a browser, and beside them the whole chain"
	$(call pytest,rows,-n 2 --dist loadfile -m "alone and not timed" $(ARGS))
	$(call pytest,timed,-m timed $(ARGS))

lint: .venv/.installed-dev  ## format, lint, types, imports
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports

check: lint  ## lint, then the fast tests (under a minute)
	$(PY) -m pytest -n $(JOBS) -m "not slow and not ui and not alone" --hypothesis-profile=quick

format: .venv/.installed-dev  ## format and mend what ruff can mend
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: .venv/.installed-demo ui  ## the headless demo: ten minutes at x60, judged against the world's own ledger
	$(PY) -m taktline demo --headless --minutes 10 --speed 60 --seed 7 --json

soak: .venv/.installed-dev  ## an hour of crashes: 100 deaths of the cloud on each store, 2000 faults on the way there
	TAKTLINE_CLOUD_KILLS=100 $(PY) -m pytest -s tests/chain/test_kills.py
	TAKTLINE_CLOUD_KILLS=100 TAKTLINE_KILL_STORE=postgresql $(PY) -m pytest -s tests/chain/test_kills.py
	TAKTLINE_CHAOS_FAULTS=2000 $(PY) -m pytest -s tests/chain/test_chaos.py

fuzz: .venv/.installed-dev  ## fuzz every parser of outside input, FUZZ_SECONDS (60) each; ARGS="llrp-stream" for one
	$(PY) tests/fuzz $(ARGS)

ui: cloud/ui/dist/.built  ## build the web app

lock:  ## compile the hashed requirement files anew (needs pip-tools)
	cd requirements && for name in dev demo edge; do \
	  c=""; [ $$name = dev ] || c="-c dev.txt"; \
	  pip-compile --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-find-links $$c -o $$name.txt $$name.in; \
	done

clean:  ## remove what was built or installed here
	rm -rf .venv .make tests/interop/node_modules cloud/ui/node_modules cloud/ui/dist var

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

# Independent Sparkplug programs that the interop tests talk to; pysparkplug needs an older paho-mqtt than we do.
.make/peer-pysparkplug/.installed: requirements/peer-pysparkplug.txt
	@echo "· installing the Sparkplug peers of the interop tests"
	@$(PYTHON) -m venv .make/peer-pysparkplug
	@.make/peer-pysparkplug/bin/python -m pip --disable-pip-version-check -q install --require-hashes -r $<
	@touch $@

tests/interop/node_modules/.installed: tests/interop/package-lock.json
	@npm --prefix tests/interop ci --no-audit --no-fund --loglevel=error
	@touch $@

cloud/ui/node_modules/.installed: cloud/ui/package-lock.json
	@echo "· installing the web app's packages"
	@$(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

cloud/ui/dist/.built: $(UI_SRC) cloud/ui/node_modules/.installed
	@echo "· building the web app"
	@$(NPM) run --silent build
	@touch $@
