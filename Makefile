# `make` alone says what it can do. Written for GNU make 3.81, which macOS has.
# PYTHON=… chooses an interpreter, ARGS=… is passed on to the command behind a target.

.DEFAULT_GOAL := help
.PHONY: help setup lab test check site soak bench pins clean

# Else the environment's own, or the newest on PATH that really runs and fits; else any
# python3, for bootstrap.py to say what is wrong with it.
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
FOUND = $(shell for python in .venv/bin/python python3.13 python3.12 python3.11 python3; do \
	"$$python" -c "$(FITS)" 2>/dev/null && echo "$$python" && break; done)
ANY = $(shell command -v python3 || command -v python)
PYTHON ?= $(or $(FOUND),$(ANY),$(error No Python found. Install Python 3.13, then run make again))

BOOTSTRAP = @"$(PYTHON)" lessonkit/bootstrap.py
RUN = .venv/bin/python -m

help:
	@echo "make lab      start JupyterLab on the first notebook (the first time also sets up)"
	@echo "make test     run all tests, the notebooks too"
	@echo "make check    ruff and mypy, and what is known against the libraries"
	@echo "make site     run the notebooks and make a website of them, in build/site"
	@echo "make soak     kill workers and Redis under 10,000 jobs for two minutes; is anything lost?"
	@echo "make bench    measure the worker beside others, in five minutes"
	@echo "make setup    make .venv and install into it, nothing else"
	@echo "make pins     renew constraints.txt (needs uv); RESOLUTION=lowest-direct: the oldest we allow"
	@echo "make clean    remove what these made"
	@echo
	@echo 'make lab ARGS="--no-browser --port 8890"    make test ARGS="-k sigterm"    make setup PYTHON=python3.12'

setup:
	$(BOOTSTRAP)

lab:
	$(BOOTSTRAP)
	@$(RUN) lessonkit.jupyter $(ARGS)

# Most tests wait for real processes: four side by side keep two cores busy.
test:
	$(BOOTSTRAP) test browser site
	@$(RUN) pytest --nbval-lax -n 4 $(ARGS)

# The last line tells and does not fail: what became known overnight is no fault of a change.
check:
	$(BOOTSTRAP) test browser site audit
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@-$(RUN) tests.audit

soak:
	$(BOOTSTRAP) test browser
	@$(RUN) tests.faults.soak $(ARGS)

# With ARGS="00_start_here" only that one is run, and the others appear as they are stored.
site:
	$(BOOTSTRAP) site
	@.venv/bin/python .site/build.py $(ARGS)

# stdout is for the rows alone: ARGS="--json" prints them for a program
bench:
	$(BOOTSTRAP) test bench >&2
	@$(RUN) tests.bench $(ARGS)

# uv repeats in every marker that we mean Linux and macOS: drop that.
UV ?= uv
RESOLUTION ?= highest
pins:
	@$(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest --all-extras \
	  --resolution $(RESOLUTION) --no-annotate --no-header --no-emit-index-url --no-emit-find-links -o .pins pyproject.toml
	@{ sed -n '/^#/p' constraints.txt; sed -E \
	  "s/ (;|and) \(?sys_platform == 'darwin' or sys_platform == 'linux'\)?//" .pins; } > .pins.new
	@mv .pins.new constraints.txt && rm .pins

clean:
	rm -rf .venv .jupyter .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find .site lessonkit workers tests notebooks \( -name __pycache__ -o -name .ipynb_checkpoints \) \
	  -prune -exec rm -rf {} +
