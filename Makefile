.DEFAULT_GOAL := help
.PHONY: help setup demo run test test-slow crash simulate simulate-long sabotage mutate check fix bench screenshots migration
SEED ?= 1
DAYS ?= 30
CHANNELS ?= 1000
POSTS ?= 0.25
MUTMUT := 3.8.1
MUTANTS ?=
AT_ONCE ?= 1
PYTHON ?= python3
UV ?= $(shell uv --version >/dev/null 2>&1 && echo uv || echo .uv/bin/uv)
RUN := $(UV) run --no-sync
# Where no bytecode is kept, every process that starts compiles two thousand files again.
unexport PYTHONDONTWRITEBYTECODE

help:  ## this list
	@awk -F ':.*##' '/^[a-z-]+:.*##/ {printf "  make %-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## everything that is needed, into .venv
	@$(UV) --version >/dev/null 2>&1 || { $(PYTHON) -m venv .uv && .uv/bin/pip install --quiet --disable-pip-version-check uv; }
	@$(UV) sync --quiet --frozen --all-extras --all-groups

demo: setup  ## the product against an emulated Telegram, with posts arriving
	$(RUN) tgac demo

run: setup  ## the product as .env says
	$(RUN) tgac up

test: setup  ## the everyday suite, on SQLite and on a Postgres that it starts itself
	$(RUN) pytest -n 2 --dist worksteal -m "not slow"

test-slow: setup  ## processes killed around a send and in the intake; every page looked at
	$(RUN) pytest -m "slow and not crash"

crash: setup  ## processes killed, held and failing at every point; 10,000 posts among 200 kills, on both databases
	$(RUN) pytest -m crash -s

simulate: setup  ## a month of many channels: make simulate SEED=1 DAYS=30 CHANNELS=1000 POSTS=0.25 (a day in each)
	$(RUN) python -m tests.simulation --seed $(SEED) --days $(DAYS) --channels $(CHANNELS) --posts-a-day $(POSTS)

simulate-long: setup  ## a thousand seeds of small, troubled simulations
	$(RUN) python -m tests.simulation --seed 1 --seeds 1000 --days 0.5 --channels 4 --posts-a-day 12 --trouble 4

sabotage: setup  ## does what guards the line notice when it is broken on purpose?
	$(RUN) python -m tests.sabotage

mutate: setup  ## is every line of the decision, the limits and the planner held by a test? a quarter of an hour
	rm -rf mutants  # mutmut keeps its copy of a file that has changed since: it would ask old tests
	$(UV) run --no-sync --with mutmut==$(MUTMUT) mutmut run --max-children $(AT_ONCE) $(MUTANTS)

check: setup  ## formatting, types, import order, dependencies, templates, house rules
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports --cache-dir .import_linter_cache
	$(RUN) deptry src --extend-exclude '.*/tests/.*' \
		--per-rule-ignores 'DEP002=aiosqlite|asyncpg|httptools|python-multipart,DEP003=pydantic_core|starlette'
	$(RUN) djlint src/tgac --lint --quiet --ignore H006,H015,H021,H025,H030,H031
	$(RUN) pytest tests/test_architecture.py

fix: setup  ## mend what a program can mend
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

bench: setup  ## how fast it is, against baselines
	$(RUN) python -m bench

screenshots: setup  ## the demo's pages into docs/screenshots, to be looked at
	$(RUN) python -m tests.screenshots

migration: setup  ## draft a migration: make migration M="what changes"
	@test -n "$(M)" || { echo 'Say what changes: make migration M="bots have a colour"'; exit 2; }
	$(RUN) python -m tgac.migrations "$(M)"
