# scottyscope: metrics and traces of a running Scotty, from outside.
#
#   make            the tool, in build/scottyscope
#   make demo       everything from nothing: packages, build, a sample server, a report
#   make test       everything from nothing: all tests, ending with "N passed, N failed"
#   make V=1 ...    show the commands

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

BUILD ?= build
PREFIX ?= /usr/local
CC = gcc
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1.0)

ifeq ($(V),1)
Q =
msg =
else
Q = @
msg = @printf '  %-8s %s\n' "$(1)" "$(patsubst $(BUILD)/%,%,$(2))";
endif

# What is built for, which need not be what is built on.
MACHINE := $(shell uname -m)
ARCH ?= $(MACHINE)
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(ARCH)))
ifeq ($(filter x86 arm64,$(BPF_ARCH)),)
$(error this machine ($(ARCH)) is not known: x86_64 and aarch64 are)
endif
PKG_CONFIG := pkg-config
CARGO_RELEASE := release

# For another machine: by its compilers, with its packages unpacked in SYSROOT (tests/setup/arm64.sh).
ifneq ($(ARCH),$(MACHINE))
SYSROOT ?= $(BUILD)/root
CC = $(ARCH)-linux-gnu-gcc --sysroot=$(SYSROOT)
PKG_CONFIG := PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(ARCH)-linux-gnu/pkgconfig:$(SYSROOT)/usr/share/pkgconfig pkg-config
RUST_TARGET := $(ARCH)-unknown-linux-gnu
CARGO_TARGET := --target $(RUST_TARGET)
CARGO_RELEASE := $(RUST_TARGET)/release
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER = $(ARCH)-linux-gnu-gcc
endif

PACKAGES := libbpf libelf zlib liblzma libprotobuf-c grpc libmicrohttpd libcap jansson yaml-0.1
PACKAGE_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null))
LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lZydis -l:libiberty.a -lm -lpthread

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Werror
# Fields left out of a table's rows are 0. gcc knows; clang warns also within named ones.
ifneq ($(findstring clang,$(CC)),)
WARNINGS += -Wno-missing-field-initializers
endif
CFLAGS ?= -O2 -g
LDFLAGS ?= -Wl,-O1 -Wl,--as-needed
# What bpftool and protoc-c write, like others' headers, is not ours to warn about.
TOOL_CFLAGS = -std=gnu11 $(CFLAGS) $(SANITIZE) $(WARNINGS) -fstack-protector-strong -D_GNU_SOURCE \
	-Iuser -Ibpf -isystem $(BUILD)/version -isystem $(BUILD)/skeleton -isystem $(BUILD)/proto \
	$(PACKAGE_CFLAGS)
BPF_CFLAGS := -g -O2 -target bpf -D__TARGET_ARCH_$(BPF_ARCH) $(WARNINGS) -Ivmlinux -Ibpf \
	-I/usr/include/$(MACHINE)-linux-gnu

# The sources of bpf/ are linked to one object; the test of the kernel's features is an object of its own.
BPF_SOURCES := $(filter-out bpf/kernel/feature.bpf.c,$(sort $(wildcard bpf/*.bpf.c bpf/*/*.bpf.c)))
BPF_OBJECTS := $(BPF_SOURCES:%.c=$(BUILD)/%.o)
SKELETONS := $(BUILD)/skeleton/scottyscope.skel.h $(BUILD)/skeleton/feature.skel.h

PROTOS := $(wildcard proto/*.proto)
PROTO_SOURCES := $(PROTOS:proto/%.proto=$(BUILD)/proto/%.pb-c.c)
PROTO_OBJECTS := $(PROTO_SOURCES:.c=.o)
PROTO_HEADERS := $(PROTO_SOURCES:.c=.h)
VERSION_HEADER := $(BUILD)/version/version.h
HEADERS := $(SKELETONS) $(PROTO_HEADERS) $(VERSION_HEADER)

# The transport over gRPC, which the static build leaves to scottyscope-otlp.
GRPC_TRANSPORT := user/export/transport_grpc.c user/export/grpc_channel.c user/export/grpc_status.c
SOURCES := $(wildcard user/*/*.c)
OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(SOURCES)) $(PROTO_OBJECTS)
MAIN_OBJECT := $(BUILD)/user/main.o

.PHONY: all deps demo prepared-demo test prepared-test sanitized-tests fixtures unit integration vm prepared-vm \
	lint format docs clean install

