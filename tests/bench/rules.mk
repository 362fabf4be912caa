# Measures the cost of the tool for a server, and the cost of the tool itself: JSON, text and a picture in
# build/bench. A comparison takes about forty minutes and needs a machine on which nothing else runs.
# `python tests/bench --help` lists the options.

BENCH := $(BUILD)/bench
BENCH_OPTIONS ?=
SCALE_OPTIONS ?=
REPORT_OPTIONS ?=
BENCH_COMMAND := $(VENV)/bin/python tests/bench
BENCH_PROGRAMS = --tool $(BUILD)/scottyscope --server $(FIXTURES)/scotty-bare --load $(BENCH)/load

$(BENCH)/%: tests/bench/%.c
	$(call msg,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 $(CFLAGS) $(WARNINGS) -D_GNU_SOURCE -MMD -MP -o $@ $< -lbpf

.PHONY: bench prepared-bench scale prepared-scale bench-document
bench: ## measure the cost for a server: BENCH_OPTIONS
	$(prepare)
prepared-bench: all $(BENCH)/load $(BENCH)/trap $(FIXTURES)/scotty-bare $(FIXTURES)/scotty-default $(VENV)/done
	$(Q)$(BENCH_COMMAND) compare $(BENCH_PROGRAMS) --own $(FIXTURES)/scotty-default \
		--trap $(BENCH)/trap --into $(BENCH)/compare.json $(BENCH_OPTIONS)
	$(Q)$(BENCH_COMMAND) report $(BENCH)/compare.json --picture $(BENCH)/compare.svg \
		--text $(BENCH)/compare.md

scale: ## measure the cost of the tool by load: SCALE_OPTIONS
	$(prepare)
prepared-scale: all $(BENCH)/load $(FIXTURES)/scotty-bare $(VENV)/done
	$(Q)$(BENCH_COMMAND) scale $(BENCH_PROGRAMS) --into $(BENCH)/scale.json $(SCALE_OPTIONS)
	$(Q)$(BENCH_COMMAND) report $(BENCH)/scale.json --text $(BENCH)/scale.md

bench-document: ## write the last measurements to tests/bench/RESULTS.md: REPORT_OPTIONS
	$(Q)$(BENCH_COMMAND) report $(wildcard $(BENCH)/compare*.json $(BENCH)/scale.json) \
		--document tests/bench/RESULTS.md --picture tests/bench/results.svg $(REPORT_OPTIONS)

-include $(wildcard $(BENCH)/*.d)
