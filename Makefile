# Needs only Python 3.11+ and make: every target makes the environment that it uses.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
DEMO   ?= fm-demo

# Without compiled bytecode every process would compile torch anew, which takes longer than most tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install test lint types unit slow demo docs clean

help:
	@echo "make demo     draw a small catalogue, query it, train on it, query it again: leaves pictures in $(DEMO)/"
	@echo "make test     lint, check types, run the tests"
	@echo "make slow     run the slow tests too"
	@echo "make install  make $(VENV) with fm and everything for development"

install: $(VENV)/.installed

# uv installs torch in a fifth of pip's time; it lives in the environment itself, so nothing else is needed.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("fm needs Python 3.11 or newer: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable . --group dev
	$(BIN)/python -m compileall -q fashion_match
	touch $@

test: lint types unit

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: install
	$(BIN)/mypy fashion_match

unit: install
	$(BIN)/pytest -n 2

slow: install
	$(BIN)/pytest -n 2 -m "slow and not gpu and not server"

# Random weights see shape and color well enough for drawn garments, and need no download.
demo: install
	rm -rf $(DEMO)
	$(BIN)/fm ingest drawn:$(DEMO)/photos --store $(DEMO)/store --backbone mobilenet_v3_small --weights none
	$(BIN)/fm query --store $(DEMO)/store --color Blue --season Summer --sheet $(DEMO)/sheet.png
	$(BIN)/fm query $(DEMO)/photos/style-0003_1.jpg --store $(DEMO)/store --html $(DEMO)/page.html
	$(BIN)/fm query $(DEMO)/photos/style-0004_2.jpg --store $(DEMO)/store --sheet $(DEMO)/before.png -k 5
	$(BIN)/fm train drawn:$(DEMO)/photos --out $(DEMO)/run --plugin triplet --backbone mobilenet_v3_small --weights none \
		--image-size 96 --epochs 30 --batch-size 32 --lr 3e-3 --set dropout=0
	$(BIN)/fm ingest drawn:$(DEMO)/photos --store $(DEMO)/store --collection trained --model $(DEMO)/run
	$(BIN)/fm query $(DEMO)/photos/style-0004_2.jpg --store $(DEMO)/store --collection trained --sheet $(DEMO)/after.png -k 5
	$(BIN)/fm match $(DEMO)/photos/style-0004_1.jpg $(DEMO)/photos/style-0004_2.jpg --model $(DEMO)/run
	@echo "Look at $(DEMO)/sheet.png and $(DEMO)/page.html; at $(DEMO)/before.png and $(DEMO)/after.png, the same query"
	@echo "before and after training; and at $(DEMO)/run/curves.png."

docs: install
	$(BIN)/python docs/make_cli.py

clean:
	rm -rf $(VENV) $(DEMO) build dist .mypy_cache .pytest_cache .ruff_cache
