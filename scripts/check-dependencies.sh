#!/usr/bin/env bash
# Checks licences, sources and duplicates of all dependencies, and known holes when they can be fetched.
set -euo pipefail
cd "$(dirname "$0")/.."

# What other platforms need too: licences are checked for all of them.
cargo fetch --locked --quiet
cargo deny --locked --offline check --hide-inclusion-graph licenses bans sources

# Advisories are a git repository somewhere else. Without it the check cannot say anything, and a
# machine without that network must still be able to work.
advisories=$(sed -n 's/^db-urls = \["\(.*\)"\]$/\1/p' deny.toml)
if GIT_TERMINAL_PROMPT=0 timeout 20 git ls-remote --exit-code "$advisories" HEAD >/dev/null 2>&1; then
    cargo deny --locked check --hide-inclusion-graph advisories
else
    echo "advisories NOT checked: $advisories cannot be reached from here"
fi
