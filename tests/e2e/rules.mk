# The real back ends, built from their Go modules. The first build takes some minutes, mostly downloads.
# A folder of E2E is a module; some modules have two programs. Needs Go 1.21, which fetches the release
# that go.mod names.

E2E := tests/e2e
E2E_BUILD := $(BUILD)/e2e
E2E_PROGRAMS := $(addprefix $(E2E_BUILD)/,otelcol prometheus promtool jaeger victoriametrics vmalert \
	kustomize docker-compose)

E2E_MODULE = $(@F)
$(E2E_BUILD)/promtool: E2E_MODULE = prometheus
$(E2E_BUILD)/vmalert: E2E_MODULE = victoriametrics
$(E2E_BUILD)/otelcol: E2E_PACKAGE = .
$(E2E_BUILD)/prometheus: E2E_PACKAGE = -tags remove_all_sd github.com/prometheus/prometheus/cmd/prometheus
$(E2E_BUILD)/promtool: E2E_PACKAGE = -tags remove_all_sd,enable_kubernetes_sd \
	github.com/prometheus/prometheus/cmd/promtool
$(E2E_BUILD)/jaeger: E2E_PACKAGE = github.com/jaegertracing/jaeger/cmd/jaeger
$(E2E_BUILD)/victoriametrics: E2E_PACKAGE = github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics
$(E2E_BUILD)/vmalert: E2E_PACKAGE = github.com/VictoriaMetrics/VictoriaMetrics/app/vmalert
$(E2E_BUILD)/kustomize: E2E_PACKAGE = sigs.k8s.io/kustomize/kustomize/v5
$(E2E_BUILD)/docker-compose: E2E_PACKAGE = github.com/docker/compose/v2/cmd

$(E2E_BUILD)/otelcol: $(E2E)/otelcol/main.go
$(E2E_BUILD)/promtool: $(E2E)/prometheus/go.mod $(E2E)/prometheus/go.sum
$(E2E_BUILD)/vmalert: $(E2E)/victoriametrics/go.mod $(E2E)/victoriametrics/go.sum
$(filter-out %/promtool %/vmalert,$(E2E_PROGRAMS)): $(E2E_BUILD)/%: $(E2E)/%/go.mod $(E2E)/%/go.sum
$(E2E_PROGRAMS):
	$(call msg,GO,$@)
	@mkdir -p $(@D)
	$(Q)cd $(E2E)/$(E2E_MODULE) && CGO_ENABLED=0 GOTOOLCHAIN=auto nice -n 12 \
		go build -mod=readonly -buildvcs=false -trimpath -o $(abspath $@) $(E2E_PACKAGE)

$(VENV)/e2e: $(E2E)/requirements.txt $(VENV)/done
	$(Q)$(VENV)/bin/pip install --quiet --disable-pip-version-check -r $<
	$(Q)touch $@

# E2E_OTELCOL and so on name the programs.
e2e_COMMAND = SCOTTYSCOPE=$(abspath $(BUILD))/scottyscope \
	SCOTTY_DEFAULT=$(abspath $(FIXTURES))/scotty-default \
	SCOTTY_BARE=$(abspath $(FIXTURES))/scotty-bare \
	$(foreach each,$(E2E_PROGRAMS),E2E_$(call upper,$(notdir $(each)))=$(abspath $(each))) \
	$(PYTEST) --junitxml=$(BUILD)/e2e.xml $(E2E)

.PHONY: e2e prepared-e2e
e2e: deps ## tests with the real Collector, Prometheus, VictoriaMetrics and Jaeger
	$(Q)sh $(E2E)/setup.sh
	$(prepare)
prepared-e2e: all $(FIXTURES)/scotty-default $(FIXTURES)/scotty-bare $(VENV)/e2e $(E2E_PROGRAMS)
	$(call run,e2e)
