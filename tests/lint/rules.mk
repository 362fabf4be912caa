# Formatting, clang-tidy, the house rules, and whether generated files are current.

C_FILES := $(wildcard user/*.c user/*/*.[ch] bpf/*.[ch] bpf/*/*.[ch] vmlinux/*.h tests/unit/*/*.[ch] tests/bpf/*.[ch] \
	tests/fuzz/*.[ch] tests/bench/*.c tests/compilers/*.c)
# What differs from the branch main: commits, the work tree, and files that Git does not know yet.
CHANGED := $(shell exec 2>/dev/null; base=$$(git merge-base HEAD main || git merge-base HEAD origin/main || echo HEAD); \
	git diff --name-only --diff-filter=d $$base; git ls-files --others --exclude-standard)

# An empty file says that a source passed. It depends on the object, and so on each header of the source.
TIDY := $(patsubst %.c,$(BUILD)/tidy/%,$(MAIN_SOURCES) $(SOURCES))
$(BUILD)/tidy/%: %.c $(BUILD)/%.o .clang-tidy
	$(call msg,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)output=$$(clang-tidy --quiet $< -- $(TOOL_CFLAGS) -Wno-unknown-warning-option 2>&1) || \
		{ printf '%s\n' "$$output"; exit 1; }
	@touch $@

lint_COMMAND = $(PYTEST) --junitxml=$(BUILD)/lint.xml tests/lint

.PHONY: lint prepared-lint changed-lint format
lint: ## formatting, clang-tidy, house rules, generated files
	$(prepare)
prepared-lint: $(TIDY) $(METRICS) $(VENV)/done
	$(Q)clang-format --dry-run --Werror $(C_FILES)
	$(Q)python3 tests/lint/house.py
	$(Q)$(PAGE_COMMAND) --check
	$(Q)$(OPTIONS_COMMAND) --check
	$(Q)$(DASHBOARDS_COMMAND) --check
	$(Q)cd $(FIXTURE) && if cargo fmt --version >/dev/null 2>&1; then cargo fmt --check; fi

changed-lint: $(filter $(patsubst %.c,$(BUILD)/tidy/%,$(CHANGED)),$(TIDY))
	$(Q)clang-format --dry-run --Werror $(filter $(CHANGED),$(C_FILES)) </dev/null
	$(Q)python3 tests/lint/house.py

format: ## format the C sources
	$(Q)clang-format -i $(C_FILES)
