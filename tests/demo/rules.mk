# A report about a sample server, from nothing.

.PHONY: demo prepared-demo
demo: deps ## install what is missing, build, run a sample server and show a report
	$(prepare)
prepared-demo: all $(FIXTURES)/scotty-default
	$(Q)python3 tests/demo/demo.py --tool $(BUILD)/scottyscope --server $(FIXTURES)/scotty-default
