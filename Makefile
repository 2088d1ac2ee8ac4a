# Two commands on a fresh machine: make demo, make test. Needs Python >= 3.11 with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1
export PYTHONHASHSEED ?= 0
# Tests start hundreds of processes: where nothing is cached, each compiles the package anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-slow check bench fuzz trust trust-full pages screenshots lock

.venv/demo: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/dev: requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@ .venv/demo

.venv/bench: requirements-bench.lock pyproject.toml | .venv/dev
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	touch $@

# Samples rated, then the page at http://localhost:8501. make demo ARGS="--no-serve --json"
demo: .venv/demo
	@$(BIN)/riskprofile demo $(ARGS)

# The suite, on two cores: of three processes two wait for a browser half of their time. What needs
# Chromium or PostgreSQL skips visibly where they are not installed.
test: .venv/dev
	$(BIN)/pytest -n 3 --dist loadgroup $(ARGS)

# Those that take long: fits, kills, every combination of protected columns; and what the suite asks
# of SQLite asked of PostgreSQL, of pages at each width in one language or two asked in the others, of
# some examples asked of all.
test-slow: .venv/dev
	$(BIN)/pytest -n 2 --dist loadgroup -m slow $(ARGS)

# What CI checks besides: format, lint, types, import contract, doctests.
check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict riskprofile training app
	$(BIN)/lint-imports --no-logo
	$(BIN)/pytest --doctest-modules riskprofile -p no:xdist

# Detection beside its peers and the best any model could do, then speed beside its limits: minutes.
bench: .venv/bench
	$(BIN)/python -m benchmarks.detection $(ARGS)
	$(BIN)/python -m benchmarks.pipeline

# Every line of the fault and attack plan: the quick set, and with the plan's own numbers (hours).
trust: .venv/dev
	$(BIN)/python -m tests.trust $(ARGS)

trust-full: .venv/dev
	$(BIN)/python -m tests.trust --full $(ARGS)

# Every reader under a fuzzer that is guided by coverage. make fuzz ARGS="paxlst --seconds 600"
fuzz: .venv/bench
	$(BIN)/python -m tests.fuzz $(ARGS)

# Every page in both themes and each language under axe; 200 hostile texts in every field of every
# page; how long officers wait: minutes, best on a machine that does nothing else.
pages: .venv/dev
	$(BIN)/python -m tests.browser.sweep
	$(BIN)/python -m tests.browser.sweep --hostile 200
	$(BIN)/python -m benchmarks.page
	$(BIN)/python -m benchmarks.page --officers 50
	$(BIN)/python -m benchmarks.page --officers 50 --batch 100000

# Pictures of every page, in both themes, for the docs.
screenshots: .venv/dev
	$(BIN)/python -m tests.browser.screenshots docs/screenshots

# Exact versions with hashes; no index, mirror or address is recorded.
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras --allow-unsafe
lock:
	$(BIN)/pip install --quiet pip-tools
	$(COMPILE) --all-build-deps -o requirements.lock pyproject.toml
	$(COMPILE) --all-build-deps --extra dev --extra postgres --extra oidc --extra cluster -c requirements.lock -o requirements-dev.lock pyproject.toml
	$(COMPILE) --all-build-deps --extra dev --extra postgres --extra oidc --extra cluster --extra bench --extra fuzz -c requirements-dev.lock -o requirements-bench.lock pyproject.toml
