# Every command of the project; `make help` lists them. None of them needs more than make, sh and python3 to begin.
# Three lock files: requirements.lock is what runs, tests/requirements.lock the same plus what tests need, and
# bench/requirements.lock the first plus what is only measured beside us.
# So a demo downloads half as much, and no production server gets test tools.

SHELL = /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
UV ?= uv
PORT ?= 8000

PIP = .venv/bin/python -m pip --disable-pip-version-check
BABEL = .venv/bin/pybabel -q
COMPILE = $(UV) --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: help demo test check bench translations lock

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

demo: ## set everything up and serve the sample year at http://127.0.0.1:8000 (PORT=, HOST=)
	@$(PYTHON) lms/doctor.py --for demo --mend
	@$(MAKE) --silent --no-print-directory .venv/demo-ready
	@exec .venv/bin/lms demo --port $(PORT) $(if $(HOST),--host $(HOST))

test: ## set up what the tests need, browser and databases too, and run them all (ARGS= for pytest)
	@$(PYTHON) lms/doctor.py --for test --mend
	@$(MAKE) --silent --no-print-directory .venv/test-ready
	@.venv/bin/python -m pytest $(ARGS)

check: ## lint, types, import contracts, templates, training material
	@$(PYTHON) lms/doctor.py --for demo --mend
	@$(MAKE) --silent --no-print-directory .venv/test-ready
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/djlint --lint --profile jinja --ignore H015,H043,H044 --quiet templates
	.venv/bin/lms content check

bench: ## take every figure in bench/, with its yardstick
	@$(PYTHON) lms/doctor.py --for test --mend
	@$(MAKE) --silent --no-print-directory .venv/test-ready
	@$(PIP) install --quiet --require-hashes --requirement bench/requirements.lock
	@.venv/bin/python -m bench

translations: ## bring new words of the interface into every catalogue of lms/translations, and compile them
	@$(PYTHON) lms/doctor.py --for demo --mend
	@$(MAKE) --silent --no-print-directory .venv/demo-ready
	$(BABEL) extract -F lms/translations/babel.cfg -k lazy_gettext --project=disrupt-lms --sort-by-file --no-location -o .venv/messages.pot .
	$(BABEL) update -d lms/translations -i .venv/messages.pot --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(BABEL) compile -d lms/translations

lock: ## choose the newest versions allowed by setup.cfg and write the lock files (needs uv)
	echo setuptools | $(COMPILE) --upgrade --output-file requirements.lock setup.cfg -
	$(COMPILE) --upgrade --constraint requirements.lock --extra test --output-file tests/requirements.lock setup.cfg
	$(COMPILE) --upgrade --constraint tests/requirements.lock --extra bench --output-file bench/requirements.lock setup.cfg

# A stamp says that .venv holds what the lock file asks; whoever touches a lock file or setup.cfg gets it anew.
.venv/demo-ready: requirements.lock setup.cfg pyproject.toml
	@echo "Setting up .venv from requirements.lock; this takes a minute the first time."
	@$(PYTHON) -m venv .venv
	@$(PIP) install --quiet --require-hashes --requirement requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test-ready: requirements.lock tests/requirements.lock setup.cfg pyproject.toml
	@echo "Setting up .venv from tests/requirements.lock; this takes two minutes the first time."
	@$(PYTHON) -m venv .venv
	@$(PIP) install --quiet --require-hashes --requirement tests/requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch .venv/demo-ready $@
