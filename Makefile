# What there is to do with a clone. `make demo` first; it needs Python 3.11+, make and git.

.DEFAULT_GOAL := help
.PHONY: help demo lab test ci soak bench lint lint-python lint-page build clean chromium frontend

BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/with-lab ## run the quickstart on real data, scripted replies: no key, no network
	@$(BIN)/nbagent demo --out build/demo

lab: .venv/with-lab frontend ## open JupyterLab on the notebooks
	@$(BIN)/jupyter lab $$([ "$$(id -u)" != 0 ] || echo --allow-root) notebooks

test: .venv/with-test chromium lint ## everything a change must pass, in minutes
	$(PYTEST) -q -n 2

ci: test build/collab build/chinese build/kernels ## test, the course's notebooks, and a share of the long tests that changes by the day
	$(PYTEST) -q -n 2 --long all tests/lessons/course/test_executed.py
	$(PYTEST) -q -n 2 -m long --long sample

soak: .venv/with-test build/collab build/chinese build/kernels ## every long test, and the scorecard
	$(PYTEST) -q -m long --long all
	$(BIN)/python -m tests.scorecard

bench: .venv/with-test chromium frontend ## CPU per step, what the live view costs, and how long a stop takes
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.view
	$(BIN)/python -m tests.bench.stops

lint: .venv/with-test ## style, format and types; the front end's too, with its unit tests
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint-python lint-page

lint-python: .venv/with-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

lint-page: .venv/with-test
	$(BIN)/python labextension/build.py --check

build: .venv/with-test frontend ## wheel and source distribution, in dist/
	HATCH_BUILD_NO_HOOKS=true $(BIN)/python -m hatchling build

clean: ## remove what was made here, .venv included
	rm -rf .venv build dist .mypy_cache .ruff_cache .hypothesis
	rm -rf labextension/node_modules labextension/build nbagent/labextension nbagent/trace/static

frontend: .venv/with-lab
	@$(BIN)/python labextension/build.py

chromium:
	@sh .ci/chromium

build/collab: .venv/with-test
	@sh .ci/collab $@
	@touch $@

build/chinese: .venv/with-test
	@sh .ci/chinese $@
	@touch $@

build/kernels: .venv/with-test
	@sh .ci/kernels $@ 6.31.0 7.0.1 7.1.0 7.2.0 7.3.0 7.4.0
	@touch $@

.venv/with-lab: pyproject.toml
	@sh .ci/venv lab,data
	@touch $@

.venv/with-test: pyproject.toml
	@sh .ci/venv test
	@touch $@ .venv/with-lab
