# Integration tests: the tool attached to the sample server, in all builds of the server.

# SCOTTYSCOPE, and SCOTTY_DEFAULT, SCOTTY_BARE and so on for the builds of the sample server.
upper = $(shell echo $(1) | tr a-z- A-Z_)
integration_ENVIRONMENT = SCOTTYSCOPE=$(abspath $(BUILD))/scottyscope \
	SCOTTYSCOPE_STATIC=$(abspath $(STATIC))/scottyscope \
	$(foreach each,$(MATRIX),SCOTTY_$(call upper,$(each))=$(abspath $(FIXTURES))/scotty-$(each))
integration_COMMAND = $(integration_ENVIRONMENT) $(PYTEST) --junitxml=$(BUILD)/integration.xml tests/integration

# `make quick` takes one build of the server, and leaves out the modules whose tests take longest.
QUICK_WITHOUT := turns http_load safety safety_sessions attach names tokio
quick_COMMAND = $(integration_ENVIRONMENT) $(PYTEST) --junitxml=$(BUILD)/quick.xml -k default \
	$(QUICK_WITHOUT:%=--ignore=tests/integration/test_%.py) tests/integration

.PHONY: integration prepared-integration
integration: deps ## integration tests with all builds of the sample server
	$(prepare)
prepared-integration: all fixtures static-if-possible $(VENV)/done
	$(call run,integration)
