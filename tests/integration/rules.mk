# Integration tests: the tool attached to the sample server, in all builds of the server.

# SCOTTYSCOPE, and SCOTTY_DEFAULT, SCOTTY_BARE and so on for the builds of the sample server.
upper = $(shell echo $(1) | tr a-z- A-Z_)
integration_ENVIRONMENT = SCOTTYSCOPE=$(abspath $(BUILD))/scottyscope \
	SCOTTYSCOPE_STATIC=$(abspath $(STATIC))/scottyscope \
	$(foreach each,$(MATRIX) $(OPTIONAL_MATRIX),SCOTTY_$(call upper,$(each))=$(abspath $(FIXTURES))/scotty-$(each))
# PYTEST_OPTIONS="-k NAME" chooses tests.
PYTEST_OPTIONS ?=
integration_PYTEST = $(integration_ENVIRONMENT) $(PYTEST) $(PYTEST_OPTIONS)

# Tests with timing assertions have the marker `quiet`, and run one at a time. All others run on two workers.
integration_COMMAND = $(integration_PYTEST) --junitxml=$(BUILD)/integration.xml -n 2 -m "not quiet" \
	tests/integration
quiet_COMMAND = $(integration_PYTEST) --junitxml=$(BUILD)/quiet.xml -m quiet tests/integration

# `make quick` runs the tests with the marker `quick`: each signal once, with one build of the server.
quick_COMMAND = $(integration_PYTEST) --junitxml=$(BUILD)/quick.xml -n 2 -m "quick and not quiet" \
	tests/integration

.PHONY: integration prepared-integration
integration: deps ## integration tests with all builds of the sample server
	$(prepare)
prepared-integration: all fixtures static-if-possible $(VENV)/done
	$(call run,integration quiet)
