# What several groups of tests share, and the targets that run several groups.

FIXTURES := $(BUILD)/fixtures
VENV := $(BUILD)/venv
METRICS := $(BUILD)/metrics.json
PYTEST := $(VENV)/bin/pytest -q -p no:cacheprovider

# $(call run,NAMES,OPTIONS): runs groups of tests. The rules.mk of a group defines NAME_COMMAND.
group = $(1) $(BUILD)/$(1).xml '$($(1)_COMMAND)'
run = $(Q)python3 tests/run.py $(2) $(foreach each,$(1),$(call group,$(each)))

REQUIREMENTS := $(wildcard tests/integration/requirements.txt tests/rules/requirements.txt \
	observability/dashboards/requirements.txt)
$(VENV)/done: $(REQUIREMENTS)
	$(call msg,VENV,$(VENV))
	$(Q)python3 -m venv $(VENV)
	$(Q)$(VENV)/bin/pip install --quiet --disable-pip-version-check $(addprefix -r ,$^)
	$(Q)touch $@

# The tool's list of metrics: the input of the documentation, the dashboards and the tests of rules.
$(METRICS): $(BUILD)/scottyscope
	$(Q)$< metrics --format json >$@.new && mv $@.new $@

.PHONY: test prepared-test quick prepared-quick
test: deps ## all tests but e2e, container, arm64 and compilers; ends with "N passed, N failed"
	$(prepare)
# Integration tests check times: the emulated machines take the CPU time that these tests leave.
prepared-test: all unit-tests fuzz-targets fixtures static-if-possible $(METRICS) $(VENV)/done
	$(call run,unit rules lint fuzz integration quiet vm,--together 'unit rules lint' --beside vm --alone quiet)

quick: ## in 3 minutes: build, lint of what changed, unit tests, integration tests with one server
	$(prepare)
prepared-quick: all unit-tests changed-lint $(FIXTURES)/scotty-default $(VENV)/done
	$(call run,unit lint quick,--together 'unit lint quick')
