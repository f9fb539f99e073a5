# `make demo` runs the main job, `make test` runs the tests; each sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: env
env: .venv/.stamp ## build .venv from the locked versions

.venv/.stamp: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@
