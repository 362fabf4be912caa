# Tests of the alerts, the recording rules and the dashboards.

rules_COMMAND = METRICS=$(METRICS) $(PYTEST) --junitxml=$(BUILD)/rules.xml tests/rules

.PHONY: rules prepared-rules
rules: ## tests of alerts, recording rules and dashboards
	$(prepare)
prepared-rules: $(METRICS) $(VENV)/done
	$(call run,rules)
