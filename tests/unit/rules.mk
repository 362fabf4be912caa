# Unit tests run under the address and undefined-behaviour sanitizers, with objects of their own. They
# share the skeletons and the OTLP messages with the tool.

SANITIZED := $(BUILD)/sanitized
SANITIZED_CFLAGS = $(TOOL_CFLAGS) -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=undefined
TEST_SOURCES := $(wildcard tests/unit/*/*.c tests/bpf/*.c)
TEST_OBJECTS := $(TEST_SOURCES:%.c=$(SANITIZED)/%.o)
SANITIZED_ARCHIVE := $(SANITIZED)/scottyscope.a

$(SANITIZED)/user/%.o: user/%.c | $(HEADERS)
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZED_CFLAGS) -MD -MP -c $< -o $@

$(SANITIZED)/tests/%.o: tests/%.c | $(HEADERS)
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(SANITIZED_CFLAGS) -Itests -I$(<D) -MD -MP -c $< -o $@

$(SANITIZED_ARCHIVE): $(ARCHIVED:%=$(SANITIZED)/%) $(PROTO_OBJECTS)
	$(Q)rm -f $@ && $(AR) rcs --thin $@ $^

$(SANITIZED)/unit-tests: $(TEST_OBJECTS) $(SANITIZED_ARCHIVE)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(SANITIZED_CFLAGS) $(LDFLAGS) $(WITH_GRPC) -o $@ $^ $(LIBS) -lcriterion

unit_COMMAND = LSAN_OPTIONS=suppressions=tests/unit/leaks.supp:print_suppressions=0 \
	$(SANITIZED)/unit-tests --xml=$(BUILD)/unit.xml --timeout 120 --quiet

.PHONY: unit prepared-unit unit-tests
unit-tests: $(SANITIZED)/unit-tests
unit: ## unit tests, under sanitizers
	$(prepare)
prepared-unit: unit-tests
	$(call run,unit)

-include $(TEST_OBJECTS:.o=.d) $(ARCHIVED:%.o=$(SANITIZED)/%.d)
