# What people and CI run. `make` alone says what there is.

CARGO ?= cargo
# scripts/inventory is Python.
SCRIPTS := $(filter-out scripts/lib scripts/inventory,$(wildcard scripts/*)) \
	$(wildcard scripts/lib/*.sh tests/daemon/ordinary/*.sh) plugin/build .ci/run
# The fuzz targets are a package of their own; what it shares with the program is built once.
FUZZ := --manifest-path fuzz/Cargo.toml --target-dir $(or $(CARGO_TARGET_DIR),target) --locked
SECONDS ?= 60

.DEFAULT_GOAL := help
.PHONY: help build demo test lint engines unit differential packaging fuzz clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build target/release/lockgate
	@scripts/setup build
	$(CARGO) build --release --locked

demo: ## see it refuse, with a Docker daemon of its own (root; ONCE=1 to end by itself, AUDIT=1)
	@scripts/demo

test: SECONDS = 5
test: lint unit packaging fuzz ## everything that must pass: what CI runs (root)

lint: ## format, clippy, documentation, shellcheck
	@scripts/setup test
	$(CARGO) fmt --all --check
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	$(CARGO) clippy $(FUZZ) --all-targets -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --locked --no-deps --document-private-items
	shellcheck -x $(SCRIPTS)

engines: ## three Debian systems below target, whose Docker the tests use (root)
	@scripts/setup test
	scripts/engines

unit: engines ## the tests in Rust, those against real Docker daemons too (root)
	$(CARGO) test --locked
	$(CARGO) test $(FUZZ)

fuzz: ## look for requests that break a promise (SECONDS=60 for each target, TARGETS=all)
	@scripts/setup test
	scripts/fuzz $(SECONDS) $(TARGETS)

# ONLY shows one case again, by its number.
REQUESTS ?= 50000
SEED ?= 1
ENGINES ?= bookworm trixie sid
differential: engines ## random requests to Docker and to the gate (root; REQUESTS=, SEED=, ENGINES=, ONLY=)
	REQUESTS=$(REQUESTS) SEED=$(SEED) ONLY=$(ONLY) $(CARGO) test --locked --test differential -- \
		--nocapture --test-threads=3 $(addprefix on_,$(ENGINES))

packaging: ## the systemd units, the managed plugin and the demo, proved (root)
	@scripts/setup test
	$(CARGO) build --release --locked
	scripts/verify-units
	scripts/prove-units
	scripts/prove-plugin
	ONCE=1 scripts/demo
	ONCE=1 AUDIT=1 scripts/demo

clean: ## remove what was built
	$(CARGO) clean
	rm -rf plugin/rootfs fuzz/target
