# `make demo`, `make up` and `make test` install what they need.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
CONTRACTS := .venv-contracts
PEERS := .venv-peers
BENCH := .venv-bench
UV_VERSION := 0.13.9
# The environment that starts make may carry settings of another lake.
unexport HUTONG_ROOT HUTONG_LAKE HUTONG_SECRETS HUTONG_HOME
# Images of Python often set it; then every process would compile all that it imports again, Airflow's for two seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install demo up down test test-slow chaos cluster-test bench peers lint contracts docs record lock clean

help: ## Say what each target does
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

install: $(VENV)/.installed ## Create .venv and install the locked packages, when needed

demo: install ## Start four simulated platforms, run the DAGs, and ask who knew first (2 minutes)
	@$(BIN)/hutong demo

up: install ## Start Airflow with a simulated city in the background, on schedule, until `make down`
	@$(BIN)/hutong up

down: install ## Stop what `make up` started; the lake and Airflow's database stay in up/
	@$(BIN)/hutong down

test: install ## Install, lint, check types and contracts, and run all tests (12 minutes)
	@$(MAKE) --no-print-directory -j2 lint contracts
	$(BIN)/python -m pytest -n 2 --dist loadgroup

test-slow: install ## Run the few tests that `make test` leaves out
	$(BIN)/python -m pytest -m slow

chaos: install ## Kill the pipeline 500 times, and race it 20 times, on disk and on an S3 server (about 15 minutes)
	$(BIN)/python -m tests.chaos --kills 500

cluster-test: install ## Start a cluster on loopback, kill parts of it while it syncs three cities, and compare (8 minutes)
	$(BIN)/python -m tests.cluster

bench: install $(BENCH)/.installed ## Measure against peers: meaning, publishing, pulling; and what a worker carries (about 30 minutes)
	$(BIN)/python -m benchmarks.meaning --peers $(BENCH)/bin/python --results benchmarks/results.md
	$(BIN)/python benchmarks/publish.py
	$(BIN)/python benchmarks/pull.py
	$(BIN)/python -m benchmarks.scale --short

peers: install $(PEERS)/.installed ## Sync servers that are not ours by YAML alone: PostgreSQL, MariaDB, datasette, pygeoapi (2 minutes)
	$(BIN)/python -m pytest -m 'slow or not slow' tests/peers

lint: install ## Check format, style, types and the floors of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports

contracts: $(CONTRACTS)/.installed ## Lint every contract with the official tool, in an environment of its own
	@$(CONTRACTS)/bin/python tests/lint_contracts.py schemas

docs: install ## Make the reference pages of connectors and mappings again from the models
	$(BIN)/python -m hutong.registry.reference connector > docs/connector-reference.md
	$(BIN)/python -m hutong.registry.reference mapping > docs/mapping.md

record: ## Make the city's recording again with SUMO (installs 500 MB)
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps eclipse-sumo==1.28.0 sumo-data==1.28.0
	$(BIN)/python -m citysim record --out src/citysim/recording

lock: install ## Lock the packages again (hashes, no download addresses)
	$(BIN)/uv pip compile pyproject.toml --extra airflow --extra gates --extra report --extra city --extra database --extra cluster --extra lineage --extra metrics --extra dev \
	  --generate-hashes --no-emit-index-url --universal --python-version 3.11 --quiet --output-file requirements.lock
	echo 'datacontract-cli==1.2.8' | $(BIN)/uv pip compile - \
	  --generate-hashes --no-emit-index-url --universal --python-version 3.11 --quiet --output-file requirements-contracts.lock
	printf 'datasette==0.65.5\npygeoapi==0.21.0\n' | $(BIN)/uv pip compile - \
	  --generate-hashes --no-emit-index-url --universal --python-version 3.11 --quiet --output-file requirements-peers.lock
	$(BIN)/uv pip compile benchmarks/requirements.in \
	  --generate-hashes --no-emit-index-url --universal --python-version 3.11 --quiet --output-file requirements-bench.lock

clean: ## Remove the environments and what the demo made
	rm -rf $(VENV) $(CONTRACTS) $(PEERS) $(BENCH) demo

$(VENV)/.installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "hutong needs Python 3.11 or later: install it, or name it with PYTHON=..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip sync --quiet --require-hashes requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(CONTRACTS)/.installed: requirements-contracts.lock $(VENV)/.installed
	$(PYTHON) -m venv $(CONTRACTS)
	VIRTUAL_ENV=$(CONTRACTS) $(BIN)/uv pip sync --quiet --require-hashes requirements-contracts.lock
	@touch $@

$(PEERS)/.installed: requirements-peers.lock $(VENV)/.installed
	$(PYTHON) -m venv $(PEERS)
	VIRTUAL_ENV=$(PEERS) $(BIN)/uv pip sync --quiet --require-hashes requirements-peers.lock
	@touch $@

$(BENCH)/.installed: requirements-bench.lock $(VENV)/.installed
	$(PYTHON) -m venv $(BENCH)
	VIRTUAL_ENV=$(BENCH) $(BIN)/uv pip sync --quiet --require-hashes requirements-bench.lock
	@touch $@
