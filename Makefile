# Each target is the short spelling of one command, which works without make too.
PYTHON ?= python3

.PHONY: help demo site stop test check bench faults build clean clean-data

help:  ## this list; `make clean` keeps the data in var/, `make clean-data` removes it
	@$(PYTHON) run.py help

demo site stop test check bench faults build clean clean-data:
	@$(PYTHON) run.py $@ $(ARGS)
