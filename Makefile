# Every command of the project; `make` alone prints them. All state lives in $(VENV) and target/: delete both to start afresh.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8000
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamps
# constraints.txt has the version of every package; `make lock` writes it anew.
PIP := $(BIN)/python -m pip install --disable-pip-version-check
LOCKED := $(PIP) --constraint constraints.txt
# One interpreter for every cargo call, or the crate is compiled anew at each turn.
export PYO3_PYTHON := $(abspath $(BIN)/python)
# Compiled Python goes into target/, and is written even where the machine says not to: demo and tests start many
# Pythons, and without it each of them compiles Django anew, which takes as long as the rest of its start.
export PYTHONPYCACHEPREFIX := $(abspath target/pycache)
unexport PYTHONDONTWRITEBYTECODE
# How long `make fuzz` runs, all its targets together.
FUZZ_SECONDS ?= 120
SOAK_SECONDS ?= 300
# Each worker starts a PostgreSQL, a demo site and a Chromium of its own; a file's tests stay together. Long files come
# first: tests/conftest.py orders them.
PARALLEL ?= -n 2 --dist loadfile --no-loadscope-reorder
NATIVE := Cargo.toml Cargo.lock pyproject.toml native/Cargo.toml native/build.rs native/supported.rs $(shell find native/src -name '*.rs')
# rustfmt does not follow the modules that the kinds! table declares, so it is given every file.
SOURCES := native/build.rs native/supported.rs $(shell find native/src native/tests native/benches benchmarks tests/fuzz -name '*.rs')
MANAGE := $(BIN)/python -m demo_site.manage
# Which Python an environment was made with.
IDENTITY := 'import os, sys; print(sys.version.split()[0], os.path.realpath(sys.executable))'
# Edition 2024, which the crate is written in, came with Rust 1.85.
define CHECK_RUST
for tool in rustc cargo; do \
	command -v $$tool >/dev/null || { echo "PyForge Web needs Rust 1.85 or newer: no '$$tool' in PATH (see https://rustup.rs)."; exit 1; }; \
	version=$$($$tool --version | cut -d' ' -f2); minor=$${version#*.}; \
	[ "$${version%%.*}" -gt 1 ] || [ "$${minor%%.*}" -ge 85 ] || { echo "PyForge Web needs Rust 1.85 or newer: '$$tool' is $$version (see https://rustup.rs)."; exit 1; }; \
done
endef

.DEFAULT_GOAL := help
.PHONY: help install demo test rust-tests check ci lock docs docs-serve wheel-pgo kernels bench fuzz asan coverage soak django-suite screenshots format clean again

help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

# `make PYTHON=...` with another Python than the one the environment was made with makes it anew. Without PYTHON= it stays.
ifneq ($(origin PYTHON),file)
ifneq ($(wildcard $(STAMP)/venv),)
ifneq ($(shell cat $(STAMP)/venv),$(shell $(PYTHON) -c $(IDENTITY) 2>/dev/null))
$(STAMP)/venv: again
endif
endif
endif
again:

$(STAMP)/venv:
	@command -v $(PYTHON) >/dev/null || { echo "PyForge Web needs Python 3.11 or newer: no '$(PYTHON)' in PATH (choose one with PYTHON=...)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "PyForge Web needs Python 3.11 or newer: '$(PYTHON)' is $$($(PYTHON) -V 2>&1) (choose another with PYTHON=...)."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.implementation.name != "cpython")' || { echo "PyForge Web needs CPython: '$(PYTHON)' is another Python (choose one with PYTHON=...)."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "PyForge Web needs Python's venv module: install it (Debian: apt-get install python3-venv)."; exit 1; }
	@$(CHECK_RUST)
	@command -v cc >/dev/null || { echo "PyForge Web needs a C linker: no 'cc' in PATH (Debian: apt-get install gcc)."; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) -V 2>&1). The first time takes a minute or two: packages are downloaded, then Rust is compiled."
	@$(PYTHON) -m venv $$([ ! -e $@ ] || echo --clear) $(VENV)
	$(PIP) --quiet --upgrade 'pip>=25.1'
	@mkdir -p $(STAMP) && $(PYTHON) -c $(IDENTITY) > $@

# What the demo needs, and what builds the Rust core.
$(STAMP)/demo: pyproject.toml constraints.txt $(STAMP)/venv
	$(LOCKED) --no-compile Django 'maturin>=1.9.4,<2' --group demo
	@touch $@

$(STAMP)/deps: $(STAMP)/demo
	@echo "Installing the packages of the tests: about 300 MB."
	$(LOCKED) --no-compile --group dev
	@touch $@

$(STAMP)/bench: $(STAMP)/deps
	$(LOCKED) --group bench
	@touch $@

$(STAMP)/native: $(NATIVE) $(STAMP)/demo
	@$(CHECK_RUST)
	env -u MAKEFLAGS VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin develop --release --group demo
	@touch $@

install: $(STAMP)/native $(STAMP)/deps ## Set up the virtual environment and build the Rust core (release)

demo: $(STAMP)/native ## Set up, build, migrate, load the airports, serve the demo site
	@$(BIN)/python -m demo_site.check_port $(PORT)
	$(MANAGE) migrate --verbosity 0
	$(MANAGE) seed_demo
	@echo "The demo site: http://127.0.0.1:$(PORT)/"
	$(MANAGE) runserver $(PORT)

# The core's last step is the work of one processor, so Rust's tests are compiled beside it. Cargo works with as many
# processors as it finds, not with those of make's job server.
test: $(STAMP)/deps ## Set up, build, run all tests: Rust's and Python's
	@$(MAKE) --jobs=2 $(STAMP)/native rust-tests
	$(BIN)/python -m pytest -q $(PARALLEL)

rust-tests: $(STAMP)/venv ## The tests of the Rust crates alone
	env -u MAKEFLAGS cargo test --quiet --workspace --locked

ci: $(STAMP)/native $(STAMP)/deps ## What CI runs: checks, all tests, the newest Python with the newest Django, two minutes of fuzzing
	$(LOCKED) --group mysql
	$(MAKE) check
	$(MAKE) test
	$(BIN)/nox --session newest -- $(PARALLEL)
	$(MAKE) fuzz

lock: $(STAMP)/venv ## Write constraints.txt anew: the newest version of every package
	$(PIP) --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-header --no-annotate --group dev --group bench --group mysql --group soak --group docs --group security --group package --output-file constraints.txt pyproject.toml

check: $(STAMP)/native $(STAMP)/deps ## Lint, types, stubs, import contract, formatting, figures of the docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m mypy.stubtest pyforge_web._native
	$(BIN)/lint-imports
	rustfmt --edition 2024 --check $(SOURCES)
	cargo clippy --quiet --workspace --all-targets --locked -- -D warnings
	$(BIN)/python -m benchmarks.figures check

wheel-pgo: $(STAMP)/demo ## Build a wheel whose core is optimized by a profile of its own work, into target/wheels/
	@ls "$$(rustc --print target-libdir)"/../bin/llvm-profdata >/dev/null 2>&1 || { echo "make wheel-pgo needs LLVM's tools of the Rust toolchain: rustup component add llvm-tools"; exit 1; }
	VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/maturin build --release --locked --pgo --interpreter $(abspath $(BIN)/python)

bench: $(STAMP)/native $(STAMP)/bench ## Measure beside the peers (about 40 minutes), write benchmarks/results/ and the figures of README and docs
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.figures write

fuzz: $(STAMP)/deps ## Fuzz the pure Rust parts beside Python's json for FUZZ_SECONDS (120)
	$(BIN)/python -m tests.fuzz $(FUZZ_SECONDS)

kernels: ## Test the text kernels for 64-bit ARM under qemu-user, count their instructions
	$(PYTHON) -m tests.kernels

asan: $(STAMP)/native $(STAMP)/deps ## The tests of encoder, rows, validation and bodies under AddressSanitizer
	$(BIN)/python -m tests.instrumented asan

coverage: $(STAMP)/native $(STAMP)/deps ## Coverage of Python and Rust by all tests, into target/coverage/
	$(BIN)/python -m tests.instrumented coverage $(PARALLEL)

soak: $(STAMP)/native $(STAMP)/deps ## Real servers under load for SOAK_SECONDS (300), with PostgreSQL and pgbouncer
	$(LOCKED) --group soak
	$(BIN)/python -m tests.soak $(SOAK_SECONDS)

django-suite: $(STAMP)/native $(STAMP)/deps ## Django's own tests with the product in place: a part of some ten minutes
	$(BIN)/python -m tests.django_suite

docs: $(STAMP)/native ## Build the documentation site into target/docs/; a warning or a broken link is an error
	$(LOCKED) --quiet --group docs
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going docs target/docs
	@echo "Open target/docs/index.html, or run make docs-serve"

docs-serve: docs ## Serve the documentation site at http://127.0.0.1:8000/
	@$(BIN)/python -m demo_site.check_port $(PORT)
	@echo "The documentation: http://127.0.0.1:$(PORT)/"
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory target/docs

screenshots: $(STAMP)/native $(STAMP)/deps ## Take the pictures in docs/images/ anew, of the demo, with Chromium
	$(BIN)/python -m demo_site.screenshots

format: $(STAMP)/deps ## Format Python and Rust
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	rustfmt --edition 2024 $(SOURCES)

clean: ## Remove the virtual environment and what was built
	rm -rf $(VENV) .nox target pyforge_web/_native*.so demo_site/*.sqlite3
