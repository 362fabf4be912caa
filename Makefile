# scottyscope: metrics and traces of a running Scotty server, from outside. `make help` lists the targets.

.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

BUILD ?= build
PREFIX ?= /usr/local
CC = gcc
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool) bpftool)
PKG_CONFIG = pkg-config
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo 0.1.0)

ifeq ($(V),1)
Q =
msg =
else
Q = @
msg = @printf '  %-8s %s\n' "$(1)" "$(patsubst $(BUILD)/%,%,$(2))";
endif

# A public target builds what it needs in parallel, then runs. JOBS is the number of jobs where -j is not given.
JOBS ?= $(shell nproc)
prepare = +$(Q)$(MAKE) --no-print-directory $(if $(findstring --jobserver,$(MAKEFLAGS)),,-j$(JOBS)) prepared-$@

# ARCH is the machine that the programs are for, MACHINE the machine that builds them.
MACHINE := $(shell uname -m)
ARCH ?= $(MACHINE)
BPF_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(ARCH)))
ifeq ($(filter x86 arm64,$(BPF_ARCH)),)
$(error the architecture $(ARCH) is not supported; x86_64 and aarch64 are)
endif
ifneq ($(ARCH),$(MACHINE))
# tests/install/arm64.sh unpacks the packages of the other machine into SYSROOT.
SYSROOT ?= $(BUILD)/root
CC = $(ARCH)-linux-gnu-gcc --sysroot=$(SYSROOT)
AR = $(ARCH)-linux-gnu-ar
PKG_CONFIG = PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(ARCH)-linux-gnu/pkgconfig:$(SYSROOT)/usr/share/pkgconfig pkg-config
endif

PACKAGES := libbpf libelf zlib liblzma libprotobuf-c grpc libmicrohttpd libcap libseccomp jansson yaml-0.1
PACKAGE_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null))
LIBS = $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -lZydis -l:libiberty.a -lm -lpthread

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Werror
# Fields that a table's row leaves out are 0. clang warns about them even in rows with named fields.
ifneq ($(findstring clang,$(CC)),)
WARNINGS += -Wno-missing-field-initializers
endif
CFLAGS ?= -O2 -g
LDFLAGS ?= -Wl,-O1 -Wl,--as-needed
# The flags of Debian's packages (dpkg-buildflags, "hardening=+all"). Users may change CFLAGS and LDFLAGS
# without losing these. Some distributions' gcc sets _FORTIFY_SOURCE itself.
HARDENING_arm64 := -mbranch-protection=standard
HARDENING_x86 := -fcf-protection
HARDENING_CFLAGS := -fPIE -fstack-protector-strong -fstack-clash-protection $(HARDENING_$(BPF_ARCH))
FORTIFY_CFLAGS := -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
HARDENING_LDFLAGS := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
# The output of bpftool and protoc-c counts as system headers, which do not warn. Aliasing: maps are
# read as words of uint64_t (unsigned long) into structs of __u64 (unsigned long long), as in the kernel.
TOOL_CFLAGS = -std=gnu11 $(CFLAGS) $(WARNINGS) -fno-strict-aliasing $(HARDENING_CFLAGS) \
	-D_GNU_SOURCE -Iuser -Ibpf -isystem $(BUILD)/version -isystem $(BUILD)/skeleton \
	-isystem $(BUILD)/proto $(PACKAGE_CFLAGS)
BPF_CFLAGS := -g -O2 -target bpf -D__TARGET_ARCH_$(BPF_ARCH) $(WARNINGS) -Ivmlinux -Ibpf \
	-I/usr/include/$(MACHINE)-linux-gnu

.PHONY: all static install clean help
all: $(BUILD)/scottyscope ## build the tool: build/scottyscope (the default)

# --- programs in the kernel -----------------------------------------------------------------------

# All programs are linked to one object. The test of the kernel's features is an object of its own.
BPF_SOURCES := $(wildcard bpf/*.bpf.c bpf/*/*.bpf.c)
BPF_OBJECTS := $(BPF_SOURCES:%.c=$(BUILD)/%.o)
FEATURE_OBJECT := $(filter %/feature.bpf.o,$(BPF_OBJECTS))
SKELETONS := $(BUILD)/skeleton/scottyscope.skel.h $(BUILD)/skeleton/feature.skel.h

