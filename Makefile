# What there is to do with a clone. `make demo` first; it needs Python 3.11+, make and git.

.DEFAULT_GOAL := help
.PHONY: help demo lab test ci soak bench lint build clean chromium

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/with-lab ## run the quickstart on real data, scripted replies: no key, no network
	@$(BIN)/nbagent demo --out build/demo

lab: .venv/with-lab ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) notebooks

test: .venv/with-test chromium lint ## everything a change must pass, in minutes
	$(PYTEST) -q -n 2 -m "not browser"
	$(PYTEST) -q -m browser

ci: test ## test, and a seeded share of the long tests that changes by the day
	$(PYTEST) -q -m long --long sample

soak: .venv/with-test ## every long test
	$(PYTEST) -q -m long --long all

bench: .venv/with-test ## CPU per step against a bare loop over the SDK
	$(BIN)/python -m tests.bench

lint: .venv/with-test ## style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

build: .venv/with-test ## wheel and source distribution, in dist/
	$(BIN)/python -m hatchling build

clean: ## remove what was made here, .venv included
	rm -rf .venv build dist .mypy_cache .ruff_cache .hypothesis

chromium:
	@sh .ci/chromium

.venv/with-lab: pyproject.toml
	@sh .ci/venv lab,data
	@touch $@

.venv/with-test: pyproject.toml
	@sh .ci/venv test
	@touch $@ .venv/with-lab
