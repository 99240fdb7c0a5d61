# make demo   own environment, install, then completions of real code with the embedded model
# make test   own environment, install with the test tools, lint, types, all tests
#
# make PYTHON=python3.12 ...   takes another Python; make clean removes the environment.

PYTHON ?= python3
VENV := .venv
PROJECT := pyproject.toml constraints.txt setup.py $(wildcard model/backends/llama/native/*.[ch])
RUN := $(VENV)/bin/python -m
PIP := $(RUN) pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test lint types unit format clean help

demo: $(VENV)/.demo
	@$(VENV)/bin/python bench/demo.py

test: lint types unit

lint: $(VENV)/.test
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: $(VENV)/.test
	$(RUN) basedpyright

unit: $(VENV)/.test
	$(RUN) pytest

format: $(VENV)/.test
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

clean:
	rm -rf $(VENV) build dist *.egg-info

help:
	@sed -n '/^# /s/^# //p' Makefile

$(VENV)/.demo: $(VENV)/.created $(PROJECT)
	@echo "Installing Seekline and torch into $(VENV) (once, about a minute or two) ..."
	@$(PIP) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.created $(PROJECT)
	@echo "Installing Seekline with its test tools into $(VENV) (once, about two minutes) ..."
	@$(PIP) --editable '.[gpu,test]'
	@mkdir -p $(VENV)/links/seekline
	@for folder in fim learn model server; do ln -sfn ../../../$$folder $(VENV)/links/seekline/$$folder; done
	@touch $(VENV)/.demo $@

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null \
	  || { echo "make: there is no $(PYTHON); on Debian and Ubuntu: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
	  || { echo "make: $$($(PYTHON) --version) is too old; install Python 3.10 or newer and run: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "make: $(PYTHON) has no venv; on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@
