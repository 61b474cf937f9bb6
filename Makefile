# The front door. `make help` lists what can be done; everything CI runs is `make check` and `make test`.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

# One profile for building, linting and testing, so that every dependency is compiled once.
PROFILE := --release
CARGO := cargo
LOCKED := --locked

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: page ## Build and serve on 127.0.0.1:8080, data in ./data
	$(CARGO) build $(PROFILE) $(LOCKED) --bin convene
	exec target/release/convene serve

.PHONY: dev
dev: ## Serve the page with Vite, which shows changes at once, and the server behind it
	scripts/build-page.sh packages
	$(CARGO) build $(PROFILE) $(LOCKED) --bin convene
	exec scripts/dev.sh

.PHONY: page
page: ## Build the page into web/dist when its sources changed; run, check and test do
	scripts/build-page.sh

# How many nodes, on which port, and a folder to keep their data in.
NODES ?= 2
PORT ?=
DATA ?=

.PHONY: cluster
cluster: page ## Build and serve from several nodes: NODES=3 PORT=8080 DATA=data-cluster
	scripts/setup-tests.sh servers
	$(CARGO) build $(PROFILE) $(LOCKED) --bin convene
	NODES=$(NODES) PORT=$(PORT) DATA=$(DATA) exec scripts/cluster.sh

.PHONY: test
test: test-tools page ## Set up what tests need and run all of them, on both storage engines
	$(CARGO) nextest run $(PROFILE) $(LOCKED) --workspace
	$(CARGO) test $(PROFILE) $(LOCKED) --workspace --doc
	CONVENE_BIN=$(abspath target/release/convene) npm --prefix web test

.PHONY: check
check: tools page ## Check format, types, lints, documentation, house rules and licences
	npm --prefix web run check
	$(CARGO) fmt --all --check
	$(CARGO) clippy $(PROFILE) $(LOCKED) --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc $(PROFILE) $(LOCKED) --workspace --no-deps
	$(CARGO) nextest run $(PROFILE) $(LOCKED) --workspace --test tidy
	scripts/check-dependencies.sh

.PHONY: soak
soak: test-tools ## Run the crash, outage, reconnecting and many-node tests for 30 rounds
	CONVENE_SOAK_ROUNDS=30 $(CARGO) nextest run $(PROFILE) $(LOCKED) --profile soak --test it \
		-E 'test(/^(kill|outage|first_visitors|nodes|reconnecting)::/)'

.PHONY: bench
bench: ## Measure convene and other servers side by side; writes the table in README.md
	scripts/setup-peers.sh
	$(CARGO) build $(PROFILE) $(LOCKED) --bin convene
	$(CARGO) build $(PROFILE) $(LOCKED) --package convene-loadtests
	target/release/loadtests bench --document README.md

.PHONY: fuzz
fuzz: test-tools fuzz-tools ## Throw honest and hostile input at everything, a minute each; CONTRIBUTING.md has more
	@scripts/fuzz.sh

# Seeds of the simulation, on how many threads, and instead of them a plan that broke a promise.
SEEDS ?= 2000
THREADS ?= 1
PLAN ?=

.PHONY: sim
sim: tools ## Simulate rooms by the seed: SEEDS=100000 THREADS=2, or PLAN=file to run one again
	$(if $(PLAN),CONVENE_SIM_PLAN=$(abspath $(PLAN))) CONVENE_SIM_SEEDS=$(SEEDS) CONVENE_SIM_THREADS=$(THREADS) \
		$(CARGO) nextest run $(PROFILE) $(LOCKED) --profile soak --test simulation --no-capture \
		-E 'test($(if $(PLAN),plans_that_broke,every_seed))'

.PHONY: clean
clean: ## Remove what was built and the tools of the tests; ./data stays
	$(CARGO) clean
	rm -rf tests/clients/node_modules tests/browser/node_modules loadtests/peers/node_modules
	rm -rf web/node_modules web/dist examples/agents/typescript/node_modules examples/agents/typescript/build

.PHONY: tools
tools:
	@scripts/setup-cargo-tools.sh

.PHONY: fuzz-tools
fuzz-tools:
	@scripts/setup-fuzzing.sh

.PHONY: test-tools
test-tools: tools
	@scripts/setup-tests.sh
