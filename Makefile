# Two commands on a fresh machine: make demo, make test. Needs Python >= 3.11 with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
export OMP_NUM_THREADS ?= 1
export PYTHONHASHSEED ?= 0

.PHONY: demo test check bench lock

.venv/demo: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

.venv/dev: requirements-dev.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@ .venv/demo

# Exact versions with hashes; no index, mirror or address is recorded.
COMPILE := $(BIN)/pip-compile --quiet --generate-hashes --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --strip-extras --allow-unsafe
lock:
	$(BIN)/pip install --quiet pip-tools
	$(COMPILE) --all-build-deps -o requirements.lock pyproject.toml
	$(COMPILE) --all-build-deps --extra dev --extra postgres -c requirements.lock -o requirements-dev.lock pyproject.toml
	$(COMPILE) --all-build-deps --extra dev --extra postgres --extra bench -c requirements-dev.lock -o requirements-bench.lock pyproject.toml
