# Every target makes its own .venv when it is missing: all that is needed is Python 3.11 or newer, and make.

VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CANDIDATES ?= python3 python3.11 python3.12 python3.13 python3.14
# For what is installed, and for what builds it; pip takes a path apart at its blanks, so it is one without.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := $(PIP_CONSTRAINT)
# As many processes as the tests say; what is said of a run is said of all of them together.
PYTEST := $(BIN)/pytest --numprocesses=auto --dist=worksteal
PROVED := cfacl/engine/*,cfacl/policy/*,cfacl/model/*

.DEFAULT_GOAL := help
.PHONY: help demo test check test-long compiled coverage gates lint typing hbase cassandra bench bench-compare mutants docs clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

demo: $(VENV)/.demo  ## a guarded store with a smart-home backend in it, and who sees what
	@$(BIN)/cfacl demo

test: $(VENV)/.dev  ## all tests
	$(PYTEST) --complete

check: $(VENV)/.dev  ## what is quick: lint and the quick tests, in under two minutes
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	HYPOTHESIS_PROFILE=check $(PYTEST) -m "not slow"

test-long: $(VENV)/.dev  ## all tests, with thousands of examples for each property
	HYPOTHESIS_PROFILE=long $(PYTEST) --complete

compiled: CHOSEN ?= --complete
compiled: $(VENV)/.dev  ## all tests, with the hot path compiled in a copy of this tree; needs a C compiler
	rm -rf target/compiled && mkdir -p target/compiled
	git ls-files -z --cached --others --exclude-standard | tar --null --files-from=- --create | tar --extract --directory=target/compiled
	cd target/compiled && HATCH_BUILD_HOOK_ENABLE_MYPYC=true $(abspath $(BIN))/python -m build --wheel --no-isolation . >build.log || { cat build.log; exit 1; }
	cd target/compiled && PYTHONPATH=$(CURDIR)/target/compiled CFACL_REQUIRE=compiled $(abspath $(BIN))/pytest --numprocesses=auto --dist=worksteal --ignore=tests/public/test_tree.py $(CHOSEN)

coverage: $(VENV)/.dev  ## all tests, then the gates: 95 % of everything, 100 % of what decides
	$(PYTEST) --complete --cov --cov-report= --cov-fail-under=0
	@$(MAKE) --no-print-directory gates

gates: $(VENV)/.dev
	$(BIN)/coverage report
	$(BIN)/coverage report --include='$(PROVED)' --fail-under=100

lint: $(VENV)/.dev typing  ## ruff, mypy, pyright, and which room may import which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

typing: $(VENV)/.dev  ## the types that users see, checked by mypy and pyright
	$(BIN)/mypy
	$(BIN)/pyright

hbase cassandra: $(VENV)/.dev
	@$(BIN)/python -m cfacl.testing.servers $@
hbase:  ## a real HBase on this machine, until Ctrl-C; needs Java 17 and Maven
cassandra:  ## a real Cassandra on this machine, until Ctrl-C; needs Java 17 and Maven

bench: $(VENV)/.dev  ## the benchmarks, on this machine
	$(BIN)/python -m benchmarks

bench-compare: $(VENV)/.dev  ## what changed since a run before: make bench-compare BASE=results.json
	$(BIN)/python -m benchmarks.compare $(BASE)

docs: $(VENV)/.dev  ## the site, in site/; whatever is wrong with it is an error
	$(BIN)/sphinx-build -W --keep-going -n -q -c docs . site

mutants: $(VENV)/.dev  ## break the engine line by line; each break must turn a test red
	HYPOTHESIS_PROFILE=mutants $(BIN)/mutmut run
	@$(BIN)/mutmut results > mutants/results && ! grep -v ': timeout$$' mutants/results

clean:  ## remove what the other targets made
	rm -rf $(VENV) mutants dist site .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find cfacl tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The demo's run installs little, so that it starts soon; the tests' run installs all.

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --editable '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --editable '.[dev]'
	@touch $@ $(VENV)/.demo

$(BIN)/python:
	@found=; bare=; \
	for each in $(CANDIDATES); do \
	    $$each -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
	    bare=$${bare:-$$each}; \
	    if $$each -c 'import ensurepip, venv' 2>/dev/null; then found=$$each; break; fi; \
	done; \
	if [ -z "$$bare" ]; then \
	    echo "cfacl needs Python 3.11 or newer, and none was found: apt install python3 python3-venv" >&2; exit 1; \
	elif [ -z "$$found" ]; then \
	    name=python$$($$bare -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	    echo "$$bare has no ensurepip, so it cannot make $(VENV): apt install $$name-venv" >&2; exit 1; \
	fi; \
	$$found -m venv $(VENV)
