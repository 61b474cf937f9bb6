#!/usr/bin/env bash
# Runs the seeded trials and the targets of cargo-fuzz, one line for each; fails if any found something.
#
#   FUZZ_SECONDS  how long each part runs (60)
#   FUZZ_CASES    how many cases a seeded part runs instead; targets run their corpus and that many more
#   FUZZ_PART     one part alone: a name that is printed in the first column
#   FUZZ_SEED     with FUZZ_PART, the one case of this seed; for a target, the file to run
#   SANITIZE      address: seeded parts run with AddressSanitizer, as targets always do
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-60} cases=${FUZZ_CASES:-} only=${FUZZ_PART:-} seed=${FUZZ_SEED:-}
seeded=(history mutation wiring sequence bulk frame presence control room yjs)
targets=(fuzz/frame fuzz/document fuzz/awareness fuzz/control)
target_dir=${CARGO_TARGET_DIR:-$PWD/target}
triple=$(rustc -vV | sed -n 's/^host: //p')
failed=()

# A name with a slip in it would run nothing, and find nothing.
is_part() { # name
    local part
    for part in "${seeded[@]}" "${targets[@]}"; do
        [[ $1 != "$part" ]] || return 0
    done
    return 1
}
if [[ -n $only ]] && ! is_part "$only"; then
    echo "no part is called '$only'; there are: ${seeded[*]} ${targets[*]}" >&2
    exit 2
fi
# A seed makes something else in every part.
if [[ -n $seed && -z $only ]]; then
    echo "FUZZ_SEED needs FUZZ_PART, one of: ${seeded[*]} ${targets[*]}" >&2
    exit 2
fi

build_trials() {
    local build=(cargo build --release --locked --quiet --package convene-trials)
    if [[ ${SANITIZE:-} == address ]]; then
        # The sanitizer is not stable as an option; its runtime comes with every toolchain.
        RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address \
            "${build[@]}" --target "$triple" --target-dir "$target_dir/sanitized"
        trials=$target_dir/sanitized/$triple/release/trials
    else
        "${build[@]}"
        trials=$target_dir/release/trials
    fi
}

run_seeded() { # part
    local limits=(--seconds "$seconds")
    [[ -z $cases ]] || limits=(--cases "$cases")
    [[ -z $seed ]] || limits=(--seed "$seed")
    "$trials" "$1" "${limits[@]}" || failed+=("$1")
}

run_target() { # fuzz/name
    local name=${1#fuzz/} log=$target_dir/fuzz/${1#fuzz/}.log found=$target_dir/fuzz/found/${1#fuzz/}
    local limits=(-max_total_time="$seconds") corpus=("$found" "fuzz/corpus/$name") start=$SECONDS findings=0
    [[ -z $cases ]] || limits=(-runs="$cases")
    [[ -z $seed ]] || corpus=("$seed")
    mkdir -p "$found"
    # What it finds on its way is kept outside of the repository.
    RUSTC_BOOTSTRAP=1 cargo fuzz run --target-dir "$target_dir/fuzz" "$name" "${corpus[@]}" -- \
        "${limits[@]}" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=256 -max_len=2048 \
        -print_final_stats=1 >"$log" 2>&1 || { findings=1 failed+=("$1"); }
    printf '%-10s %9s cases %35s s %2d findings\n' "$1" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$((SECONDS - start)).0" "$findings"
    if ((findings)); then
        grep -E "panicked at|^ERROR|SUMMARY" -A2 "$log" | head -20 || tail -20 "$log"
        sed -n "s|.*Test unit written to \(.*\)|  again: make fuzz FUZZ_PART=$1 FUZZ_SEED=\1|p" "$log"
    fi
}

if [[ $only != fuzz/* ]]; then
    build_trials
    for part in "${seeded[@]}"; do
        [[ -z $only || $only == "$part" ]] && run_seeded "$part"
    done
fi
# Targets are built with the sanitizer anyway.
if [[ $only == fuzz/* || (-z $only && -z ${SANITIZE:-}) ]]; then
    for part in "${targets[@]}"; do
        [[ -z $only || $only == "$part" ]] && run_target "$part"
    done
fi

if ((${#failed[@]})); then
    echo "findings in: ${failed[*]}" >&2
    exit 1
fi
