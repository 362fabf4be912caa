# The tests on emulated kernels from 5.10 on: see tests/vm/KERNELS.md.

VM_SERVERS = --server $(1)/fixtures/scotty-bare --server $(1)/fixtures/scotty-default
vm_COMMAND = $(VENV)/bin/python tests/vm/run.py --tool $(BUILD)/scottyscope $(call VM_SERVERS,$(BUILD)) \
	--directory $(BUILD)/vm --junit $(BUILD)/vm.xml

.PHONY: vm prepared-vm arm64 prepared-arm64
vm: deps ## tests on other kernels, in emulated machines
	$(prepare)
prepared-vm: all $(FIXTURES)/scotty-bare $(FIXTURES)/scotty-default $(VENV)/done
	$(call run,vm)

# The same tests with programs for 64-bit Arm on Debian's kernels for it, some minutes a kernel. A test
# whose packages are not available is skipped.
ARM64 := $(BUILD)/arm64
ARM64_SERIES ?= 6.1 6.12
ARM64_PROGRAMS := $(ARM64)/scottyscope $(ARM64)/fixtures/scotty-bare $(ARM64)/fixtures/scotty-default
arm64_COMMAND = $(VENV)/bin/python tests/vm/run.py --tool $(ARM64)/scottyscope $(call VM_SERVERS,$(ARM64)) \
	--arm64 $(ARM64)/root --directory $(ARM64)/vm --junit $(BUILD)/arm64.xml --series $(ARM64_SERIES)

arm64: deps ## tests of the tool for arm64, in emulated machines
	$(prepare)
prepared-arm64: $(VENV)/done
	$(Q)PIP=$(VENV)/bin/pip sh tests/install/arm64.sh $(ARM64)/root tests/integration/requirements.txt
	+$(Q)test -s $(ARM64)/unavailable || \
		$(MAKE) --no-print-directory ARCH=aarch64 BUILD=$(ARM64) $(ARM64_PROGRAMS)
	$(call run,arm64)
