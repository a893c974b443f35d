# Two environments: .venv holds what a user gets, .venv-dev adds what tests and checks need. Both are made on first
# use and again when pyproject.toml changes. gradcli is installed editable, so an edited line needs no new install.

IS_NEW_ENOUGH = -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python $(IS_NEW_ENOUGH) && echo $$python && break; done)
USER_VENV = .venv
DEV_VENV  = .venv-dev
DEV       = $(DEV_VENV)/bin
FRAMEWORKS_VENV = .venv-frameworks
ARGS      =

unexport PYTHONDONTWRITEBYTECODE  # it would have every start compile gradcli again

.PHONY: help demo test frameworks check bench tables clean

help:
	@echo "make demo    install gradcli in $(USER_VENV) and explain a neuron"
	@echo "make test    run the tests in $(DEV_VENV); on all cores; ARGS='-k sigmoid' goes to pytest"
	@echo "make frameworks  run the code for torch and jax, which it installs: some 1.5 GB"
	@echo "make check   ruff, and mypy --strict"
	@echo "make bench   measure, with the peers that are installed beside"
	@echo "make tables  regenerate the frozen modules from the grammar and the primitives"
	@echo "make clean   remove the environments and whatever was built"

demo: $(USER_VENV)/.installed
	$(USER_VENV)/bin/gradcli '1/(1+exp(-(w0*x0+w1*x1+w2)))' w0=2 x0=-1 w1=-3 x1=-2 w2=-3

test: $(DEV_VENV)/.installed
	$(DEV)/pytest -n auto $(ARGS)

frameworks: $(FRAMEWORKS_VENV)/.installed
	$(FRAMEWORKS_VENV)/bin/pytest -n auto tests/codegen $(ARGS)

check: $(DEV_VENV)/.installed
	$(DEV)/ruff check
	$(DEV)/mypy --strict gradcli/

bench: $(DEV_VENV)/.installed
	@set -e; for benchmark in bench/*.py; do echo "$(DEV)/python $$benchmark"; $(DEV)/python $$benchmark; done

tables: $(DEV_VENV)/.installed
	$(DEV)/python -m gradcli.language.freeze
	$(DEV)/python -m gradcli.codegen.freeze
	$(DEV)/python -m gradcli.codegen.tape
	$(DEV)/python -m gradcli.codegen.steps
	$(DEV)/python -m gradcli.batch.inlined
	$(DEV)/python -m gradcli.codegen.targets.freeze

clean:
	rm -rf $(USER_VENV) $(DEV_VENV) $(FRAMEWORKS_VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(DEV_VENV)/.installed: EXTRAS = [dev]
$(FRAMEWORKS_VENV)/.installed: EXTRAS = [test,frameworks]

%/.installed: pyproject.toml bin/gradcli
	@$*/bin/python $(IS_NEW_ENOUGH) || { \
		$(PYTHON) $(IS_NEW_ENOUGH) || { echo "error: Python 3.11 or newer is needed: make PYTHON=..." >&2; exit 1; }; \
		echo "creating $*"; $(PYTHON) -m venv --clear $*; }
	@echo "installing gradcli$(EXTRAS)"
	@$*/bin/python -m pip install -qq --disable-pip-version-check --editable '.$(EXTRAS)'
	@$*/bin/python -m compileall -q gradcli
	@touch $@
