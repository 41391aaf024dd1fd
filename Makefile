# Every word here is the same in the README and in CI.  "make" alone prints them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

FIRMWARE ?= bios
UV_VERSION := 0.13.9
UV := .tools/bin/uv
PYTHON := .venv/bin/python
BOOTS := .venv/bin/boots
# The interpreter is the system's; nothing is downloaded behind its back.
export UV_PYTHON_DOWNLOADS := never
# Compiled once, whatever the environment says: tests and starts are slower by a third without.
export PYTHONDONTWRITEBYTECODE :=

# Packages of Debian that carry its release in their names: 12, 13 …; 13 where testing has no number.
DEBIAN := $(shell . /etc/os-release; echo $${VERSION_ID:-13})

SUDO := $(if $(filter 0,$(shell id -u)),,sudo)
PACKAGES_RUN := python3 python3-venv ipxe
PACKAGES_DEMO := qemu-system-x86 ipxe-qemu ovmf iproute2 util-linux tcpdump
PACKAGES_SECURE := shim-signed shim-helpers-amd64-signed grub-efi-amd64-signed
PACKAGES_WIDE := qemu-system-arm qemu-efi-aarch64 qemu-block-extra grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools fdisk pxelinux syslinux-common u-boot-qemu
PACKAGES_IMAGE := mmdebstrap grub-common grub-pc-bin grub-efi-amd64-bin mtools fdisk e2fsprogs
PACKAGES_BENCH := gcc libc6-dev iproute2 util-linux
PEERS := kea-dhcp4-server dnsmasq-base tftpd-hpa atftpd nginx
PACKAGES_TEST := $(PACKAGES_SECURE) $(PACKAGES_IMAGE) faketime chromium chromium-driver gcc libc6-dev busybox-static dosfstools e2fsprogs xfsprogs btrfs-progs lvm2 fdisk gdisk acl attr bzip2 xz-utils zstd openssl wget util-linux dnsmasq-base isc-dhcp-client isc-dhcp-relay tftp-hpa atftp curl cpio netbase procps systemd nftables xorriso python3-yaml python3-requests python3-configobj python3-jinja2 python3-jsonschema python3-jsonpatch python3-oauthlib python3-netifaces postgresql debian-installer-$(DEBIAN)-netboot-amd64

.PHONY: help
help: ## Print these words
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | sed -E 's/^([a-z0-9-]+):.*## (.*)/\1|\2/' | column -t -s '|'

