# Builds with several compilers, and what the kernel's verifier processes in each: see VERIFIER.md.

COMPILERS ?= clang-14 clang-16 clang-19
compilers_COMMAND = BUILD=$(BUILD) COMPILERS="$(COMPILERS)" \
	SCOTTYSCOPE=$(abspath $(BUILD))/scottyscope SCOTTY_BARE=$(abspath $(FIXTURES))/scotty-bare \
	$(PYTEST) --junitxml=$(BUILD)/compilers.xml tests/compilers

# Loads all programs and prints the verifier's numbers for each.
$(BUILD)/verifier: tests/compilers/verifier.c $(SKELETONS)
	$(call msg,LINK,$@)
	$(Q)$(CC) $(TOOL_CFLAGS) -o $@ $< -lbpf

.PHONY: compilers prepared-compilers verifier-table
compilers: deps ## build with clang 14, 16 and 19 and load every program
	$(Q)sh tests/install/compilers.sh $(COMPILERS)
	$(prepare)
prepared-compilers: all $(FIXTURES)/scotty-bare $(VENV)/done
	$(call run,compilers)

verifier-table: ## renew tests/compilers/VERIFIER.md
	$(Q)BUILD=$(BUILD) COMPILERS='$(COMPILERS)' python3 tests/compilers/table.py
