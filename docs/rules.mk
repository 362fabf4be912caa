# Pages and dashboards that are generated from the tool's list of metrics.

PAGE_COMMAND = python3 docs/metrics_page.py --metrics $(METRICS)
DASHBOARDS_COMMAND = $(VENV)/bin/python -B observability/dashboards/generate --metrics $(METRICS)

.PHONY: docs prepared-docs
docs: ## regenerate docs/metrics.md and the dashboards
	$(prepare)
prepared-docs: $(METRICS) $(VENV)/done
	$(Q)$(PAGE_COMMAND)
	$(Q)$(DASHBOARDS_COMMAND)
