# Two commands do everything: `make demo` and `make test`. Both set the machine up first.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: install demo test fuzz check format lock screenshots bench bench-quick wheel clean

install: .venv/installed

.venv/installed: requirements-dev.txt pyproject.toml .ci/venv
	PYTHON=$(PYTHON) sh .ci/venv
	touch $@

demo: install
	$(BIN)/saldopost demo

# SALDOPOST_TEST_JOBS: how many tests run at once (default: one per core).
test: install
	sh .ci/servers
	$(BIN)/pytest -n $${SALDOPOST_TEST_JOBS:-auto}

# The long form of tests/hostile/test_fuzz.py; how many cases, and from which seed on.
fuzz: install
	$(BIN)/python tests/support/fuzz.py --cases $${SALDOPOST_FUZZ_CASES:-1000000} --seed $${SALDOPOST_FUZZ_SEED:-1}

# How fast, against the least that the work can cost. The long form takes seventeen minutes, the quick one less than two.
bench bench-quick: install
	PYTHONPATH=tests/support $(BIN)/python bench/run.py $(if $(findstring quick,$@),--quick)

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Both files carry hashes and no address; a hash is all that pip needs to know what it got.
lock: install
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml --extra demo --group dev -c requirements.txt -o requirements-dev.txt

# Each kind of reply as a browser shows it, into docs/screenshots.
screenshots: install
	sh .ci/browser
	$(BIN)/python .ci/screenshots.py

wheel: install
	$(BIN)/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache
