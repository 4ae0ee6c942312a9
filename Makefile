# Everything runs in .venv, made with the plain venv module. No root needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OUT ?= turnspec-report

.PHONY: demo demo-red test check bench lint types layers build clean

demo: $(STAMP)  ## Run the example scenarios against the built-in local agents; say where the reports are
	$(BIN)/turnspec run scenarios -o $(OUT)

demo-red: $(STAMP)  ## Change one fact of each agent, so that each scenario fails for that reason
	$(BIN)/python scenarios/red.py $(OUT)

test: $(STAMP)  ## All tests
	$(BIN)/coverage run -m pytest -q
	$(BIN)/coverage report --skip-covered --fail-under=85 | tail -n 1

check: lint types layers build  ## What CI checks beside the tests

lint: $(STAMP)
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .

types: $(STAMP)
	$(BIN)/python tests/typecheck.py

layers: $(STAMP)
	$(BIN)/lint-imports

build: $(STAMP)  ## Wheel through sdist, installed into an empty environment and used
	$(BIN)/python tests/build_and_install.py

bench: $(STAMP)  ## Speed and size, as ratios against a baseline in the same run
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/benchmarks

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check "pip>=25.1"
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e . --group dev
	touch $(STAMP)

clean:
	rm -rf $(VENV) $(OUT) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
