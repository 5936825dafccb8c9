# One verb for everything a newcomer does; `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CATALOGUES := petition/translations
PYBABEL := $(BIN)/python -m babel.messages.frontend
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help run test check fmt browser redis bench flood catalogues language

help: ## what can be done here
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.runtime ## publish the sample letter on http://127.0.0.1:8000
	$(BIN)/petition demo

test: $(VENV)/.test browser redis check ## every check: lint, types, contracts, tests
	$(BIN)/pytest -n 2 --dist loadfile

check: $(VENV)/.test ## lint, types and import contracts
	$(BIN)/ruff check petition tests migrations hatch_build.py
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/.test ## mend what the linter can mend
	$(BIN)/ruff check --fix petition tests

browser: ## a Chromium for the browser tests: the machine's own, else Debian's when root
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
	  echo "no Chromium found: the browser tests will be skipped (install the package 'chromium')"

redis: ## a Redis for the tests of several nodes: the machine's own, else Debian's when root
	@command -v redis-server >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null; } || \
	  echo "no Redis found: its tests will be skipped (install the package 'redis-server')"

bench: $(VENV)/.test ## the measurements of docs/performance.md, docs/moderation.md, docs/updates.md and docs/delivering.md
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.bulk_benchmark
	$(BIN)/python -m tests.mailing_benchmark
	$(BIN)/python -m tests.export_benchmark

flood: $(VENV)/.test ## a wave of fakes against the real application: the figures of docs/moderation.md
	$(BIN)/python -m tests.flood

catalogues: $(VENV)/.runtime ## bring every language's catalogue up to the sentences of code and templates
	@pot=$$(mktemp) && trap 'rm -f "$$pot"' EXIT && \
	  $(PYBABEL) -q extract -F babel.cfg -k N_ --no-location -o "$$pot" petition templates && \
	  $(PYBABEL) -q update -i "$$pot" -d $(CATALOGUES) -N --ignore-obsolete --ignore-pot-creation-date && \
	  $(PYBABEL) -q compile -d $(CATALOGUES)
	@$(BIN)/python -m tests.catalogues

language: $(VENV)/.runtime ## begin a language: make language CODE=pl
	@test -n "$(CODE)" || { echo "Which language? make language CODE=pl"; exit 2; }
	@test ! -e $(CATALOGUES)/$(CODE) || { echo "$(CATALOGUES)/$(CODE) is there already; make catalogues brings it up to date."; exit 2; }
	@pot=$$(mktemp) && trap 'rm -f "$$pot"' EXIT && \
	  $(PYBABEL) -q extract -F babel.cfg -k N_ --no-location -o "$$pot" petition templates && \
	  $(PYBABEL) -q init -i "$$pot" -d $(CATALOGUES) -l $(CODE)
	@echo "Next:"
	@echo "1. Write every msgstr in $(CATALOGUES)/$(CODE)/LC_MESSAGES/messages.po (docs/translating.md says how)."
	@echo "2. Put \"$(CODE)\" into SHIPPED in petition/i18n.py and into the table of docs/translating.md."
	@echo "3. make catalogues (compiles it and says what is missing), then make test."

# The stamps make the second run immediate; an editable install keeps the checkout's own templates in use.
$(VENV)/.runtime: pyproject.toml constraints.txt hatch_build.py $(wildcard petition/translations/*/LC_MESSAGES/*.po)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e .
	@touch $@

$(VENV)/.test: $(VENV)/.runtime
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	@touch $@
