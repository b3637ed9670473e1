PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 3
.DEFAULT_GOAL := help
.PHONY: help run test test-ceph lint faults bench bench-science clean

help: ## list these targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/'

run: ## install what is missing and run the whole archive on this machine, until Ctrl-C
	@$(PYTHON) -m deploy.local.install run
	@setpriv --pdeathsig TERM $(BIN)/python -m deploy.local.run

test: ## install what is missing and run all tests in WORKERS=3 processes, or what ARGS= says in one
	@$(PYTHON) -m deploy.local.install test
	@setpriv --pdeathsig TERM $(BIN)/python -m pytest $(or $(ARGS),-n $(WORKERS) --dist loadfile --no-loadscope-reorder)

test-ceph: ## install Ceph and test uploads by form and notifications on a private one; not part of CI
	@$(PYTHON) -m deploy.local.install ceph
	@setpriv --pdeathsig TERM $(BIN)/python -m pytest -m ceph tests/ceph $(ARGS)

lint: ## check style, types, import contracts, migrations, deployment settings and docker-compose.yml
	@$(PYTHON) -m deploy.local.install lint
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy .
	$(BIN)/lint-imports
	ENV_FILE= $(BIN)/python -W 'ignore:Got an error checking' manage.py makemigrations --check --dry-run
	ENV_FILE= HTTPS_ONLY=True SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(48))')" \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python -m deploy.local.client check
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

faults: ## take services away for minutes, see that nothing is lost, and cover the long bodies of the API
	@$(PYTHON) -m deploy.local.install test
	@setpriv --pdeathsig TERM $(BIN)/python -m pytest -m faults -rP tests/faults tests/flows/test_openapi.py

bench: ## measure ingest, posts, and speed at 1 and 10 million frames (ONLY=, FRAMES=)
	@$(PYTHON) -m deploy.local.install test
	@$(BIN)/python -m benchmarks

bench-science: ## measure simulated stars whose truth is known: Strehl ratio, core and halo, seeing (ONLY=)
	@$(PYTHON) -m deploy.local.install test
	@$(BIN)/python -m benchmarks.science

clean: ## remove var/ and .venv, with all data in them, after asking
	@printf 'Remove var/ (the archive'"'"'s data) and .venv? Type yes: '; read answer; \
	if [ "$$answer" = yes ]; then rm -rf var .venv; else echo 'Nothing was removed.'; fi
