# make demo        what the project does, on this machine's CPU or GPU
# make explore     a page in the browser to play with the generators
# make page        the same page as one file, which any browser opens
# make experiment  do generated nodules help a classifier? on phantoms, about four hours
# make test        the tests that prove most, in a few minutes
# make test-all    all tests
# make soak        damaged files, kills, signals, full disks and dying workers, which takes hours
# make lint        ruff's rules and format
# Each makes the virtual environment .venv first. Another Python: make test PYTHON=python3.6
# Without make, and on any system: python demo/setup.py demo
STARTER := $(shell for name in $(PYTHON) python3 python python3.13 python3.12 python3.11 python3.10 python3.14 python3.6; \
	do $$name -c 'import sys; sys.exit(sys.version_info < (3, 6))' 2>/dev/null && echo $$name && break; done)

.PHONY: demo explore page experiment test test-all soak lint
demo explore page experiment test test-all soak lint:
	@$(or $(STARTER),$(error no Python was found; install Python 3.10 to 3.14)) demo/setup.py $@ $(if $(PYTHON),--python $(PYTHON))
