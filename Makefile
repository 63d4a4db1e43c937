# Needs python3.11 and make; everything else comes from requirements.lock, with hashes.

PYTHON ?= python3.11
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help demo up verify test check mutants bench simulate fire ten-years clean

help: ## what there is to do
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/ready ## half a year of thirty customers: orders, calls, invoices, reversals, letters
	$(BIN)/termijn demo

up: .venv/ready ## the whole system on this machine, until Ctrl-C
	$(BIN)/termijn up

verify: .venv/ready ## do the books of what `make demo` or `make up` left hold?
	$(BIN)/termijn verify

test: .venv/ready ## every test, against the wheel as it would be released
	.ci/test-wheel

check: .venv/ready ## the quick check: format, lint, types, import rules, tests without a database
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest -n 2 -m "not slow and not database"
	$(BIN)/python -m termijn.testing.mutants --changed --quick

mutants: .venv/ready ## prove that tests can fail: ARGS="--changed", "--rule CAT-21", "--quick"
	$(BIN)/python -m termijn.testing.mutants $(ARGS)

bench: .venv/ready ## how fast it is here, in some five minutes: NAME="append clock" for some of it, ARGS=--json, ARGS=--quick (docs/benchmarks.md)
	@for name in $(or $(NAME),append command timers rebuild transport "transport --transport kafka" clock demo); do \
	  echo "== $$name"; $(BIN)/termijn bench $$name $(ARGS) || [ "$$name" = "transport --transport kafka" ] || exit 1; done

simulate: .venv/ready ## random histories under faults: STEPS=1000000 SEED=1 (nightly; docs/nightly.md)
	$(BIN)/python -m termijn.testing.simulation --go-on --steps $(or $(STEPS),20000) --seed $(or $(SEED),1)

fire: .venv/ready ## random SIGKILLs over log and Kafka, two replicas of every service: KILLS=1000 SEED=1 (nightly; docs/nightly.md)
	$(BIN)/python -m termijn.testing.fire --kills $(or $(KILLS),50) --seed $(or $(SEED),1)

ten-years: .venv/ready ## ten sandbox years of twenty accounts, a line of figures per year: YEARS=10 ACCOUNTS=20 (nightly; docs/nightly.md)
	$(BIN)/python -m termijn.testing.ten_years $(or $(YEARS),10) $(or $(ACCOUNTS),20)

clean: ## remove what was built; data folders stay
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) install --require-hashes -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@
