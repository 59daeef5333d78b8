# `make help` lists what there is. Every target sets up what it needs; nothing has to be installed first
# but Python 3.11-3.13, make and Terraform.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && { echo "$$p"; break; }; done)
BIN := .venv/bin
STAGE ?= local
# Else each of the hundreds of processes of a test run compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test nightly test-clock lint style valid notebook strip bench clients review pictures up down plan apply destroy requirements clean

help: ## Show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## Set up the Python environment in .venv

# All is pinned, what each needs included: so two halves are installed beside one another.
.venv/ready: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "This needs Python 3.11, 3.12 or 3.13 on PATH (or: make PYTHON=/path/to/python3.12)." >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv || { echo "Python's venv module is missing; on Debian: apt install python3-venv." >&2; exit 1; }
	@echo "Setting up .venv (a minute or two the first time) ..."
	@awk '/^[a-z]/ { n++ } n { print > (".venv/half-" n % 2) }' requirements.txt
	@printf '%s\n' .venv/half-0 .venv/half-1 | xargs -n 1 -P 2 $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

terraform:
	@infra/bin/terraform version >/dev/null

browser:
	@infra/bin/browser

.PHONY: terraform browser
demo: setup terraform ## Run the whole pipeline here, on real input, and check every total
	@$(BIN)/lake demo

test: terraform browser ## Lint and tests: Python, Terraform, pages, and the stack on the emulator
	@infra/bin/test

nightly: terraform browser ## All tests, ten times as many examples of each, and the drills: for the night
	@LAKE_EXAMPLES=10 infra/bin/test

test-clock: setup terraform browser ## The tests at other hours and days: make test-clock AT="08:00 leap" TESTS=tests/stack
	@$(BIN)/python -m tests.clock $(TESTS) $(if $(AT),--at $(AT))

drills: setup terraform ## What goes wrong on a stage, done on purpose; also a killed emulator, and prod on one
	@$(BIN)/python -m pytest -p no:cacheprovider -o faulthandler_timeout=1800 tests/stack/drills

lint: style valid ## ruff, mypy --strict, clean notebooks, terraform fmt and validate

style: setup terraform
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m tests.notebooks
	@infra/bin/terraform fmt -check -recursive -diff infra
	@$(BIN)/mypy

valid: terraform
	@infra/bin/validate

notebook: setup ## Open the notebooks in JupyterLab: make notebook STAGE=prod
	@echo "Setting up JupyterLab (a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-notebooks.txt
	@root=$$(test "$$(id -u)" != 0 || echo --allow-root); \
	LAKE_STAGE=$(STAGE) $(BIN)/python -m jupyterlab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=notebooks $$root

strip: setup ## Remove what running them left in the notebooks, before a commit
	@$(BIN)/python -m tests.notebooks --strip

bench: setup ## Measure the product beside what a user would pick instead
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
	@$(BIN)/python -m tests.bench

.clients/ready: requirements-clients.txt
	@"$(PYTHON)" -m venv --clear .clients
	@echo "Setting up the AWS CLI and dbt (a minute or two the first time) ..."
	@.clients/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-clients.txt
	@touch $@

clients: setup terraform .clients/ready ## Try the AWS CLI and dbt on the stage's Athena
	@$(BIN)/python -m pytest -p no:cacheprovider tests/clients

.review/ready: requirements-review.txt
	@"$(PYTHON)" -m venv --clear .review
	@echo "Setting up moto, parliament and cloudsplaining (a minute the first time) ..."
	@.review/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-review.txt
	@touch $@

review: setup terraform .review/ready ## A second opinion on what prod asks AWS for, and on its policies
	@.review/bin/python -m tests.review

pictures: setup terraform browser ## Make the pictures of README anew, of a stage that really runs
	@$(BIN)/python -m tests.pictures

up: setup terraform ## Start the local stage (emulator, Terraform apply)
	@$(BIN)/lake up

down: setup ## Stop the local stage; what it holds is kept
	@$(BIN)/lake down

plan: setup terraform ## Terraform plan of a stage: make plan STAGE=test
	@$(BIN)/lake plan --stage $(STAGE)

apply: setup terraform ## Show a plan, ask, and apply that very plan: make apply STAGE=test
	@$(BIN)/lake apply --stage $(STAGE)

destroy: setup terraform ## Show, ask, and remove a stage with all it holds: make destroy STAGE=test
	@$(BIN)/lake destroy --stage $(STAGE)

requirements: setup ## Compile the pinned, hashed requirements from pyproject.toml
	@infra/bin/requirements

clean: ## Remove the environment, the local stage and every cache
	@rm -rf .venv .clients .review .lake .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
