#!/usr/bin/env bash
# Serves the page with Vite, which shows a change of its sources at once, and the server behind it. Ctrl-C ends both; when
# one ends the other is ended too. `make dev` builds and installs what this needs.
set -euo pipefail
cd "$(dirname "$0")/.."

export CONVENE_LISTEN=${CONVENE_LISTEN:-127.0.0.1:8080}
# Where Vite passes /api and /ws on to.
export CONVENE_URL=http://$CONVENE_LISTEN

pids=()
end() {
    local status=$?
    trap '' INT TERM HUP
    ((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null || true
    wait || true
    exit "$status"
}
trap end EXIT
trap 'exit 0' INT TERM HUP

npm --prefix web run --silent --if-present predev
"${CARGO_TARGET_DIR:-target}/release/convene" serve &
pids+=($!)
(cd web && exec node node_modules/vite/bin/vite.js) &
pids+=($!)
wait -n
