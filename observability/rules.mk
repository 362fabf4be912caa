# Back ends and the tool as programs on loopback, with the files of this folder, until Ctrl-C.

STACK_OPTIONS ?=
STACK_PROGRAMS = $(filter-out %/prometheus %/promtool %/kustomize %/docker-compose,$(E2E_PROGRAMS))

.PHONY: stack prepared-stack
stack: deps ## run Collector, VictoriaMetrics, Jaeger, vmalert and the tool: STACK_OPTIONS="--pid N"
	$(Q)sh $(E2E)/setup.sh
	$(prepare)
prepared-stack: all $(FIXTURES)/scotty-default $(VENV)/done $(STACK_PROGRAMS)
	$(Q)exec $(VENV)/bin/python observability/stack --programs $(E2E_BUILD) --tool $(BUILD)/scottyscope \
		--sample $(FIXTURES)/scotty-default --traffic tests/demo/traffic.py $(STACK_OPTIONS)
