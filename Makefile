# `make grade` and `make test` set up .venv by themselves; they need Python 3.11 or newer and make.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
# Pythons in which other projects' scorers are installed beside this one: tests/benchmarks/peers.py says how.
PEERS ?= $(BIN)/python

# Rooms whose tests need no model, and what keeps the tree and the docs in order.
QUICK := tests/test_architecture.py tests/test_paths.py tests/test_flags.py tests/text tests/statistics tests/guards tests/files

.DEFAULT_GOAL := help
.PHONY: help check quick grade test lint fix bench soak reader oracles attack docs pictures clean

help: ## what each target does
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

# torch first and pinned, so that no other package pulls in a build of its own choice.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test,lint]'
	$(BIN)/python -m compileall -q grader
	@touch $@

grade: $(INSTALLED) ## grade the sample answers and write out/grades.jsonl and out/report.html
	@mkdir -p out
	@$(BIN)/grader grade data/practice_answers.jsonl --rubrics rubrics --output out/grades.jsonl \
		--report out/report.html --show; status=$$?; \
	if [ $$status -eq 3 ]; then echo "Some answers are ungraded (see the reasons above)." >&2; \
	elif [ $$status -ne 0 ]; then exit $$status; fi; \
	echo "Written: out/grades.jsonl and out/report.html" >&2

test: $(INSTALLED) ## run the tests
	$(BIN)/python -m pytest

check: lint quick ## the one command before a commit: style, types and quick tests

quick: $(INSTALLED) ## run the tests that need no model
	$(BIN)/python -m pytest -q $(QUICK)

lint: $(INSTALLED) ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fix: $(INSTALLED) ## repair what the linter can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED) ## write the generated parts of README.md and docs/ again
	$(BIN)/python -m tests.support.generated_docs

pictures: $(INSTALLED) ## draw the pictures of the README and the docs again (needs Chromium)
	$(BIN)/python -m tests.support.pictures

bench: $(INSTALLED) ## measure accuracy over the scored sets in DATASETS, speed (also of others: PEERS), marks, judges, and words about raters
	$(BIN)/python -m tests.benchmarks.accuracy $(DATASETS)
	$(BIN)/python -m tests.benchmarks.derive_points $(DATASETS)
	$(BIN)/python -m tests.benchmarks.marks $(DATASETS)
	$(BIN)/python -m tests.benchmarks.judge_band $(DATASETS)
	$(BIN)/python -m tests.benchmarks.judge_cost
	$(BIN)/python -m tests.benchmarks.speed $(DATASETS)
	@for python in $(PEERS); do $$python -m tests.benchmarks.peers $(DATASETS) || exit 1; done
	$(BIN)/python -m tests.benchmarks.small_judge
	$(BIN)/python -m tests.benchmarks.calibrate_scale
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.severity_power --write
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.interval_coverage --write
	@echo "make oracles compares the statistics with those of other programs (some minutes, a network)"

reader: $(INSTALLED) ## train the reader on data/statements and measure it on held-out questions (hours; writes out/reader.npz)
	@mkdir -p out
	$(BIN)/python -m tests.benchmarks.train_reader

oracles: $(INSTALLED) ## compute the statistics with other programs, too, and print the differences (some minutes, a network)
	$(BIN)/python -m tests.benchmarks.oracles

soak: $(INSTALLED) ## kill runs, fill the disk and damage files, ROUNDS times, and see that nothing is lost or changed
	$(BIN)/python -m tests.soak $(ROUNDS)

attack: $(INSTALLED) ## attack the grader as configured and print how often each attack succeeds
	cat data/practice_answers.jsonl data/contrast_answers.jsonl | $(BIN)/grader attack --rubrics rubrics/ --answers -

clean: ## remove what make wrote
	rm -rf .venv out build dist
