# `make help` lists the targets; each installs what it needs and is missing, into .venv and .tools of this folder.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

python := .venv/bin/python
ready := .venv/ready
servers := .tools/bookworm .tools/trixie .tools/forky
browser := .tools/browser
checked := alertmanager dashboards exporter gradewatch policy rules typedyaml tests setup $(wildcard bench)

FAULT ?=
SPEED ?=
PORT_OFFSET ?=
PARTS ?=
BOARDS ?=
DEMO ?=
RULES ?=
options = $(if $(FAULT),--fault $(FAULT)) $(if $(SPEED),--speed $(SPEED)) $(if $(PORT_OFFSET),--port-offset $(PORT_OFFSET))

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: run
run: $(ready) .tools/forky ## the demo; FAULT=grader-stuck|database-down|error-burst|queue-flood SPEED=30 PORT_OFFSET=100
	@$(python) -m gradewatch demo $(options)

.PHONY: test
test: check $(servers) $(browser) databases ## everything: lint, types, unit, rules, routes, end to end
	$(python) -m pytest -n auto -m 'not full' --ignore=tests/e2e
	$(python) -m pytest -n 2 -m 'not full' tests/e2e --ignore=tests/e2e/test_stories.py

.PHONY: test-fast
test-fast: check .tools/forky ## the inner loop: lint, types, units without those that evaluate jsonnet; under a minute
	$(python) -m pytest -n auto tests/unit -m 'not slow and not full' --ignore=tests/unit/rules

.PHONY: test-all
test-all: test mysql ## what `test` runs, finer steps, and every fault of the demo from beginning to end
	$(python) -m pytest -n auto -m full
	$(python) -m pytest -n 2 tests/e2e/test_stories.py

.PHONY: mutate
mutate: $(ready) .tools/forky ## change every rule in every way and see that a test notices; takes long; RULES="'Model*'"
	$(python) -m tests.mutation.rules $(RULES)

.PHONY: mutate-changed
mutate-changed: $(ready) .tools/forky ## the same for rules that changed, or whose tests did; then docs/mutation.md
	$(python) -m tests.mutation.rules --changed --write

.PHONY: bench-drift
bench-drift: $(ready) ## drift beside evidently, scipy, alibi-detect, NannyML, scikit-learn, into docs/benchmarks.md; PARTS="speed memory errors alarms faults"
	@$(python) -m bench.drift $(PARTS)

.PHONY: bench-alerts
bench-alerts: $(ready) .tools/forky ## four simulated weeks with incidents: our rules beside the documents' and plain ones; takes long
	$(python) -m bench.alerts --write

.PHONY: check
check: $(ready) ## lint, format and types
	$(python) -m ruff check --no-cache $(checked)
	$(python) -m ruff format --check $(checked)
	$(python) -m mypy

.PHONY: format
format: $(ready) ## rewrite the sources as `check` wants them
	$(python) -m ruff check --no-cache --fix $(checked)
	$(python) -m ruff format $(checked)

.PHONY: build
build: $(ready) ## generated/ from policy/auto-grader.yaml
	$(python) -m gradewatch build

.PHONY: golden
golden: $(ready) .tools/forky ## what is derived from code outside generated/: docs/metrics.md, messages, the matrix
	$(python) -m gradewatch.golden
	GOLDEN=write $(python) -m pytest -q tests/routing/test_messages.py tests/unit/alertmanager/test_documentation.py

.PHONY: pictures
pictures: $(ready) .tools/forky $(browser) ## docs/dashboards.md and its pictures, from the demo in an ordinary hour and in an outage; BOARDS=gradewatch-queue
	$(python) -m tests.dashboards.album $(BOARDS)

.PHONY: bench-exporter
bench-exporter: $(ready) ## the sidecar beside other exporters, into docs/benchmarks.md; PARTS="rendering scrapes counting queues memory trouble attacks"
	@$(python) -m bench.exporter $(PARTS)

.PHONY: tools
tools: $(servers) ## Prometheus and Alertmanager of three Debian releases, into .tools

.PHONY: databases
databases: ## MariaDB, PostgreSQL, Redis and RabbitMQ for the tests: installed for root, else unpacked into .tools
	@setup/databases.sh

.PHONY: mysql
mysql: ## a MySQL server of Debian's unstable suite into .tools, for the tests that only `test-all` runs
	@setup/mysql.sh

.PHONY: clean
clean: ## remove what make has set up and what the tools have left
	rm -rf .venv .tools .bench dashboards/viz/node_modules dashboards/viz/bundle .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(ready): constraints.txt pyproject.toml setup/python.sh
	@setup/python.sh

$(servers): .tools/%: setup/servers.sh setup/apt.sh
	@setup/servers.sh $*
	@mkdir -p .tools && touch $@

$(browser): setup/browser.sh setup/apt.sh dashboards/viz/package-lock.json | $(ready)
	@setup/browser.sh
	@mkdir -p .tools && touch $@
