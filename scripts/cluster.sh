#!/usr/bin/env bash
# Runs several nodes on this machine in the shape of docker-compose.yml, without containers: PostgreSQL,
# Redis, the nodes, and HAProxy with deploy/haproxy.cfg in front of them, all on ports of 127.0.0.1.
# Ctrl-C brings everything down in order. When a part dies the others are brought down, and it exits 1.
# `make cluster` builds and installs what this needs.
#
#   NODES           how many nodes (2)
#   PORT            the port to serve on (a free one)
#   DATA            a folder to keep everything in; otherwise a temporary one, removed at the end
#   CONVENE_BINARY  the server (target/release/convene)
#
# Every other setting of .env.example is handed to the nodes; `.env` is not read.
set -euo pipefail
cd "$(dirname "$0")/.."
# Where Debian keeps haproxy; not every account looks there.
PATH=$PATH:/usr/sbin

# PostgreSQL refuses to run as root; this is the account that Debian calls `nobody`.
NOBODY=65534
# Seconds until a part must answer: PostgreSQL may have to recover first.
STARTS_WITHIN=60
# Seconds until a part must have ended: a node that cannot reach its database takes half a minute.
ENDS_WITHIN=60

nodes=${NODES:-2}
target=$(realpath -m -- "${CARGO_TARGET_DIR:-target}")
binary=$(realpath -m -- "${CONVENE_BINARY:-$target/release/convene}")
postgres=$target/test-tools/postgres

folder=
names=()            # the parts that run, in the order of their start
declare -A pids=()  # their processes
addresses=()        # of the nodes

say() { echo "cluster: $*"; }
fail() { echo "cluster: $*" >&2; exit 1; }

# --- parts -----------------------------------------------------------------------------------------

# Each part has a session of its own: Ctrl-C at a terminal reaches this script alone, which then ends
# them in order. Should the script itself be killed, the kernel ends them.
start() { # name, options of setpriv, --, command
    local name=$1
    shift
    setsid setpriv --pdeathsig=TERM "$@" </dev/null >"$folder/$name.log" 2>&1 &
    pids[$name]=$!
    names+=("$name")
}

is_alive() { # name
    kill -0 "${pids[$1]}" 2>/dev/null
}

say_died() { # name
    {
        say "$1 (pid ${pids[$1]}) has died; the end of its log:"
        tail -n 20 "$folder/$1.log" | sed 's/^/  /'
    } >&2
    exit 1
}

wait_until() { # what, command
    local what=$1 deadline=$((SECONDS + STARTS_WITHIN)) name
    shift
    until "$@" >/dev/null 2>&1; do
        for name in "${names[@]}"; do
            is_alive "$name" || say_died "$name"
        done
        ((SECONDS < deadline)) || fail "waited $STARTS_WITHIN s in vain until $what"
        sleep 0.05
    done
}

end() { # signal, names
    local signal=$1 deadline=$((SECONDS + ENDS_WITHIN)) name
    shift
    for name; do
        kill -s "$signal" "${pids[$name]}" 2>/dev/null || true
    done
    for name; do
        while is_alive "$name"; do
            if ((!patient || SECONDS >= deadline)); then
                say "$name did not end in time and is killed" >&2
                # PostgreSQL's first process kills the others on QUIT, and leaves them alone on KILL.
                [[ $name == postgres ]] && signal=QUIT || signal=KILL
                kill -s "$signal" "${pids[$name]}" 2>/dev/null || true
                wait "${pids[$name]}" 2>/dev/null || true
            fi
            sleep 0.05
        done
    done
}

# Those of the parts that run.
running() { # pattern
    local name
    for name in "${names[@]}"; do
        # shellcheck disable=SC2254 # a pattern is what is meant
        case $name in $1) echo "$name" ;; esac
    done
}

