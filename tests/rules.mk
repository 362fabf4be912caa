# What several groups of tests share, and the targets that run several groups.

FIXTURES := $(BUILD)/fixtures
VENV := $(BUILD)/venv
METRICS := $(BUILD)/metrics.json
PYTEST := $(VENV)/bin/pytest -q -p no:cacheprovider

# $(call run,NAME): the arguments of tests/run.py for one group. The group's rules.mk defines NAME_COMMAND.
group = $(1) $(BUILD)/$(1).xml '$($(1)_COMMAND)'
run = $(Q)python3 tests/run.py $(foreach each,$(1),$(call group,$(each)))

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

.PHONY: test prepared-test
test: deps ## all tests that need no network but packages; ends with "N passed, N failed"
	$(prepare)
prepared-test: all unit-tests fixtures static-if-possible $(METRICS) $(VENV)/done
	$(call run,unit rules integration vm)