# $(call install,PACKAGES): install what is missing, and ask for no rights if nothing is
define install
@missing=$$(for p in $(1); do dpkg-query -Wf '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
if [ -n "$$missing" ]; then echo "Installing" $$missing; \
  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get update -qq; \
  $(SUDO) env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$missing >/dev/null; fi
endef

.PHONY: setup
setup: .venv/ready ## Install what running from this tree needs, from Debian and PyPI

.tools/bin/uv:
	$(call install,$(PACKAGES_RUN))
	@python3 -m venv .tools
	@.tools/bin/pip install -q --disable-pip-version-check uv==$(UV_VERSION)

.venv/ready: requirements.lock pyproject.toml agent/pyproject.toml | .tools/bin/uv
	@$(UV) venv -q --allow-existing --python python3 .venv
	@$(UV) pip sync -q --python $(PYTHON) --require-hashes --compile-bytecode requirements.lock
	@$(UV) pip install -q --python $(PYTHON) --no-deps -e agent -e .
	@$(PYTHON) -m compileall -q src agent/src  # half of a start is compiling, if this is not kept
	@touch $@

.PHONY: setup-demo
setup-demo: setup
	$(call install,$(PACKAGES_DEMO) $(if $(findstring secure,$(FIRMWARE)),$(PACKAGES_SECURE)))

.PHONY: setup-test
setup-test: setup-demo
	$(call install,$(PACKAGES_TEST))

.PHONY: setup-wide
setup-wide: setup-test
	$(call install,$(PACKAGES_WIDE) $(PACKAGES_IMAGE))

.PHONY: setup-bench
setup-bench: setup build/peers/ready
	$(call install,$(PACKAGES_BENCH))

# Unpacked, not installed: two of them exclude each other, and none shall ever start by itself.
build/peers/ready:
	@mkdir -p build/peers/archives/partial build/peers/root
	@$(SUDO) apt-get update -qq
	@for peer in $(PEERS); do \
	  $(SUDO) apt-get install -qq -y --no-install-recommends --download-only \
	    -o Dir::Cache::Archives=$(CURDIR)/build/peers/archives $$peer >/dev/null; done
	@for archive in build/peers/archives/*.deb; do dpkg-deb -x $$archive build/peers/root; done
	@touch $@

.PHONY: bench
bench: setup-bench ## Boots and its peers under the same load, in turn: half an hour, or QUICK=1 (root)
	@$(SUDO) $(PYTHON) -m bench $(if $(QUICK),--quick)
	@$(if $(QUICK),,$(PYTHON) -m bench.picture bench/results/latest.json docs/images/dhcp-latency.svg)

.PHONY: abuse
abuse: setup ## Known machines boot while floods and hostile connections do their worst: minutes (root)
	$(call install,$(PACKAGES_BENCH) openssl)
	@$(SUDO) $(PYTHON) -m bench.abuse $(if $(ATTACK),"$(ATTACK)")

.PHONY: soak
soak: setup ## An hour of machines that come and go; fails unless memory and latency stay flat (root; MINUTES=)
	$(call install,$(PACKAGES_BENCH))
	@$(SUDO) $(PYTHON) -m bench.soak --minutes $(or $(MINUTES),60) --json bench/results/soak.json --picture docs/images/soak.svg

.PHONY: demo
demo: setup-demo ## Netboot a virtual machine before your eyes (FIRMWARE=bios, uefi, uefi-http or uefi-secure)
	@$(BOOTS) demo --firmware $(FIRMWARE)

.PHONY: test
test: setup-test lint types unit peers ## Everything but the whole boots: under a few minutes

.PHONY: unit
unit: setup ## Unit tests and properties, on all cores: minutes, no root
	@$(PYTHON) -m pytest -q -n auto --dist worksteal -m "not peers and not e2e"

.PHONY: peers
peers: setup-test ## Stock clients against the running server, in namespaces (root)
	@PEERS=required $(PYTHON) -m pytest -q -n auto --dist loadfile -m "peers and not wide and not alone"
	@PEERS=required $(PYTHON) -m pytest -q -m "peers and not wide and alone"

.PHONY: faults
faults: setup-wide ## The table of faults again, with its figures: bad links, kill -9, full disks; FAULTS=all: as often as it says, hours (root)
	@PEERS=required $(PYTHON) -m pytest -q -rP -n 2 --dist loadfile -m "not alone" tests/faults
	@PEERS=required $(PYTHON) -m pytest -q -s -m alone tests/faults

.PHONY: fuzz
fuzz: setup ## Fuzz every parser and door for MINUTES each (5), two side by side; goes on where it ended
	@$(PYTHON) -m fuzz --seconds $$(( $(or $(MINUTES),5) * 60 )) $(TARGETS)

.PHONY: fuzz-short
fuzz-short: setup ## Fuzz everything for two minutes together, as CI does
	@$(PYTHON) -m fuzz --overall 90 --seed 1

.PHONY: e2e
e2e: setup-wide ## Every whole boot: also disks, PXELINUX, U-Boot, a newer iPXE, the Debian installer (root)
	@PEERS=required $(PYTHON) -m pytest -q -m e2e

.PHONY: e2e-core
e2e-core: setup-wide ## The whole boots that CI runs: BIOS, UEFI, UEFI HTTP, Secure Boot, arm64, an ISO, a relay, a proxy, a pool; watched in a browser, and broken on purpose (root)
	@PEERS=required $(PYTHON) -m pytest -q -m "e2e and not wide"

.PHONY: lint
lint: setup ## Format and lint, without changing anything
	@.venv/bin/ruff format -q --check . && .venv/bin/ruff check -q .

.PHONY: types
types: setup ## Check types, strictly
	@.venv/bin/mypy

.PHONY: format
format: setup ## Format, and mend what the linter can
	@.venv/bin/ruff format -q . && .venv/bin/ruff check -q --fix .

.PHONY: docs
docs: setup ## Write the generated parts of docs/reference anew
	@$(PYTHON) docs/reference/generate.py

.PHONY: vectors
vectors: setup-test ## Write golden vectors anew; git shows the difference
	@UPDATE_VECTORS=1 $(PYTHON) -m pytest -q tests/wire tests/policy tests/timeline/test_real.py tests/workflow/test_published.py tests/app/runs/test_vectors.py

.PHONY: osie
osie: setup ## Build OSIE for real machines into build/osie
	@$(BOOTS) osie build --output build/osie

.PHONY: boot-files
boot-files: setup ## Fetch iPXE, shim and GRUB of Debian trixie into build/boot-files
	@$(BOOTS) boot-files fetch --secure-boot --output build/boot-files

.PHONY: debian-image
debian-image: setup ## Build an image of Debian for disks into build/images (root)
	$(call install,$(PACKAGES_IMAGE))
	@$(SUDO) $(BOOTS) image debian --output build/images

.PHONY: lock
lock: | .tools/bin/uv ## Resolve all dependencies anew into requirements.lock
	@$(UV) pip compile -q pyproject.toml --group dev --universal --upgrade --generate-hashes \
	  --no-emit-package boots-agent --no-emit-index-url --no-header -o requirements.lock
	@$(UV) pip compile -q --group release --universal --upgrade --generate-hashes \
	  --no-emit-index-url --no-header -o requirements-release.lock
	@$(UV) pip compile -q pyproject.toml --all-extras --constraint requirements.lock --universal --generate-hashes \
	  --no-emit-package boots-agent --no-emit-index-url --no-header -o packaging/container/run.lock
	@echo hatchling | $(UV) pip compile -q - --universal --upgrade --generate-hashes \
	  --no-emit-index-url --no-header -o packaging/container/build.lock

# What makes and looks over a release stands apart: nothing of ours imports it.
.tools/release/ready: requirements-release.lock | .tools/bin/uv
	@$(UV) venv -q --allow-existing --python python3 .tools/release
	@$(UV) pip sync -q --python .tools/release/bin/python --require-hashes requirements-release.lock
	@touch $@

.PHONY: dist
dist: setup .tools/release/ready ## Build wheels and source archives with their SBOM, and try them in empty environments
	@rm -rf dist && $(UV) build -q -o dist . && $(UV) build -q -o dist agent
	@rm -rf build/again && $(UV) build -q --wheel -o build/again . && $(UV) build -q --wheel -o build/again agent
	@.tools/release/bin/twine check --strict dist/*.whl dist/*.tar.gz >/dev/null
	@$(MAKE) -s sbom
	@$(PYTHON) -m pytest -q -p no:cacheprovider packaging/try_dist.py

# Of the wheel with all extras, by the versions of the lock; what is written is held against its schema.
.PHONY: sbom
sbom: setup .tools/release/ready ## Write dist/boots-netboot.cdx.json: what the wheel brings along, as CycloneDX
	@test -d dist || { $(UV) build -q -o dist . && $(UV) build -q -o dist agent; }
	@rm -rf build/sbom && $(UV) venv -q --python python3 build/sbom
	@sed -E 's/ *\\$$//; /^ +--hash/d' requirements.lock > build/constraints.txt
	@$(UV) pip install -q --python build/sbom/bin/python -c build/constraints.txt \
	  dist/boots_agent-*.whl "boots-netboot[bmc,postgres,trace] @ file://$$(echo $(CURDIR)/dist/boots_netboot-*.whl)"
	@.tools/release/bin/cyclonedx-py environment build/sbom --pyproject pyproject.toml --sv 1.6 --of JSON \
	  --output-reproducible --mc-type application --validate -o dist/boots-netboot.cdx.json 2>build/sbom.log || { cat build/sbom.log; exit 1; }

.PHONY: audit
audit: .tools/release/ready ## Ask for known vulnerabilities of what is locked; says so where nobody can be asked
	@.tools/release/bin/python packaging/audit.py

.PHONY: clean
clean: ## Remove what can be made again
	@rm -rf .venv .tools dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
