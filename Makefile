# The commands of the project. `make run` and `make test` are all a new machine needs:
# Go and a C compiler (DuckDB is linked in).
DEMO_DATA ?= demo-data
GO ?= go

.PHONY: build run test lint fuzz bench clean

build:
	@mkdir -p bin
	$(GO) build -o bin/engine ./cmd/engine

run: build
	@rm -rf $(DEMO_DATA)
	bin/engine run --data $(DEMO_DATA) --config fixtures/demo/engine.toml \
		--input fixtures/demo/registry-east.access.json.gz \
		--input fixtures/demo/registry-west.csv \
		--input fixtures/demo/mirror.access.log
	@echo
	@echo "Who pulls what? Try next:"
	@echo "  bin/engine query --data $(DEMO_DATA) \"select namespace, repository, action, count(*) as actions from actions group by all order by actions desc limit 10\""

test: lint
	$(GO) test ./...

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

bench:
	$(GO) run ./bench/measure

clean:
	rm -rf bin $(DEMO_DATA)
