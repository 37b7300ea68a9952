# The two commands of the README are `make run` and `make test`; both install what they need (Debian 12, apt only).
#
#   make run [ARGS="--config FILE"]   build, then serve on 127.0.0.1:5000
#   make test [TESTS=regex]           build everything, run every test (TESTS: those whose name matches)
#   make test-faults [ROUNDS=300]     the store's fault tests, and so many rounds of kill -9
#   make build                        the program: build/release/layerd
#   make deps                         the packages that building needs
#   make demo                         a real image pulled twice through layerd, without a network
#   make bench                        layerd beside nginx and docker-registry; BENCH_QUICK=1 for a short run
#   make replay [ARGS="--scale 0.1"]  eviction policies over two made-up workloads: what each of them misses
#   make fuzz [MINUTES=5]             every fuzz target, MINUTES in all
#   make soak [MINUTES=10]            random pulls over ten times the limit, du watching
#   make asan, make tsan [SHORT=1]    the unit tests under the sanitizers; SHORT: without faults and what takes long
#     CLIENTS=regex                   instead of those the client tests whose name matches, with the sanitizer's layerd
#   make format, make tidy            clang-format in place; clang-tidy
#   make install [PREFIX=/usr/local] [DESTDIR=]  program, units, user, configuration (one that is there stays), docs
#   make deb                          the Debian package, into build/deb
SHELL := /bin/bash
JOBS ?= $(shell nproc)
MINUTES ?= 5
ROUNDS ?= 300
TESTS ?= .
PREFIX ?= /usr/local
DESTDIR ?=
ARGS ?=
BUILD := build/release
UNIT_TESTS := oci_test store_test proxy_test

# The packages asked for are looked up by dpkg-query each time; nothing is installed twice.
.PHONY: help run test test-faults build deps soak demo bench replay fuzz asan tsan format tidy install deb clean
help:
	@sed -n '3,/^SHELL/{/^#/s/^# \{0,1\}//p}' Makefile

deps:
	@tests/deps build

# The program alone: configured without tests and benchmarks, so that running needs no test package. A folder
# that `make test` configured keeps what it has.
build: deps
	@[[ -f $(BUILD)/build.ninja ]] || cmake --preset release -DLAYERD_TESTS=OFF -DLAYERD_BENCH=OFF
	@cmake --build $(BUILD) --parallel $(JOBS) --target layerd

run: build
	exec $(BUILD)/layerd serve $(ARGS)

test:
	@tests/deps build test
	@cmake --preset release -DLAYERD_TESTS=ON -DLAYERD_BENCH=ON
	@cmake --build $(BUILD) --parallel $(JOBS)
	@status=0; \
	ctest --test-dir $(BUILD) --output-on-failure --parallel $(JOBS) --tests-regex '$(TESTS)' || status=$$?; \
	grep -h ': skipped: ' $(BUILD)/Testing/Temporary/LastTest.log || true; \
	[[ $$status == 0 ]] || tests/failed $(BUILD); \
	exit $$status

test-faults:
	@tests/deps build test
	@cmake --preset release -DLAYERD_TESTS=ON
	@cmake --build $(BUILD) --parallel $(JOBS) --target store_test
	@LAYERD_KILL_ROUNDS=$(ROUNDS) $(BUILD)/tests/store_test '[faults]'

soak: MINUTES = 10
soak: build
	@tests/deps test
	@LAYERD=$(BUILD)/layerd SOAK_SECONDS=$$(($(MINUTES) * 60)) tests/clients/keep_storage_holds

demo: build
	@tests/deps test
	@bench/demo $(BUILD)/layerd

bench:
	@tests/deps build test bench
	@cmake --preset release -DLAYERD_TESTS=ON -DLAYERD_BENCH=ON
	@cmake --build $(BUILD) --parallel $(JOBS) --target layerd load push pull far_origin
	@bench/run $(BUILD)

replay:
	@tests/deps build test
	@cmake --preset release -DLAYERD_TESTS=ON -DLAYERD_BENCH=ON
	@cmake --build $(BUILD) --parallel $(JOBS) --target layerd-replay
	@$(BUILD)/bench/layerd-replay --profile registry $(ARGS)
	@$(BUILD)/bench/layerd-replay --profile ci $(ARGS)

asan tsan:
	@tests/deps build test
	@cmake --preset $@
ifdef CLIENTS
	@cmake --build build/$@ --parallel $(JOBS) --target layerd
	@ctest --test-dir build/$@ --output-on-failure --parallel $(JOBS) --label-regex clients --tests-regex '$(CLIENTS)'
else
	@cmake --build build/$@ --parallel $(JOBS) --target $(UNIT_TESTS)
	@FILTER=$(if $(SHORT),'~[faults]~[long]') tests/sanitized $(JOBS) build/$@/tests $(UNIT_TESTS)
endif

fuzz:
	@tests/deps build test dev
	@cmake --preset fuzz
	@cmake --build build/fuzz --parallel $(JOBS) --target fuzzers
	@JOBS=$(JOBS) tests/fuzz/run build/fuzz $(MINUTES)

format:
	@tests/deps dev
	@git ls-files --cached --others --exclude-standard -- '*.h' '*.cpp' | xargs -r clang-format -i

# Configured for clang and without the precompiled header, which is GCC's.
tidy:
	@tests/deps build test dev
	@cmake --preset release -B build/tidy -DCMAKE_CXX_COMPILER=clang++ -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
	@git ls-files -- 'oci/*.cpp' 'store/*.cpp' 'proxy/*.cpp' | \
	    xargs -r -n 1 -P $(JOBS) clang-tidy -p build/tidy --quiet --warnings-as-errors='*'

install: build
	@DESTDIR='$(DESTDIR)' cmake --install $(BUILD) --prefix '$(PREFIX)'

deb: build
	@tests/deps deb
	@cpack --config $(BUILD)/CPackConfig.cmake -B build/deb

clean:
	@rm -rf build