$(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call msg,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@

$(BUILD)/skeleton/scottyscope.o: $(filter-out $(FEATURE_OBJECT),$(BPF_OBJECTS))
$(BUILD)/skeleton/feature.o: $(FEATURE_OBJECT)
$(SKELETONS:.skel.h=.o):
	$(call msg,BPFLINK,$@)
	@mkdir -p $(@D)
	$(Q)$(BPFTOOL) gen object $@ $^

$(BUILD)/skeleton/%.skel.h: $(BUILD)/skeleton/%.o
	$(call msg,SKELETON,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $* > $@

# --- generated sources ----------------------------------------------------------------------------

PROTO_SOURCES := $(patsubst proto/%.proto,$(BUILD)/proto/%.pb-c.c,$(wildcard proto/*.proto))
PROTO_HEADERS := $(PROTO_SOURCES:.c=.h)
PROTO_OBJECTS := $(PROTO_SOURCES:.c=.o)
VERSION_HEADER := $(BUILD)/version/version.h
HEADERS := $(SKELETONS) $(PROTO_HEADERS) $(VERSION_HEADER)

$(BUILD)/proto/%.pb-c.c $(BUILD)/proto/%.pb-c.h: proto/%.proto
	$(call msg,PROTOC,$@)
	@mkdir -p $(@D)
	$(Q)protoc --proto_path=proto --c_out=$(BUILD)/proto $<

.SECONDARY: $(PROTO_SOURCES) $(HEADERS)
$(PROTO_OBJECTS): %.o: %.c | $(PROTO_HEADERS)
	$(call msg,CC,$@)
	$(Q)$(CC) -std=gnu11 $(CFLAGS) $(HARDENING_CFLAGS) $(FORTIFY_CFLAGS) -I$(BUILD)/proto -c $< -o $@

# Written only when the version has changed, because its users are built again then.
.PHONY: version
$(VERSION_HEADER): version
	@mkdir -p $(@D)
	@echo '#define SCOTTYSCOPE_VERSION "$(VERSION)"' | cmp -s - $@ || \
		echo '#define SCOTTYSCOPE_VERSION "$(VERSION)"' >$@

# --- the tool -------------------------------------------------------------------------------------

# Each program is its main file and what that needs of one archive. The table of transports refers to
# gRPC's transport weakly: a program has gRPC if its link asks for the transport.
WITH_GRPC := -Wl,-u,export_transport_grpc
MAIN_SOURCES := $(wildcard user/*.c)
SOURCES := $(wildcard user/*/*.c)
OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(MAIN_SOURCES) $(SOURCES))
ARCHIVED := $(SOURCES:%.c=%.o)
ARCHIVE := $(BUILD)/scottyscope.a

# -MD and not -MMD: skeletons are system headers to the compiler, and objects depend on them.
$(BUILD)/user/%.o: user/%.c | $(HEADERS)
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(FORTIFY_CFLAGS) -MD -MP -c $< -o $@

$(ARCHIVE): $(ARCHIVED:%=$(BUILD)/%) $(PROTO_OBJECTS)
	$(Q)rm -f $@ && $(AR) rcs --thin $@ $^

$(BUILD)/scottyscope: $(BUILD)/user/main.o $(ARCHIVE)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(HARDENING_LDFLAGS) $(LDFLAGS) $(WITH_GRPC) -o $@ $^ $(LIBS)

install: all ## install the tool: DESTDIR, PREFIX
	install -D -m 0755 $(BUILD)/scottyscope $(DESTDIR)$(PREFIX)/bin/scottyscope
	install -D -m 0644 observability/systemd/scottyscope.sysusers.conf \
		$(DESTDIR)$(PREFIX)/lib/sysusers.d/scottyscope.conf

clean: ## delete the build folder
	$(Q)rm -rf $(BUILD)

RULES := $(wildcard tests/rules.mk tests/*/rules.mk docs/rules.mk observability/rules.mk)
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' Makefile $(RULES)

include $(RULES)
-include $(OBJECTS:.o=.d) $(BPF_OBJECTS:.o=.d)
