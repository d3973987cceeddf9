# esasim: `make` lists what there is.

GO      ?= go
PKGS    ?= ./...
BUILD   := build
TARGETS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
FUZZ    ?= 60s

.DEFAULT_GOAL := help
.PHONY: help run build test check bench bench-peers fuzz cover golden generate peers walls cross crash

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## start a lab: an appliance, registered with its cloud
	$(GO) run ./cmd/esasim lab

build: ## build the program into build/
	CGO_ENABLED=0 $(GO) build -o $(BUILD)/esasim ./cmd/esasim

test: peers ## vet, then all tests with the race detector, in random order
	$(GO) vet $(PKGS)
	$(GO) test -race -shuffle=on -count=1 -timeout 20m $(PKGS)

check: walls generate cross ## format, static analysis, walls, package docs, generated files, six platforms
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not gofmt-ed:"; echo "$$out"; exit 1; fi
	$(GO) vet $(PKGS)
	$(GO) tool staticcheck $(PKGS)
	$(GO) mod tidy -diff

walls: ## who may import whom, and a doc for every package
	$(GO) test -count=1 -run 'TestWalls|TestPackageDocs' .

generate: ## write the generated files again; fails if that changes them
	$(GO) generate $(PKGS)
	git diff --exit-code -- docs lab/words.json

cross: ## build for all platforms, without cgo
	@for t in $(TARGETS); do echo "build $$t"; \
	  CGO_ENABLED=0 GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -o /dev/null ./cmd/esasim || exit 1; done

bench: ## what the design promises in numbers: figure, bar, verdict (about 12 minutes, 8 GB of disk)
	$(GO) run ./traffic/bench

# The services that packages bring are not started: tests and make bench run
# programs of their own. A policy that is there already, as in containers, is kept.
# And no package goes to make room for one, as another MTA would for exim.
INSTALL = p=/usr/sbin/policy-rc.d; \
	if [ ! -e $$p ]; then trap "rm -f $$p" EXIT; printf '\#!/bin/sh\nexit 101\n' >$$p; chmod 755 $$p; fi; \
	apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-remove

bench-peers: ## install what make bench measures beside us (Debian, as root; make test does, too)
	@command -v clickhouse-server >/dev/null 2>&1 && exit 0; $(INSTALL) clickhouse-server >/dev/null

crash: peers ## a hundred kill -9 cycles under load and searches (make test runs a few)
	ESASIM_CRASH_CYCLES=100 $(GO) test -count=1 -timeout 20m -run TestKill -v .

fuzz: ## each fuzz target for FUZZ (60s)
	@for p in $$($(GO) list $(PKGS)); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz'); do \
	    echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZ) $$p || exit 1; done; done

cover: ## coverage of the tests, as a page in build/
	@mkdir -p $(BUILD)
	$(GO) test -coverpkg=./... -coverprofile=$(BUILD)/cover.out $(PKGS)
	$(GO) tool cover -html=$(BUILD)/cover.out -o $(BUILD)/cover.html
	$(GO) tool cover -func=$(BUILD)/cover.out | tail -1

golden: ## write the expected outputs of the tests again
	$(GO) test $$(grep -rl 'Bool("update"' --include='*_test.go' appliance cloud cloudlink cmd smtp traffic | xargs -n1 dirname | sort -u | sed 's,^,./,') -update
	$(GO) test . -run 'TestScenarios|TestFilters|TestAsyncOS|TestProfileLogs' -update

# The programs that tests talk to, what swaks needs for TLS, and the compiler that
# the race detector needs.
# As root on Debian they are installed; elsewhere the tests that need them say so
# and are skipped (under CI they fail).
peers:
	@missing=; for p in swaks chromium curl gcc ssh python3; do command -v $$p >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	perl -MNet::SSLeay -e1 2>/dev/null || missing="$$missing libnet-ssleay-perl"; \
	case "$$missing" in *gcc*) missing="$$missing libc6-dev";; esac; \
	missing=$$(echo "$$missing" | sed 's/\bssh\b/openssh-client/'); \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "installing$$missing"; $(INSTALL) $$missing >/dev/null; \
	fi
	@if [ ! -e /usr/sbin/exim4 ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	  echo "installing exim4-daemon-light"; $(INSTALL) exim4-daemon-light >/dev/null || echo "not installed: another MTA would have to go"; \
	fi
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then $(MAKE) -s bench-peers; fi
