# Everything a person runs. Node 26 comes from the npm registry (optionalDependencies), so an older Node with npm is
# enough to begin with; the project's own node, vitest and so on are first on PATH from then on.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
SHELL := /bin/bash
modules := node_modules/.package-lock.json
wasm := build/kernel.wasm
program := build/program/main.js

.DEFAULT_GOAL := help
.PHONY: help build check test test-long demo cluster cluster-down generate format tools referees bench bench-growth bench-tools

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

test: $(program) referees ## Run every test, on a real cluster too (sets everything up, removes it again)
	@node test/suite/main.ts

test-long: $(program) referees ## As test, with ten times the mutants, and every point where the short run takes a sample
	@HOLDFAST_TEST_LONG=1 node test/suite/main.ts

check: $(program) referees ## Format, lint, types, unit and the daily interop tests: about a minute, no cluster
	@biome check .
	@tsc --noEmit
	@node src/api/generate.ts --check
	@vitest run --project unit --project interop

demo: tools cluster ## Show the whole product on a real cluster, which stays up to be looked at
	@node test/demo/main.ts

cluster: $(modules) ## Start a real Kubernetes with two S3 stores and Holdfast installed (or find it running)
	@node test/cluster/main.ts up

cluster-down: $(modules) ## Remove the cluster with every process, mount and file of it
	@node test/cluster/main.ts down

build: $(program) ## Compile the WebAssembly kernel, and bundle the program
generate: $(modules) ## Write the CRDs from the schemas in src/api
	@node src/api/generate.ts

format: $(modules) ## Format and mend what the linter can mend
	@biome check --write .

# The referee for all data is plain restic, that for attributes the system's own tools; the S3 server for tests is built by
# the cluster's tools.
commands := restic:restic fusermount:fuse3 setfattr:attr setfacl:acl setcap:libcap2-bin setpriv:util-linux losetup:mount
tools:
	@missing=; for each in $(commands); do command -v $${each%:*} >/dev/null || missing="$$missing $${each#*:}"; done; \
	  [ -z "$$missing" ] || (echo "installing$$missing"; apt-get update -qq && apt-get install -y -qq $$missing >/dev/null) \
	  || (echo "not all of$$missing could be installed: install them and try again" >&2; exit 1)

# Two referees, the restic that the system has and the newest one, and a real S3 server: what is built is built once per machine,
# and before any test waits for it.
referees: tools $(modules)
	@node test/support/prepare-restic.ts
	@node test/cluster/main.ts program versitygw >/dev/null

# What it may be told: BENCH="--scale small --data src,rnd --store s3 --repeat 5 --rustic PATH --kopia PATH".
bench: $(program) referees bench-tools ## Measure against restic, and other peers by path (hours; see test/bench/README.md)
	@node test/bench/main.ts $(BENCH)

bench-growth: $(program) ## Measure time and memory against files, bytes, points and blobs (hours)
	@node test/bench/growth/main.ts $(BENCH)

bench-tools:
	@$(MAKE) --no-print-directory tools commands="diff:diffutils mkfs.ext4:e2fsprogs setpriv:util-linux"

$(modules): package.json package-lock.json
	@command -v npm >/dev/null || (echo "npm is missing: install Node.js 20 or newer with npm, then try again" >&2; exit 1)
	@echo "installing npm packages"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(wasm): $(modules) $(shell find src/kernel -name '*.ts' -not -name '*.test.ts' 2>/dev/null)
	@node src/kernel/build.ts
	@touch $@

$(program): $(wasm) package.json $(shell find src -name '*.ts' -not -name '*.test.ts')
	@node src/build.ts
