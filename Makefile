# Everything installs itself into .venv; all it takes is Python 3.11 or newer.
PYTHON ?= $(firstword $(shell command -v python3.11) $(shell command -v python3))
BIN := .venv/bin
DEMO := .venv/.demo-installed
DEV := .venv/.dev-installed
# mysqlclient is compiled (libmariadb-dev, pkg-config): only where a MariaDB is asked for.
MYSQL := .venv/.mysql-installed
DRIVER := $(if $(findstring mysql,$(MARIADB_URL) $(DATABASE_URL)),$(MYSQL))
# The chaos starts servers of its own: it has a MariaDB where its server and its library are.
CHAOS_DRIVER := $(if $(shell PATH="$$PATH:/usr/sbin" command -v mariadbd && pkg-config --exists libmariadb && echo yes),$(MYSQL))

.DEFAULT_GOAL := help
.PHONY: help demo demo-check test chaos matrix corners lint bench clean

help: ## show these targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: $(DEMO) $(DRIVER) ## play the claims story, then serve it at http://127.0.0.1:8000/ until Ctrl-C
	$(BIN)/python manage.py demo

demo-check: $(DEMO) $(DRIVER) ## play the claims story and fail unless every promise in it held
	$(BIN)/python manage.py demo --check

test: $(DEV) $(DRIVER) ## the whole suite on SQLite, PostgreSQL (POSTGRES_URL, or one of its own) and MARIADB_URL
	$(BIN)/python -m tests.every_database $(ARGS)

chaos: $(DEV) $(CHAOS_DRIVER) ## kills, cuts, lost answers and restarts, seeded, on every database; what became of each promise
	$(BIN)/python -m tests.chaos $(ARGS)

lint: $(DEV) ## ruff, mypy, the layers, and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/house

matrix: $(DEV) ## what depends on them, on SQLite, with every Python and Django and the lowest dependencies
	$(BIN)/nox $(ARGS)

corners: $(DEV) ## the two corners of the matrix: the lowest and the highest of everything
	$(BIN)/nox --tags corners $(ARGS)

bench: $(DEV) $(DRIVER) ## cost of a command against an unguarded PATCH, drain and latency, on every database
	$(BIN)/python -m tests.bench $(ARGS)

clean: ## forget the environment and everything built
	rm -rf .venv .nox build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

$(DEV): $(DEMO)
	$(BIN)/python -m pip install --quiet --group dev
	@touch $@

$(MYSQL): $(DEMO)
	$(BIN)/python -m pip install --quiet --editable '.[mysql]'
	@touch $@

$(DEMO): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[demo]'
	@touch $@
