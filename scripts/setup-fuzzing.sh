#!/usr/bin/env bash
# Installs what `make fuzz` uses beside the tools of the tests, when it is missing.
set -euo pipefail

# The version that is known to build with the Rust of rust-toolchain.toml.
CARGO_FUZZ_VERSION=0.13.2

if ! command -v cargo-fuzz >/dev/null; then
    echo "installing cargo-fuzz $CARGO_FUZZ_VERSION (once; this compiles for a minute)"
    # Not into ./target: a build folder that is thrown away would take the tools with it.
    env -u CARGO_TARGET_DIR cargo install --locked --version "$CARGO_FUZZ_VERSION" cargo-fuzz
fi