all: $(BUILD)/scottyscope

$(BUILD)/scottyscope: $(MAIN_OBJECT) $(OBJECTS)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LIBS)

# --- to be copied -----------------------------------------------------------------------------

# Two programs that need nothing of a host but its C library: the tool, and the one that sends OTLP
# for it, which alone has gRPC. Of some libraries Debian has no archive that fits; see the script.
STATIC := $(BUILD)/static
STATIC_LIBRARIES := $(addprefix $(STATIC)/lib/lib,$(addsuffix .a,microhttpd Zydis elf_missing))
STATIC_OBJECTS := $(filter-out $(GRPC_TRANSPORT:%.c=$(BUILD)/%.o),$(OBJECTS)) $(MAIN_OBJECT)
STATIC_LIBS = $(shell $(PKG_CONFIG) --static --libs-only-l libbpf libelf liblzma libprotobuf-c libcap \
	jansson yaml-0.1 | sed 's/-lpthread//g')
OTLP_SOURCES := user/main_otlp.c $(GRPC_TRANSPORT) user/export/response.c user/export/settings.c \
	user/ipc/message.c user/ipc/reader.c user/base/clock.c user/base/error.c \
	user/base/sandbox.c
OTLP_OBJECTS := $(OTLP_SOURCES:%.c=$(BUILD)/%.o) $(PROTO_OBJECTS)
# gRPC names re2, but not the libraries that re2 needs since Debian 13.
OTLP_LIBS = $(shell $(PKG_CONFIG) --static --libs-only-l grpc re2 libprotobuf-c libcap | \
	sed -E 's/-l(dl|rt|m|pthread)( |$$)/ /g')
STATIC_LDFLAGS := $(LDFLAGS) -static-libgcc -Wl,--gc-sections -Wl,-s

.PHONY: static static-if-it-can-be
static: $(STATIC)/scottyscope $(STATIC)/scottyscope-otlp

$(STATIC_LIBRARIES) &: tests/setup/static_libraries.sh
	$(call msg,LIBRARIES,$(STATIC)/lib)
	$(Q)sh $< $(STATIC)/lib

$(STATIC)/scottyscope: $(STATIC_OBJECTS) $(STATIC_LIBRARIES)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(STATIC_LDFLAGS) -o $@ $(STATIC_OBJECTS) -Wl,-Bstatic $(STATIC_LIBS) \
		$(STATIC_LIBRARIES) -l:libiberty.a -Wl,-Bdynamic -lm -lpthread

$(STATIC)/scottyscope-otlp: $(OTLP_OBJECTS)
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(STATIC_LDFLAGS) -o $@ $^ -Wl,-Bstatic -Wl,--start-group $(OTLP_LIBS) \
		-lstdc++ -Wl,--end-group -Wl,-Bdynamic -lm -lpthread

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call msg,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@

$(BUILD)/bpf/scottyscope.o: $(BPF_OBJECTS)
	$(call msg,BPFLINK,$@)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/bpf/feature.o: $(BUILD)/bpf/kernel/feature.bpf.o
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/skeleton/%.skel.h: $(BUILD)/bpf/%.o
	$(call msg,SKELETON,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen skeleton $< name $* > $@

# Each run writes a source and its header; headers are found by those who include them.
$(BUILD)/proto/%.pb-c.c $(BUILD)/proto/%.pb-c.h: proto/%.proto
	$(call msg,PROTOC,$@)
	@mkdir -p $(@D)
	$(Q)protoc --proto_path=proto --c_out=$(BUILD)/proto $<

.SECONDARY: $(PROTO_SOURCES)

$(BUILD)/proto/%.pb-c.o: $(BUILD)/proto/%.pb-c.c | $(PROTO_HEADERS)
	$(call msg,CC,$@)
	$(Q)$(CC) -std=gnu11 $(CFLAGS) $(SANITIZE) -I$(BUILD)/proto -MMD -MP -c $< -o $@

# Written anew only when the version is another: what names it is then built again.
.PHONY: version
version:
$(VERSION_HEADER): version
	@mkdir -p $(@D)
	@echo '#define SCOTTYSCOPE_VERSION "$(VERSION)"' | cmp -s - $@ || \
		echo '#define SCOTTYSCOPE_VERSION "$(VERSION)"' >$@

# -MD, not -MMD: the skeletons are system headers to the compiler, but objects depend on them.
$(BUILD)/user/%.o: user/%.c | $(HEADERS)
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) -MD -MP -c $< -o $@

