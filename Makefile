# `make demo` runs the main job, `make test` runs the tests; each sets up what it needs.
PYTHON ?= python3
BIN := .venv/bin
STAY ?=
KILLS ?= 300
STORE ?= sqlite
SCENARIO ?= all
SEEDS ?= 200
FIRST ?= 0
LONG_S ?= 300

.DEFAULT_GOAL := help
.PHONY: help env demo test check crash simulate planted proof bench bench-peers docs clean

DAILY := help env demo test check docs scenarios screenshots clean

help: ## this list
	@awk -F ':.*## ' -v daily=' $(DAILY) ' '/^[a-z-]+:.*## / { line = sprintf("  %-19s %s\n", $$1, $$2); \
	if (index(daily, " " $$1 " ")) printf "%s", line; else late = late line } \
	END { printf "\nproofs and measurements, minutes to hours:\n%s", late }' $(MAKEFILE_LIST)

env: .venv/.stamp ## build .venv from the locked versions

.venv/.stamp: requirements.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

demo: env ## orders from a real ERP to a warehouse and back; STAY=1 keeps everything up
	$(BIN)/python -m demo $(if $(STAY),--stay)

# Three at a time on two cores: most tests wait for disks, sockets and other processes. A file stays together.
test: env ## all tests, three files at a time
	$(BIN)/python -m pytest -n 3 --dist loadfile

check: env ## ruff with all rules, format, pyright strict, the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/python -m pytest -q tests/test_house.py

crash: env ## kills, full disks, lost servers, counted from outside; KILLS=n STORE=sqlite|postgresql SCENARIO=name
	$(BIN)/python -m tests.harness.crash --kills $(KILLS) --store $(STORE) --scenario $(SCENARIO)

simulate: env ## the hub in a simulated world: SEEDS=2000, SEED=n again, PATCH=file on a patched copy
	$(BIN)/python -m tests.simulation --seeds $(SEEDS) --first $(FIRST) $(if $(SEED),--seed $(SEED)) $(if $(PATCH),--patch $(PATCH))

planted: env ## every planted fault in tests/planted must be noticed
	$(BIN)/python -m tests.simulation.planted

proof: env ## long: kills at random instants, faults, system calls, counted from outside
	$(BIN)/python -m tests.harness.run durable
	for mode in resend find person; do $(BIN)/python -m tests.harness.run faults --mode $$mode || exit 1; done
	for store in sqlite postgresql; do $(BIN)/python -m tests.harness.crash --kills 300 --store $$store || exit 1; done
	CROSSDOCK_PROOF=1 $(BIN)/python -m pytest -q tests/crash/test_servers_and_disks.py
	$(BIN)/python -m tests.simulation --seeds 2000

bench: env ## measurements, each beside its yardstick
	$(BIN)/python -m bench --seconds 20
	for n in 1 2 4; do $(BIN)/python -m bench --store postgresql --workers $$n --seconds 20 || exit 1; done
	$(BIN)/python -m bench.backlog
	for store in sqlite postgresql; do $(BIN)/python -m bench.flood --store $$store || exit 1; done
	$(BIN)/python -m bench.longrun --seconds $(LONG_S)

bench-peers: env ## beside n8n, Node-RED, Celery and DBOS, installed from their registries
	$(BIN)/python -m bench.peers

docs: env ## renew the generated pages, then check every page
	$(BIN)/python -m docs.generate
	$(BIN)/python -m pytest -q tests/docs

# An environment of its own: the fuzzer is no dependency of the hub, and where there is none, chance takes its place.
FUZZ_S ?= 60
.PHONY: fuzz
fuzz: ## damaged EDI for FUZZ_S seconds: nothing may crash or hang
	test -x .cache/fuzz/venv/bin/python || $(PYTHON) -m venv .cache/fuzz/venv
	.cache/fuzz/venv/bin/python -m pip install --quiet --disable-pip-version-check atheris==3.0.0 || true
	PYTHONPATH=src .cache/fuzz/venv/bin/python -m tests.fuzz.x12 --seconds $(FUZZ_S)

.PHONY: bench-edi
bench-edi: env ## EDI read and checked, beside what people use today
	$(BIN)/python -m bench.x12
	$(BIN)/python -m bench.edifact
	$(BIN)/python -m bench.partners

.PHONY: screenshots
screenshots: env ## a picture of every page of the console, light and dark, wide and phone, in var/screenshots
	$(BIN)/python -m tests.console.shots --out var/screenshots

clean: ## remove what was built; keeps sites and their data
	rm -rf .venv dist build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# An environment of its own: the tool is no dependency of the hub.
API_S ?= 60
.PHONY: fuzz-api
fuzz-api: env ## every route of /openapi.json as each role and as nobody, API_S seconds each
	test -x .cache/schemathesis/venv/bin/python || $(PYTHON) -m venv .cache/schemathesis/venv
	.cache/schemathesis/venv/bin/python -m pip install --quiet --disable-pip-version-check schemathesis==4.32.5
	$(BIN)/python -m tests.fuzz.openapi --tool .cache/schemathesis/venv/bin/schemathesis --seconds $(API_S)

.PHONY: scenarios scenarios-proof
scenarios: env ## the stories in scenarios/, with what must stand at each system
	$(BIN)/crossdock twin scenario run scenarios --quiet

scenarios-proof: env ## takes away one row and one branch of the rules after the other: a story must turn red
	$(BIN)/python -m tests.scenarios.mutate

.PHONY: sbom audit-dependencies
sbom: env ## the bill of materials (CycloneDX 1.6) of what is locked, in var/sbom.json
	mkdir -p var
	$(BIN)/python ops/audit/sbom.py > var/sbom.json

audit-dependencies: env ## known weaknesses of what is locked; says so where the advisories cannot be reached
	test -x .cache/audit/venv/bin/python || $(PYTHON) -m venv .cache/audit/venv
	.cache/audit/venv/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	.cache/audit/venv/bin/pip-audit --requirement requirements.lock --strict --no-deps --disable-pip --timeout 15 || \
		{ echo "either a weakness is listed above, or the advisories could not be reached: nothing was checked then"; exit 1; }
