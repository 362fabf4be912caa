# Pages and dashboards that are generated from the tool's lists of metrics and options.

PAGE_COMMAND = python3 docs/metrics_page.py --metrics $(METRICS)
OPTIONS_COMMAND = python3 docs/options_page.py --tool $(BUILD)/scottyscope
DASHBOARDS_COMMAND = $(VENV)/bin/python -B observability/dashboards/generate --metrics $(METRICS)

.PHONY: docs prepared-docs
docs: ## regenerate the pages of metrics and options, and the dashboards
	$(prepare)
prepared-docs: $(METRICS) $(VENV)/done
	$(Q)$(PAGE_COMMAND)
	$(Q)$(OPTIONS_COMMAND)
	$(Q)$(DASHBOARDS_COMMAND)
