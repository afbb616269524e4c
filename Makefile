# Every target sets up what it needs: nothing has to be done before.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
KUBECONTEXT ?=
NODE ?=
ONLY ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test check cluster cluster-down bench picture docs lock clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## Install kfctl and what its tests need into .venv

$(VENV)/.ready: pyproject.toml requirements-dev.lock tools/venv.sh
	@PYTHON=$(PYTHON) sh tools/venv.sh $(VENV)

demo: setup ## The main job on a real local Kubernetes (KUBECONTEXT=NAME: on a cluster of yours)
	@$(RUN) -m tools.demo $(if $(KUBECONTEXT),--context $(KUBECONTEXT))

test: setup ## All tests; builds and starts a local Kubernetes where none runs
	@$(RUN) -m tests.cluster build
	$(RUN) -m pytest -n auto

check: setup ## Format, lint, types, layers, generated pages
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(RUN) -m tools.file_access
	$(RUN) -m tools.docs --check

cluster: setup ## Build (once) and start a local Kubernetes control plane; prints its KUBECONFIG (NODE=1: pods run)
	@$(RUN) -m tests.cluster up $(if $(NODE),--node)

cluster-down: setup ## End the local control plane, the demo's, and the one with a node
	@$(RUN) -m tests.cluster down
	@$(RUN) -m tests.cluster down --name demo
	@$(RUN) -m tests.cluster down --node

bench: setup ## Measure kfctl against its peers, in ratios (ONLY=startup, show, online, latency or large)
	@$(RUN) -m bench $(ONLY)

picture: setup ## Draw the picture of the README from a real apply
	@$(RUN) -m tools.picture

docs: setup ## Write the generated pages of docs/ and the tables of the prototypes' READMEs
	@$(RUN) -m tools.docs

lock: setup ## Resolve all requirements anew and write their hashes (requirements-dev.lock, tests/locks, npm)
	@$(RUN) -m tools.lock

clean: ## Remove what the targets made in this folder
	rm -rf $(VENV) dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
