# Debian packages, and the static build, whose libraries a script of this folder builds.

.PHONY: deps static-if-possible
deps: ## install the Debian packages that building and testing need (as root)
	$(Q)sh tests/install/packages.sh

# Two programs that need only the C library of a host: the tool, and the program with gRPC that sends
# OTLP for the tool. Debian has no suitable archive of some libraries; static_libraries.sh builds them.
STATIC := $(BUILD)/static
STATIC_LIBRARIES := $(addprefix $(STATIC)/lib/lib,$(addsuffix .a,microhttpd Zydis elf_missing))
STATIC_LIBS = $(shell $(PKG_CONFIG) --static --libs-only-l libbpf libelf liblzma libprotobuf-c libcap \
	libseccomp jansson yaml-0.1 | sed 's/-lpthread//g')
# The pkg-config file of gRPC names re2, but not the libraries that re2 needs since Debian 13.
OTLP_LIBS = $(shell $(PKG_CONFIG) --static --libs-only-l grpc re2 libprotobuf-c libcap libseccomp | \
	sed -E 's/-l(dl|rt|m|pthread)( |$$)/ /g')
STATIC_LDFLAGS := $(HARDENING_LDFLAGS) $(LDFLAGS) -static-libgcc -Wl,--gc-sections -Wl,-s

static: $(STATIC)/scottyscope $(STATIC)/scottyscope-otlp ## build build/static/, to be copied to other hosts

$(STATIC_LIBRARIES) &: tests/install/static_libraries.sh
	$(call msg,LIBRARIES,$(STATIC)/lib)
	$(Q)sh $< $(STATIC)/lib

$(STATIC)/scottyscope: $(BUILD)/user/main.o $(ARCHIVE) $(STATIC_LIBRARIES)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(STATIC_LDFLAGS) -o $@ $(filter-out $(STATIC_LIBRARIES),$^) -Wl,-Bstatic \
		$(STATIC_LIBS) $(STATIC_LIBRARIES) -l:libiberty.a -Wl,-Bdynamic -lm -lpthread

$(STATIC)/scottyscope-otlp: $(BUILD)/user/main_otlp.o $(ARCHIVE)
	$(call msg,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(STATIC_LDFLAGS) -o $@ $^ -Wl,-Bstatic -Wl,--start-group $(OTLP_LIBS) \
		-lstdc++ -Wl,--end-group -Wl,-Bdynamic -lm -lpthread

# The tests of the static build are skipped where Debian's source packages are not available.
static-if-possible:
	+$(Q)$(MAKE) --no-print-directory static || test -s $(STATIC)/lib/unavailable
