# Every command of the project; `make` alone prints them. All state lives in $(VENV) and target/: delete both to start afresh.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamps
# One interpreter for every cargo call, or the crate is compiled anew at each turn.
export PYO3_PYTHON := $(abspath $(BIN)/python)
# How long `make fuzz` runs, all its targets together.
FUZZ_SECONDS ?= 120
SOAK_SECONDS ?= 300
# Each worker starts a PostgreSQL, a demo site and a Chromium of its own; a file's tests stay together.
PARALLEL ?= -n 2 --dist loadfile
NATIVE := Cargo.toml Cargo.lock pyproject.toml native/Cargo.toml native/build.rs $(shell find native/src -name '*.rs')
# rustfmt does not follow the modules that the kinds! table declares, so it is given every file.
SOURCES := native/build.rs $(shell find native/src native/benches benchmarks tests/fuzz -name '*.rs')
MANAGE := $(BIN)/python -m demo_site.manage

.DEFAULT_GOAL := help
.PHONY: help install demo test test-matrix check bench fuzz asan coverage soak django-suite screenshots format clean

help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

$(STAMP)/venv:
	@command -v $(PYTHON) >/dev/null || { echo "PyForge Web needs Python 3.11 or newer: no '$(PYTHON)' in PATH (choose one with PYTHON=...)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "PyForge Web needs Python 3.11 or newer: '$(PYTHON)' is $$($(PYTHON) -V 2>&1) (choose another with PYTHON=...)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "PyForge Web needs Python's venv module: install it (Debian: apt-get install python3-venv)."; exit 1; }
	@command -v cargo >/dev/null || { echo "PyForge Web needs Rust 1.85 or newer: no 'cargo' in PATH (see https://rustup.rs)."; exit 1; }
	@command -v cc >/dev/null || { echo "PyForge Web needs a C linker: no 'cc' in PATH (Debian: apt-get install gcc)."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1'
	@mkdir -p $(STAMP) && touch $@

$(STAMP)/deps: pyproject.toml $(STAMP)/venv
	$(BIN)/python -m pip install -q --group dev
	@touch $@

$(STAMP)/bench: $(STAMP)/deps
	$(BIN)/python -m pip install -q --group bench
	@touch $@

$(STAMP)/native: $(NATIVE) $(STAMP)/deps
	$(BIN)/python -m pip install -q --no-build-isolation --editable .
	@touch $@

install: $(STAMP)/native ## Set up the virtual environment and build the Rust core (release)

demo: $(STAMP)/native ## Set up, build, migrate, load the airports, serve the demo site
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) seed_demo
	@echo "The demo site: http://127.0.0.1:$(PORT)/"
	$(MANAGE) runserver $(PORT)

test: $(STAMP)/native ## Set up, build, run all tests: Rust's and Python's
	cargo test --quiet --workspace --locked
	$(BIN)/python -m pytest -q $(PARALLEL)

test-matrix: $(STAMP)/native ## The Python tests under every supported interpreter on this machine
	$(BIN)/python -m tests.matrix $(PARALLEL)

check: $(STAMP)/native ## Lint, types, stubs, import contract, formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest pyforge_web._native
	$(BIN)/lint-imports
	rustfmt --edition 2024 --check $(SOURCES)
	cargo clippy --quiet --workspace --all-targets --locked -- -D warnings

bench: $(STAMP)/native $(STAMP)/bench ## Measure beside the peers, write benchmarks/results/
	$(BIN)/python -m benchmarks

fuzz: $(STAMP)/deps ## Fuzz the pure Rust parts beside Python's json for FUZZ_SECONDS (120)
	$(BIN)/python -m tests.fuzz $(FUZZ_SECONDS)

asan: $(STAMP)/deps ## The tests of encoder, rows, validation and bodies under AddressSanitizer
	$(BIN)/python -m tests.instrumented asan

coverage: $(STAMP)/native ## Coverage of Python and Rust by all tests, into target/coverage/
	$(BIN)/python -m tests.instrumented coverage $(PARALLEL)

soak: $(STAMP)/native ## Real servers under load for SOAK_SECONDS (300), with PostgreSQL and pgbouncer
	$(BIN)/python -m pip install -q --group soak
	$(BIN)/python -m tests.soak $(SOAK_SECONDS)

django-suite: $(STAMP)/native ## Django's own tests with the product in place: a part of some ten minutes
	$(BIN)/python -m tests.django_suite

screenshots: $(STAMP)/native ## Take the pictures in docs/images/ anew, of the demo, with Chromium
	$(BIN)/python -m demo_site.screenshots

format: $(STAMP)/deps ## Format Python and Rust
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	rustfmt --edition 2024 $(SOURCES)

clean: ## Remove the virtual environment and what was built
	rm -rf $(VENV) .venv-3.* target pyforge_web/_native*.so demo_site/*.sqlite3
