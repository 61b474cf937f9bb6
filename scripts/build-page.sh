#!/usr/bin/env bash
# Builds the page into web/dist, from where it becomes a part of the server. Does nothing when its sources are as they
# were. With the argument `packages` it only installs what the page is made with.
set -euo pipefail
cd "$(dirname "$0")/.."

NODE_MIN=20.19.0

what=${1:-all}
# What was done is noted in a folder that goes when the packages go.
notes=web/node_modules/.convene

say() { echo "build-page: $*"; }
fail() { say "$*" >&2; exit 1; }

command -v node >/dev/null && command -v npm >/dev/null ||
    fail "Node.js $NODE_MIN or newer with npm is needed for the page; the server alone is \`cargo build --release\`"
node=$(node -p process.versions.node)
[[ $(printf '%s\n' "$NODE_MIN" "$node" | sort -V | head -n1) == "$NODE_MIN" ]] ||
    fail "Node.js is $node, the page needs $NODE_MIN or newer"

is_done() { # name, stamp
    [[ -f $notes/$1 && $(<"$notes/$1") == "$2" ]]
}
done_with() { mkdir -p $notes && echo "$2" >"$notes/$1"; }

# --- packages ----------------------------------------------------------------------------------

stamp=$(echo "$node" | cat - web/package.json web/package-lock.json | sha256sum)
if ! is_done packages "$stamp"; then
    say "installing the packages of the page"
    npm --prefix web ci --no-audit --no-fund --loglevel=error
    done_with packages "$stamp"
fi
[[ $what == all ]] || exit 0

# --- page --------------------------------------------------------------------------------------

sources() {
    find web protocol/schema src/demo/rails-world-2025.json scripts/build-page.sh scripts/pack-page.mjs \
        \( -path web/node_modules -o -path web/dist \) -prune -o -type f -print0 |
        sort -z | xargs -0 sha256sum | sha256sum
}

if is_done page "$(sources)" && [[ -f web/dist/index.html ]]; then exit 0; fi
say "building the page"
npm --prefix web run --silent build
node scripts/pack-page.mjs web/dist
# A page that came out the same keeps its times, so that cargo does not build the server again.
if diff -rq web/dist $notes/dist >/dev/null 2>&1; then
    rm -rf web/dist
    cp -a $notes/dist web/dist
fi
rm -rf $notes/dist
cp -a web/dist $notes/dist
# Only now: what is generated beside the sources is one of them.
done_with page "$(sources)"