# --- tests ------------------------------------------------------------------------------------

TEST_SOURCES := $(wildcard tests/unit/*/*.c) $(wildcard tests/bpf/*.c)
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(BUILD)/%.o)
FIXTURE := tests/fixtures/scotty
FIXTURES := $(BUILD)/fixtures
VENV := $(BUILD)/venv

$(BUILD)/tests/%.o: tests/%.c | $(HEADERS)
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) -Itests -I$(<D) -MD -MP -c $< -o $@

$(BUILD)/unit-tests: $(TEST_OBJECTS) $(OBJECTS)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(SANITIZE) $(LDFLAGS) -o $@ $^ $(LIBS) -lcriterion

# Unit tests run under the address and undefined-behaviour sanitizers, in a build of their own.
SANITIZED := $(BUILD)/sanitized
sanitized-tests:
	$(Q)$(MAKE) --no-print-directory BUILD=$(SANITIZED) CFLAGS='-O1 -g -fno-omit-frame-pointer' \
		SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined' \
		$(SANITIZED)/unit-tests

# The sample server, in the builds ..." to "fixtures: ...".

# The sample server, in the builds that its hooks are tested in: with and without its recorder, both
# manglings; small, linked as one (which inlines most of what is hooked), and with the libraries of a
# year ago and of now. Each has a target directory of its own, for cargo would rebuild the last one.
$(FIXTURES)/scotty-default: FIXTURE_FLAGS =
$(FIXTURES)/scotty-bare: FIXTURE_FLAGS = --no-default-features
$(FIXTURES)/scotty-v0: FIXTURE_FLAGS = --no-default-features
$(FIXTURES)/scotty-v0: export RUSTFLAGS = -Csymbol-mangling-version=v0
$(FIXTURES)/scotty-size: FIXTURE_FLAGS = --no-default-features
$(FIXTURES)/scotty-size: export CARGO_PROFILE_RELEASE_OPT_LEVEL = s
$(FIXTURES)/scotty-lto: FIXTURE_FLAGS =
$(FIXTURES)/scotty-lto: export CARGO_PROFILE_RELEASE_LTO = thin
$(FIXTURES)/scotty-lto: export CARGO_PROFILE_RELEASE_CODEGEN_UNITS = 1
$(FIXTURES)/scotty-older: FIXTURE_FLAGS = --no-default-features
$(FIXTURES)/scotty-current: FIXTURE_FLAGS = --no-default-features
$(FIXTURES)/scotty-current: export RUSTFLAGS = -Csymbol-mangling-version=v0
MATRIX := size lto older current

# Cargo takes no other lock file than a package's own: those two are built from copies.
FIXTURE_SOURCE = $(FIXTURE)
FIXTURE_FILES := $(shell find $(addprefix $(FIXTURE)/,src bollard scotty-core) -name '*.rs') \
	$(addprefix $(FIXTURE)/,Cargo.toml bollard/Cargo.toml scotty-core/Cargo.toml)
$(FIXTURES)/scotty-older: FIXTURE_SOURCE = $(FIXTURES)/source-older
$(FIXTURES)/scotty-older: $(FIXTURES)/source-older/Cargo.lock
$(FIXTURES)/scotty-current: FIXTURE_SOURCE = $(FIXTURES)/source-current
$(FIXTURES)/scotty-current: $(FIXTURES)/source-current/Cargo.lock
$(FIXTURES)/source-%/Cargo.lock: $(FIXTURE)/%.lock $(FIXTURE_FILES)
	@rm -rf $(@D) && mkdir -p $(@D)
	$(Q)cp -Rp $(addprefix $(FIXTURE)/,Cargo.toml src bollard scotty-core) $(@D)
	$(Q)cp $< $@

$(FIXTURES)/scotty-%: $(FIXTURE_FILES) $(FIXTURE)/Cargo.lock
	$(call msg,CARGO,$@)
	@mkdir -p $(@D)
	$(Q)cd $(FIXTURE_SOURCE) && cargo build --quiet --locked --release $(FIXTURE_FLAGS) \
		$(CARGO_TARGET) --target-dir $(abspath $(FIXTURES))/target-$*
	$(Q)cp $(FIXTURES)/target-$*/$(CARGO_RELEASE)/scotty $@.new && mv $@.new $@
fixtures: $(patsubst %,$(FIXTURES)/scotty-%,default bare v0 $(MATRIX))

DASHBOARDS := observability/dashboards
REQUIREMENTS := tests/integration/requirements.txt $(DASHBOARDS)/requirements.txt \
	tests/rules/requirements.txt
$(VENV)/done: $(REQUIREMENTS)
	$(call msg,VENV,$(VENV))
	$(Q)python3 -m venv $(VENV)
	$(Q)$(VENV)/bin/pip install --quiet --disable-pip-version-check $(addprefix -r ,$^)
	$(Q)touch $@

$(VENV)/e2e: tests/e2e/requirements.txt $(VENV)/done
	$(Q)$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	$(Q)touch $@

UNIT_COMMAND = LSAN_OPTIONS=suppressions=tests/setup/leaks.supp:print_suppressions=0 \
	$(SANITIZED)/unit-tests --xml=$(BUILD)/unit.xml --timeout 120 --quiet
INTEGRATION_COMMAND = SCOTTYSCOPE=$(abspath $(BUILD))/scottyscope \
	SCOTTYSCOPE_STATIC=$(abspath $(STATIC))/scottyscope \
	SCOTTY_DEFAULT=$(abspath $(FIXTURES))/scotty-default \
	SCOTTY_BARE=$(abspath $(FIXTURES))/scotty-bare SCOTTY_V0=$(abspath $(FIXTURES))/scotty-v0 \
	SCOTTY_SIZE=$(abspath $(FIXTURES))/scotty-size SCOTTY_LTO=$(abspath $(FIXTURES))/scotty-lto \
	SCOTTY_OLDER=$(abspath $(FIXTURES))/scotty-older \
	SCOTTY_CURRENT=$(abspath $(FIXTURES))/scotty-current \
	$(VENV)/bin/pytest -q -p no:cacheprovider --junitxml=$(BUILD)/integration.xml tests/integration

# The list of metrics, from which the dashboards are generated and by which rules are checked.
METRICS := $(BUILD)/metrics.json
$(METRICS): $(BUILD)/scottyscope
	$(Q)$< metrics --format json >$@.new && mv $@.new $@
RULES_COMMAND = METRICS=$(METRICS) \
	$(VENV)/bin/pytest -q -p no:cacheprovider --junitxml=$(BUILD)/rules.xml tests/rules

# On kernels from 5.10 on, emulated: see tests/vm/KERNELS.md.
VM_COMMAND = $(VENV)/bin/python tests/vm/run.py --tool $(BUILD)/scottyscope \
	--server $(FIXTURES)/scotty-bare --server $(FIXTURES)/scotty-default \
	--directory $(BUILD)/vm --junit $(BUILD)/vm.xml

deps:
	$(Q)sh tests/setup/packages.sh

test: deps
	$(Q)$(MAKE) --no-print-directory prepared-test

# Where source packages cannot be had, which says so, its tests are skipped.
static-if-it-can-be:
	$(Q)$(MAKE) --no-print-directory static || test -s $(STATIC)/lib/unavailable

prepared-test: all sanitized-tests fixtures static-if-it-can-be $(METRICS) $(VENV)/done
	$(Q)python3 tests/run.py \
		unit $(BUILD)/unit.xml '$(UNIT_COMMAND)' \
		rules $(BUILD)/rules.xml '$(RULES_COMMAND)' \
		integration $(BUILD)/integration.xml '$(INTEGRATION_COMMAND)' \
		vm $(BUILD)/vm.xml '$(VM_COMMAND)'

demo: deps
	$(Q)$(MAKE) --no-print-directory prepared-demo

prepared-demo: all $(FIXTURES)/scotty-default
	$(Q)python3 tests/demo/demo.py --tool $(BUILD)/scottyscope --server $(FIXTURES)/scotty-default

unit: sanitized-tests
	$(Q)python3 tests/run.py unit $(BUILD)/unit.xml '$(UNIT_COMMAND)'

integration: all fixtures static-if-it-can-be $(VENV)/done
	$(Q)python3 tests/run.py integration $(BUILD)/integration.xml '$(INTEGRATION_COMMAND)'

.PHONY: rules
rules: $(METRICS) $(VENV)/done
	$(Q)python3 tests/run.py rules $(BUILD)/rules.xml '$(RULES_COMMAND)'

vm: deps
	$(Q)$(MAKE) --no-print-directory prepared-vm

prepared-vm: all $(FIXTURES)/scotty-bare $(FIXTURES)/scotty-default $(VENV)/done
	$(Q)python3 tests/run.py vm $(BUILD)/vm.xml '$(VM_COMMAND)'

# --- 64-bit Arm -------------------------------------------------------------------------------

# The tool and the sample server built for it, and the same tests as above on Debian's kernels for it.
# Takes some minutes a kernel. What cannot be had is said, and its tests are skipped.
ARM64 := $(BUILD)/arm64
ARM64_SERIES ?= 6.1 6.12
ARM64_PROGRAMS := $(ARM64)/scottyscope $(ARM64)/fixtures/scotty-bare $(ARM64)/fixtures/scotty-default
ARM64_COMMAND = $(VENV)/bin/python tests/vm/run.py --tool $(ARM64)/scottyscope \
	--server $(ARM64)/fixtures/scotty-bare --server $(ARM64)/fixtures/scotty-default \
	--arm64 $(ARM64)/root --directory $(ARM64)/vm --junit $(ARM64)/vm.xml --series $(ARM64_SERIES)

.PHONY: arm64 prepared-arm64
arm64: deps
	$(Q)$(MAKE) --no-print-directory prepared-arm64

prepared-arm64: $(VENV)/done
	$(Q)PIP=$(VENV)/bin/pip sh tests/setup/arm64.sh $(ARM64)/root tests/integration/requirements.txt
	$(Q)test -s $(ARM64)/unavailable || \
		$(MAKE) --no-print-directory ARCH=aarch64 BUILD=$(ARM64) $(ARM64_PROGRAMS)
	$(Q)python3 tests/run.py arm64 $(ARM64)/vm.xml '$(ARM64_COMMAND)'

# --- compilers --------------------------------------------------------------------------------

# Loads all programs and says what the verifier took for each, in a build of any compiler.
$(BUILD)/verifier: tests/compilers/verifier.c $(SKELETONS)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(TOOL_CFLAGS) -o $@ $< -lbpf

COMPILERS ?= clang-14 clang-16 clang-19
COMPILERS_COMMAND = BUILD=$(BUILD) COMPILERS="$(COMPILERS)" \
	SCOTTYSCOPE=$(abspath $(BUILD))/scottyscope SCOTTY_BARE=$(abspath $(FIXTURES))/scotty-bare \
	$(VENV)/bin/pytest -q -p no:cacheprovider --junitxml=$(BUILD)/compilers.xml tests/compilers

.PHONY: compilers prepared-compilers verifier-table
compilers: deps
	$(Q)sh tests/setup/compilers.sh $(COMPILERS)
	$(Q)$(MAKE) --no-print-directory prepared-compilers

prepared-compilers: all $(FIXTURES)/scotty-bare $(VENV)/done
	$(Q)python3 tests/run.py compilers $(BUILD)/compilers.xml '$(COMPILERS_COMMAND)'

verifier-table:
	$(Q)BUILD=$(BUILD) COMPILERS='$(COMPILERS)' python3 tests/compilers/table.py

# --- end to end -------------------------------------------------------------------------------

# The real Collector, Prometheus, VictoriaMetrics and Jaeger, built from their Go modules: the first
# time this takes some minutes, much of it downloads. Needs Go 1.21, which fetches the release that
# go.mod names. A folder of E2E is a module; some modules have two programs.
E2E := tests/e2e
E2E_BUILD := $(BUILD)/e2e
E2E_PROGRAMS := $(addprefix $(E2E_BUILD)/,otelcol prometheus promtool jaeger victoriametrics vmalert \
	kustomize docker-compose)

$(E2E_BUILD)/otelcol: E2E_PACKAGE = .
$(E2E_BUILD)/otelcol: $(E2E)/otelcol/main.go
$(E2E_BUILD)/prometheus: E2E_PACKAGE = -tags remove_all_sd github.com/prometheus/prometheus/cmd/prometheus
$(E2E_BUILD)/promtool: E2E_PACKAGE = -tags remove_all_sd,enable_kubernetes_sd \
	github.com/prometheus/prometheus/cmd/promtool
$(E2E_BUILD)/promtool: E2E_MODULE = prometheus
$(E2E_BUILD)/promtool: $(E2E)/prometheus/go.mod $(E2E)/prometheus/go.sum
$(E2E_BUILD)/jaeger: E2E_PACKAGE = github.com/jaegertracing/jaeger/cmd/jaeger
$(E2E_BUILD)/victoriametrics: E2E_PACKAGE = github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics
$(E2E_BUILD)/kustomize: E2E_PACKAGE = sigs.k8s.io/kustomize/kustomize/v5
$(E2E_BUILD)/docker-compose: E2E_PACKAGE = github.com/docker/compose/v2/cmd
$(E2E_BUILD)/vmalert: E2E_PACKAGE = github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert
$(E2E_BUILD)/vmalert: E2E_MODULE = victoriametrics
$(E2E_BUILD)/vmalert: $(E2E)/victoriametrics/go.mod $(E2E)/victoriametrics/go.sum
E2E_MODULE = $(@F)
$(filter-out %/promtool %/vmalert,$(E2E_PROGRAMS)): $(E2E_BUILD)/%: $(E2E)/%/go.mod $(E2E)/%/go.sum
$(E2E_PROGRAMS):
	$(call msg,GO,$@)
	@mkdir -p $(@D)
	$(Q)cd $(E2E)/$(E2E_MODULE) && CGO_ENABLED=0 GOTOOLCHAIN=auto nice -n 12 \
		go build -mod=readonly -buildvcs=false -trimpath -o $(abspath $@) $(E2E_PACKAGE)

# E2E_OTELCOL and so on name the programs.
E2E_ENVIRONMENT = $(foreach each,$(E2E_PROGRAMS),E2E_$(shell echo $(notdir $(each)) | tr a-z- A-Z_)=$(abspath $(each)))
E2E_COMMAND = SCOTTYSCOPE=$(abspath $(BUILD))/scottyscope \
	SCOTTY_DEFAULT=$(abspath $(FIXTURES))/scotty-default \
	SCOTTY_BARE=$(abspath $(FIXTURES))/scotty-bare $(E2E_ENVIRONMENT) \
	$(VENV)/bin/pytest -q -p no:cacheprovider --junitxml=$(BUILD)/e2e.xml $(E2E)

.PHONY: e2e prepared-e2e
e2e: deps
	$(Q)sh $(E2E)/setup.sh
	$(Q)$(MAKE) --no-print-directory prepared-e2e

prepared-e2e: all $(FIXTURES)/scotty-default $(FIXTURES)/scotty-bare $(VENV)/e2e $(E2E_PROGRAMS)
	$(Q)python3 tests/run.py e2e $(BUILD)/e2e.xml '$(E2E_COMMAND)'

# Collector, VictoriaMetrics, Jaeger and vmalert as programs on loopback with the files of observability/,
# scottyscope and a server: until Ctrl-C. STACK_OPTIONS="--pid N", or --help.
STACK_OPTIONS ?=
STACK_COMMAND = $(VENV)/bin/python observability/stack --programs $(E2E_BUILD) \
	--tool $(BUILD)/scottyscope --sample $(FIXTURES)/scotty-default --traffic tests/demo/traffic.py

.PHONY: stack prepared-stack
stack: deps
	$(Q)sh $(E2E)/setup.sh
	$(Q)$(MAKE) --no-print-directory prepared-stack

prepared-stack: all $(FIXTURES)/scotty-default $(VENV)/done \
		$(filter-out %/prometheus %/promtool %/kustomize %/docker-compose,$(E2E_PROGRAMS))
	$(Q)exec $(STACK_COMMAND) $(STACK_OPTIONS)

# --- container --------------------------------------------------------------------------------

# Builds the image and runs it, with a Docker daemon of its own where none answers. What cannot be had
# is said, and its tests are skipped.
CONTAINER := $(BUILD)/container
CONTAINER_COMMAND = CONTAINER_DIRECTORY=$(abspath $(CONTAINER)) \
	$(VENV)/bin/pytest -q -p no:cacheprovider --junitxml=$(BUILD)/container.xml tests/container

.PHONY: container prepared-container
container: deps
	$(Q)$(MAKE) --no-print-directory prepared-container

prepared-container: $(FIXTURES)/scotty-default $(VENV)/done
	$(Q)sh tests/container/setup.sh start $(CONTAINER) $(FIXTURES)/scotty-default
	$(Q)status=0; python3 tests/run.py container $(BUILD)/container.xml '$(CONTAINER_COMMAND)' || status=$$?; \
		sh tests/container/setup.sh stop $(CONTAINER); exit $$status

# --- measuring --------------------------------------------------------------------------------

# What the tool costs a server and what it takes itself, as JSON, text and a picture in build/bench.
# BENCH_OPTIONS and SCALE_OPTIONS go to tests/bench, which tells them with --help; a comparison takes
# about forty minutes, and is worth something only where nothing else runs.
BENCH := $(BUILD)/bench
BENCH_OPTIONS ?=
SCALE_OPTIONS ?=
BENCH_COMMAND := $(VENV)/bin/python tests/bench
BENCH_PROGRAMS = --tool $(BUILD)/scottyscope --server $(FIXTURES)/scotty-bare --load $(BENCH)/load

$(BENCH)/%: tests/bench/%.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE -MMD -MP -o $@ $< -lbpf

.PHONY: bench scale bench-document
bench: all $(BENCH)/load $(BENCH)/trap $(FIXTURES)/scotty-bare $(FIXTURES)/scotty-default $(VENV)/done
	$(Q)$(BENCH_COMMAND) compare $(BENCH_PROGRAMS) --own $(FIXTURES)/scotty-default \
		--trap $(BENCH)/trap --into $(BENCH)/compare.json $(BENCH_OPTIONS)
	$(Q)$(BENCH_COMMAND) report $(BENCH)/compare.json --picture $(BENCH)/compare.svg \
		--text $(BENCH)/compare.md

scale: all $(BENCH)/load $(FIXTURES)/scotty-bare $(VENV)/done
	$(Q)$(BENCH_COMMAND) scale $(BENCH_PROGRAMS) --into $(BENCH)/scale.json $(SCALE_OPTIONS)
	$(Q)$(BENCH_COMMAND) report $(BENCH)/scale.json --text $(BENCH)/scale.md

# Puts what was measured last into the documentation; REPORT_OPTIONS as tests/bench report has them.
REPORT_OPTIONS ?=
bench-document:
	$(Q)$(BENCH_COMMAND) report $(wildcard $(BENCH)/compare*.json $(BENCH)/scale.json) \
		--document tests/bench/RESULTS.md --picture tests/bench/results.svg $(REPORT_OPTIONS)

# --- care -------------------------------------------------------------------------------------

C_FILES := $(wildcard user/*.c user/*/*.[ch] bpf/*.[ch] bpf/*/*.[ch] vmlinux/*.h tests/unit/*/*.[ch] tests/bpf/*.[ch] \
	tests/bench/*.c tests/compilers/*.c)

format:
	$(Q)clang-format -i $(C_FILES)

GENERATE_COMMAND = $(VENV)/bin/python -B $(DASHBOARDS)/generate --metrics $(METRICS)

lint: all $(METRICS) $(VENV)/done
	$(Q)clang-format --dry-run --Werror $(C_FILES)
	$(Q)clang-tidy --quiet $(SOURCES) user/main.c user/main_otlp.c -- $(TOOL_CFLAGS) -Wno-unknown-warning-option
	$(Q)python3 tests/setup/house.py
	$(Q)python3 docs/metrics_page.py --metrics $(METRICS) --check
	$(Q)python3 docs/options_page.py --tool $(BUILD)/scottyscope --check
	$(Q)$(GENERATE_COMMAND) --check
	$(Q)cd $(FIXTURE) && if cargo fmt --version >/dev/null 2>&1; then cargo fmt --check; fi

docs: all $(METRICS) $(VENV)/done
	$(Q)python3 docs/metrics_page.py --metrics $(METRICS)
	$(Q)python3 docs/options_page.py --tool $(BUILD)/scottyscope
	$(Q)$(GENERATE_COMMAND)

install: all
	install -D -m 0755 $(BUILD)/scottyscope $(DESTDIR)$(PREFIX)/bin/scottyscope

clean:
	$(Q)rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(MAIN_OBJECT:.o=.d) $(STATIC_OBJECTS:.o=.d) $(OTLP_OBJECTS:.o=.d) $(BPF_OBJECTS:.o=.d) \
	$(TEST_OBJECTS:.o=.d) $(wildcard $(BENCH)/*.d)
