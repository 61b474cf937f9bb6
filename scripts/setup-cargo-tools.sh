#!/usr/bin/env bash
# Installs the cargo commands that `make check` and `make test` use, when they are missing.
set -euo pipefail

# The versions that are known to build with the Rust of rust-toolchain.toml.
NEXTEST_VERSION=0.9.143
DENY_VERSION=0.20.2

install_if_missing() {
    local command=$1 version=$2
    if ! command -v "$command" >/dev/null; then
        echo "installing $command $version (once; this compiles for some minutes)"
        # Not into ./target: a build folder that is thrown away would take the tools with it.
        env -u CARGO_TARGET_DIR cargo install --locked --version "$version" "$command"
    fi
}

install_if_missing cargo-nextest "$NEXTEST_VERSION"
install_if_missing cargo-deny "$DENY_VERSION"
