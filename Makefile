# make demo     what the project does, on this machine's CPU or GPU
# make test     the tests
# make soak     damaged files, kills, signals, full disks and dying workers, which takes hours
# make lint     ruff's rules and format
# Each makes a virtual environment first. Another Python: make test PYTHON=python3.6
PYTHON ?= python3
TAG := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
SUPPORTED := 3.6 3.10 3.11 3.12 3.13
REQUIREMENTS := $(if $(shell nvidia-smi -L 2>/dev/null | grep GPU),requirements.txt,requirements-cpu.txt)
VENV := .venv-$(TAG)-$(basename $(REQUIREMENTS))
BIN := $(VENV)/bin/python

ifeq ($(filter $(TAG),$(SUPPORTED)),)
$(error $(PYTHON) is $(if $(TAG),Python $(TAG),not to be found); Python 3.6 (TensorFlow 1.12) and 3.10 to 3.13 (TensorFlow 2.21) are supported: make PYTHON=python3.11)
endif

.PHONY: demo test soak lint
demo: $(VENV)/ready
	$(BIN) demo/demo.py

test: $(VENV)/tests-ready
	$(BIN) -m pytest -q -n logical --maxprocesses 4 --dist loadfile tests

soak: $(VENV)/tests-ready
	$(BIN) -m pytest -q -s tests/soak/soak_*.py

lint: $(VENV)/tests-ready
	$(BIN) -m ruff check .
	$(BIN) -m ruff format --check .

$(VENV)/ready: $(REQUIREMENTS)
	$(PYTHON) -m venv $(VENV)
	$(BIN) -m pip install -q --disable-pip-version-check "pip>=21,<22; python_version < '3.7'"
	$(BIN) -m pip install -q --disable-pip-version-check -r $(REQUIREMENTS)
	touch $@

$(VENV)/tests-ready: $(VENV)/ready tests/requirements.txt
	$(BIN) -m pip install -q --disable-pip-version-check -r tests/requirements.txt
	touch $@