bring_down() {
    local status=$? part
    patient=1
    # Who asks twice does not want to wait.
    trap 'patient=0' INT TERM HUP
    if ((${#names[@]})); then say "stopping"; fi
    # Nodes leave together, while the balancer still serves and what they commit to is there.
    for part in "TERM node-*" "TERM haproxy" "TERM redis" "INT postgres"; do
        # shellcheck disable=SC2046 # names have no blanks
        end "${part% *}" $(running "${part#* }")
    done
    if [[ -n $folder && -z ${DATA:-} ]]; then rm -rf -- "$folder"; fi
    exit "$status"
}
trap bring_down EXIT
trap 'exit 0' INT TERM HUP

# --- what is needed --------------------------------------------------------------------------------

[[ $nodes =~ ^[1-9][0-9]?$ ]] || fail "NODES=$nodes is not a number of nodes from 1 to 99"
[[ -x $binary ]] || fail "$binary is missing: run \`make cluster\`, or set CONVENE_BINARY"
[[ -d $postgres/libs ]] || fail "$postgres is missing: run \`make cluster\`, or scripts/setup-tests.sh once"
for program in redis-server redis-cli haproxy setpriv setsid python3; do
    command -v $program >/dev/null ||
        fail "$program is missing: run \`make cluster\`, or scripts/setup-tests.sh once"
done

free_port() {
    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

if [[ -n ${DATA:-} ]]; then
    folder=$(realpath -m -- "$DATA")
    (umask 077 && mkdir -p -- "$folder")
else
    folder=$(mktemp -d "${TMPDIR:-/tmp}/convene-cluster-XXXXXX")
fi
somebody=()
if ((EUID == 0)); then
    somebody=("--reuid=$NOBODY" "--regid=$NOBODY" --clear-groups)
    chmod go+x "$folder"
fi
as_somebody() { # command
    setpriv "${somebody[@]}" -- "$@"
}

# --- PostgreSQL ------------------------------------------------------------------------------------

mkdir -p "$folder/postgres"
if ((EUID == 0)); then chown "$NOBODY:$NOBODY" "$folder/postgres"; fi
as_somebody test -x "$folder/postgres" ||
    fail "$folder cannot be reached by the account that runs PostgreSQL: choose another DATA"
if ! as_somebody test -x "$postgres/bin/postgres"; then
    # In root's home, say, where nobody else reaches it.
    rm -rf "$folder/postgres/programs"
    cp -r "$postgres" "$folder/postgres/programs"
    postgres=$folder/postgres/programs
fi
export LD_LIBRARY_PATH=$postgres/libs
if [[ ! -f $folder/postgres/data/PG_VERSION ]]; then
    # On this machine everybody may connect, as with the databases of the tests.
    as_somebody "$postgres/bin/initdb" -D "$folder/postgres/data" --username=convene --auth=trust \
        --encoding=UTF8 --no-locale --no-sync --no-instructions >"$folder/initdb.log" 2>&1 ||
        fail "initdb failed: $(<"$folder/initdb.log")"
fi
postgres_port=$(free_port)
start postgres "${somebody[@]}" -- "$postgres/bin/postgres" -D "$folder/postgres/data" \
    -c listen_addresses=127.0.0.1 -c port="$postgres_port" -c unix_socket_directories= \
    -c max_connections=$((20 + 20 * nodes)) -c log_min_messages=warning
export DATABASE_URL=postgres://convene@127.0.0.1:$postgres_port/postgres
wait_until "PostgreSQL answers" "$postgres/bin/pg_isready" -d "$DATABASE_URL"
unset LD_LIBRARY_PATH

# --- Redis -----------------------------------------------------------------------------------------

redis_port=$(free_port)
start redis -- redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no --dir "$folder"
wait_until "Redis answers" redis-cli -h 127.0.0.1 -p "$redis_port" ping

# --- nodes -----------------------------------------------------------------------------------------

# With DATA, sign-ins outlive this run.
if [[ ! -s $folder/secret_key ]]; then
    (umask 077 && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' >"$folder/secret_key")
fi
export SECRET_KEY=${SECRET_KEY:-$(<"$folder/secret_key")}
export REDIS_URL=redis://127.0.0.1:$redis_port
export CONVENE_LISTEN=127.0.0.1:0
export CONVENE_TRUSTED_PROXIES=127.0.0.1/32
export CONVENE_LEAVE_SECONDS=${CONVENE_LEAVE_SECONDS:-3}
address_of() { # name
    sed -n 's|.*listening on http://||p' "$folder/$1.log"
}
has_address() { [[ -n $(address_of "$1") ]]; }
is_healthy() { # address
    env -i -C / CONVENE_LISTEN="$1" "$binary" health
}
for ((i = 1; i <= nodes; i++)); do
    # Not from here, where a `.env` may be.
    start "node-$i" -- env -C / CONVENE_DATA="$folder/node-$i" "$binary" serve
done
for ((i = 1; i <= nodes; i++)); do
    wait_until "node-$i prints its address" has_address "node-$i"
    address=$(address_of "node-$i")
    wait_until "node-$i is healthy" is_healthy "$address"
    addresses+=("$address")
done

# --- HAProxy ---------------------------------------------------------------------------------------

port=${PORT:-$(free_port)}
awk -v bind="127.0.0.1:$port" -v nodes="${addresses[*]}" '
    /^    bind /   { print "    bind " bind; next }
    /^    server / { if (!told++) { n = split(nodes, node, " ")
                                    for (i = 1; i <= n; i++) print "    server node-" i " " node[i] }
                     next }
                   { print }' deploy/haproxy.cfg >"$folder/haproxy.cfg"
start haproxy -- haproxy -db -f "$folder/haproxy.cfg"
wait_until "the nodes are healthy through HAProxy" is_healthy "127.0.0.1:$port"

# --- up --------------------------------------------------------------------------------------------

say "serving on http://127.0.0.1:$port"
row() { printf '  %-8s pid %-7s %s\n' "$1" "${pids[$1]}" "$2"; }
row haproxy "http://127.0.0.1:$port"
for ((i = 1; i <= nodes; i++)); do
    row "node-$i" "http://${addresses[i - 1]}"
done
row redis "$REDIS_URL"
row postgres "$DATABASE_URL"
say "logs: $folder/*.log"
say "Ctrl-C brings everything down"

# Bash has its own words for a part that was killed.
wait -n "${pids[@]}" 2>/dev/null || true
for name in "${names[@]}"; do
    is_alive "$name" || say_died "$name"
done
