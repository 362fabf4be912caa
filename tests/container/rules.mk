# The image, built and run by a Docker daemon; setup.sh starts a daemon where none answers. A test that
# lacks something is skipped with its reason.

CONTAINER := $(BUILD)/container
container_COMMAND = CONTAINER_DIRECTORY=$(abspath $(CONTAINER)) \
	$(PYTEST) --junitxml=$(BUILD)/container.xml tests/container

.PHONY: container prepared-container
container: deps ## build the container image and test it with Docker
	$(prepare)
prepared-container: $(FIXTURES)/scotty-default $(VENV)/done
	$(Q)sh tests/container/setup.sh start $(CONTAINER) $(FIXTURES)/scotty-default
	$(Q)status=0; python3 tests/run.py $(call group,container) || status=$$?; \
		sh tests/container/setup.sh stop $(CONTAINER); exit $$status
