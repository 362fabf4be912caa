# Fuzz targets: clang's libFuzzer under the address and undefined-behaviour sanitizers, with objects of their
# own. A file that defines fuzz_one() is a target, and tests/fuzz/corpus/NAME has its first inputs.

FUZZ := $(BUILD)/fuzz
FUZZ_PARTS := driver native exposition
FUZZ_SHARED := $(FUZZ_PARTS:%=$(FUZZ)/tests/fuzz/%.o)
FUZZ_TARGETS := $(filter-out $(FUZZ_PARTS),$(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c)))
FUZZ_PROGRAMS := $(FUZZ_TARGETS:%=$(FUZZ)/%)
FUZZ_SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_CFLAGS = $(filter-out -Wconversion,$(TOOL_CFLAGS)) -Wno-missing-field-initializers -Wno-constant-conversion \
	-O1 -fno-omit-frame-pointer $(FUZZ_SANITIZERS) -fsanitize=fuzzer-no-link
# What the targets use: the archive has no other files, to save time.
FUZZ_SOURCES := $(wildcard $(patsubst %,user/%/*.c,base config process rust elf code tokio plan snapshot metric span otlp \
	ipc prom export self web front)) \
	user/agent/front_watch.c user/probe/route_label.c user/ring/decode.c
FUZZ_ARCHIVE := $(FUZZ)/scottyscope.a

$(FUZZ)/user/%.o: user/%.c | $(HEADERS)
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -MD -MP -c $< -o $@

$(FUZZ)/tests/fuzz/%.o: tests/fuzz/%.c | $(HEADERS)
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -Itests -Itests/fuzz -MD -MP -c $< -o $@

$(FUZZ_ARCHIVE): $(FUZZ_SOURCES:%.c=$(FUZZ)/%.o) $(PROTO_OBJECTS)
	$(Q)rm -f $@ && $(AR) rcs --thin $@ $^

$(FUZZ_PROGRAMS): $(FUZZ)/%: $(FUZZ)/tests/fuzz/%.o $(FUZZ_SHARED) $(FUZZ_ARCHIVE)
	$(call msg,LINK,$@)
	$(Q)$(CLANG) $(FUZZ_SANITIZERS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)

# Executables are built, not stored.
FUZZ_SEEDS := $(FUZZ)/seeds
$(FUZZ_SEEDS)/done: tests/fuzz/elf_seeds.sh
	$(call msg,SEEDS,$@)
	$(Q)rm -rf $(@D) && sh $< $(@D)/elf_plan
	$(Q)touch $@

# Seconds of each target, two of which run at a time.
FUZZ_SECONDS = 20
fuzz_COMMAND = python3 tests/fuzz/run.py --programs $(FUZZ) --corpus tests/fuzz/corpus --seeds $(FUZZ_SEEDS) \
	--found $(FUZZ)/found --junit $(BUILD)/fuzz.xml --seconds $(FUZZ_SECONDS) $(FUZZ_TARGETS)

.PHONY: fuzz prepared-fuzz fuzz-targets
fuzz-targets: $(FUZZ_PROGRAMS) $(FUZZ_SEEDS)/done
fuzz: ## fuzz targets, 10 minutes each: FUZZ_SECONDS, FUZZ_TARGETS
	$(prepare)
prepared-fuzz: FUZZ_SECONDS = 600
prepared-fuzz: fuzz-targets
	$(call run,fuzz)

-include $(FUZZ_SOURCES:%.c=$(FUZZ)/%.d) $(FUZZ_TARGETS:%=$(FUZZ)/tests/fuzz/%.d) $(FUZZ_SHARED:.o=.d)
