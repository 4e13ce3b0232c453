# make run: set up, index, serve.  make test: set up and run every check.  Each target can also be run by hand.
PORT ?= 7860
HOST ?= 127.0.0.1
BIN := .venv/bin

.PHONY: run index test lint types corpus-check corpus-report eval eval-guard gate bench lock export-encoder train-guard train-adapter fit-projection fit-confidence setup setup-test clean

run: setup
	@$(BIN)/python app.py --host $(HOST) --port $(PORT)

index: setup
	@$(BIN)/python -m bot index

test: setup-test lint types corpus-check
	@$(BIN)/python -m pytest
	@$(MAKE) --no-print-directory gate

lint: setup-test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup-test
	@$(BIN)/mypy

corpus-check: setup
	@$(BIN)/python -m bot article check

corpus-report: setup
	@$(BIN)/python -m bot article report

eval: setup-test
	@$(BIN)/python -m eval run

eval-guard: setup-test
	@$(BIN)/python -m eval guard

gate: setup-test
	@$(BIN)/python -m eval gate --questions eval/questions/test.jsonl
	@$(BIN)/python -m eval gate --questions eval/questions/guard-test.jsonl
	@$(BIN)/python -m eval gate --questions eval/questions/guard-test-2.jsonl

bench: setup
	@$(BIN)/python -m eval bench

export-encoder: setup-test
	@sh scripts/setup export
	@$(BIN)/python -m bot.models.export_minilm

train-guard: setup-test
	@sh scripts/setup export
	@$(BIN)/python -m bot.models.train_guard

fit-confidence: setup-test
	@$(BIN)/python -m bot.models.fit_confidence

fit-projection: setup
	@$(BIN)/python -m bot.models.fit_projection

train-adapter: setup-test
	@$(BIN)/python -m bot.models.train_adapter

lock:
	@sh scripts/lock

setup:
	@sh scripts/setup

setup-test:
	@sh scripts/setup test
	@sh scripts/chromium
	@sh scripts/postgres

clean:
	rm -rf .venv var build *.egg-info
