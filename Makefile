# A thin front: meson builds, tests/run tests, tools/ and bench/ do the rest.
#
#   make build      install what is missing, configure, compile the programs; leaves build/sluis ready to run
#   make release    the same with clang and control flow integrity, in build-release/
#   make run        the demonstration: a local CA, three sample servers, Sluis in front
#   make test       everything that must hold; last line "N passed, N failed"
#   make lint       the slower static analysers (cppcheck, clang-tidy) and every project lint
#   make bench      side by side with Debian's haproxy
#   make simulate   what each balancing algorithm does, in a table
#   make conformance  RFC 9110, 9112, 9113, 8441 row by row, beside nginx and HAProxy
#   make soak MINUTES=30  mixed traffic while servers die, roles are killed and the configuration changes
#   make hostile    attacks of clients beside well-behaved ones: memory, what others lose, how it ends
#   make exercise MINUTES=10  an incident from the first alarm to the last application's return, in network namespaces
#   make breach     breaks in by planted bugs of memory: what stops each, who notices, what others lose
#   make chaos MINUTES=10 SEED=n  faults of every kind in a seed's order, under public and gateway traffic, judged by an oracle
#   make fuzz SECONDS=60 [ENGINE=afl]  each harness for so long, with sanitizers; make fuzz-coverage: what the corpora reach
#   make prove      what Frama-C proves about the parsers, for inputs of every size
#   make deb        the Debian package, in build-deb/ (SLUIS_SIGNING_KEY=FILE signs its manifest)
#   make package-test  installs, upgrades under load, removes it, on a machine in memory (as root)
#   make reproducible  builds twice under different circumstances: the same bytes
#   make install DESTDIR=... [PREFIX=/usr/local]

BUILD ?= build
SECONDS ?= 60
ENGINE ?= libfuzzer
MINUTES ?= 30
PREFIX ?= /usr/local
JOBS ?= $(shell nproc)

.PHONY: all build release everything run test lint bench simulate conformance soak hostile exercise breach chaos fuzz fuzz-coverage prove \
	deb package-test reproducible install docs clean help

all: build

build:
	@tools/install-packages build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --prefix=$(PREFIX)
	@ninja -j$(JOBS) -C $(BUILD) programs

# What is shipped: a call through a pointer reaches functions of its type alone (docs/hardening.md)
release:
	@tools/install-packages build release
	@test -f build-release/build.ninja || CC=clang-14 CC_LD=lld-14 AR=llvm-ar-14 \
		meson setup build-release --prefix=$(PREFIX) -Dcfi=true -Dstrip=true
	@ninja -j$(JOBS) -C build-release programs tests/unit/sys/unit-sys-cfi
	@tools/check-hardening --build build-release --cfi
	@build-release/tests/unit/sys/unit-sys-cfi

# With the tests and what makes the documentation
everything: build
	@ninja -j$(JOBS) -C $(BUILD)

run: build
	@tools/install-packages run
	@exec tools/run-demo --build $(BUILD)

test:
	@tools/install-packages build run test
	@$(MAKE) --no-print-directory everything
	@exec tests/run --build $(BUILD)

lint:
	@tools/install-packages build test lint
	@$(MAKE) --no-print-directory everything
	@exec tools/lint --build $(BUILD)

bench: build
	@tools/install-packages run bench
	@exec bench/run --build $(BUILD) $(BENCH)

simulate: build
	@ninja -C $(BUILD) tests/unit/balance/simulate-balance >/dev/null
	@$(BUILD)/tests/unit/balance/simulate-balance

conformance: everything
	@tools/install-packages run test bench
	@exec tests/conformance/run --build $(BUILD)

soak: everything
	@tools/install-packages run test
	@exec tests/soak/run --build $(BUILD) --minutes $(MINUTES)

hostile: everything
	@tools/install-packages run test
	@exec tests/hostile/run --build $(BUILD)

exercise: everything
	@tools/install-packages run test
	@exec tests/exercise/run --build $(BUILD) --minutes $(if $(filter 30,$(MINUTES)),10,$(MINUTES))

breach: everything
	@tools/install-packages run test
	@exec tests/breach/run --build $(BUILD)

chaos: everything
	@tools/install-packages run test
	@exec tests/chaos/run --build $(BUILD) --minutes $(if $(filter 30,$(MINUTES)),10,$(MINUTES)) $(if $(SEED),--seed $(SEED))

fuzz:
	@tools/install-packages build test fuzz
	@exec tools/fuzz $(SECONDS) --engine $(ENGINE)

fuzz-coverage:
	@tools/install-packages build test fuzz
	@exec tools/fuzz --coverage --missing

prove:
	@tools/install-packages prove
	@exec tests/proof/run

deb:
	@tools/install-packages build package
	@exec tools/make-deb

package-test:
	@tools/install-packages build run package
	@exec tests/package/run

reproducible:
	@tools/install-packages build package
	@exec tests/repro/run --jobs $(JOBS)

docs: everything
	@exec tools/gen-docs --build $(BUILD)

install: everything
	@! $(BUILD)/sluis version | grep -q planted || exec tools/refuse-install
	@meson configure $(BUILD) -Dprefix=$(PREFIX)
	@DESTDIR=$(DESTDIR) meson install -C $(BUILD)

clean:
	rm -rf build build-*

help:
	@sed -n '/^#   make/s/^# \{0,1\}//p' Makefile
