# make demo   own environment, install, then completions of real code with the embedded model
# make test   own environment, install with the test tools, lint, types, all tests
# make wheels   wheels in dist/ for Linux on x86-64 and on ARM, with the C code compiled
#
# make PYTHON=python3.12 ...   takes another Python; make clean removes the environment.

PYTHON ?= python3
VENV := .venv
PROJECT := pyproject.toml constraints.txt setup.py $(wildcard model/native/*.[ch] model/native/sources.py)
RUN := $(VENV)/bin/python -m
PIP := $(RUN) pip install --quiet --disable-pip-version-check --constraint constraints.txt
## pip shows nothing of a build that ends well.
SAY_WHETHER_COMPILED := from seekline.model import why_not_compiled as why; print(why() or "Its C code is compiled.")

.PHONY: demo test lint types unit format wheels clean help

demo: $(VENV)/.demo
	@$(VENV)/bin/python bench/demo.py

test: lint types unit

lint: $(VENV)/.test
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: $(VENV)/.test
	$(RUN) basedpyright

unit: $(VENV)/.test
	$(RUN) pytest --numprocesses auto --maxprocesses 4 --dist loadfile

format: $(VENV)/.test
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

wheels: $(VENV)/.test
	$(RUN) build --wheel --config-setting=--build-option=--plat-name=manylinux_2_17_x86_64
	$(RUN) build --wheel --config-setting=--build-option=--plat-name=manylinux_2_17_aarch64

clean:
	rm -rf $(VENV) build dist *.egg-info

help:
	@sed -n '/^# /s/^# //p' Makefile

$(VENV)/.demo: $(VENV)/.created $(PROJECT)
	@echo "Installing Seekline and torch into $(VENV) (once, about a minute or two) ..."
	@$(PIP) --editable .
	@$(VENV)/bin/python -c '$(SAY_WHETHER_COMPILED)'
	@touch $@

$(VENV)/.test: $(VENV)/.created $(PROJECT)
	@echo "Installing Seekline with its test tools into $(VENV) (once, about two minutes) ..."
	@$(PIP) --editable '.[gpu,learn,test]'
	@$(VENV)/bin/python -c '$(SAY_WHETHER_COMPILED)'
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
