#!/usr/bin/env bash
# Runs what is in bench/: bench/run.sh [NAME...], all without a name. ./dev bench builds first.
# bench/run.sh peers [ARGUMENTS] compares with other systems (bench/peers/README.md), and is no part
# of all.
# GRAPEVINE_BINARY is the daemon under test, GRAPEVINE_BENCH_DIR where micro benchmarks were built.
set -euo pipefail
cd "$(dirname "$0")/.."
export GRAPEVINE_BINARY=${GRAPEVINE_BINARY:-$PWD/build/bench/grapevine}
export PYTHONDONTWRITEBYTECODE=1

if (($# > 0)) && [[ -x bench/$1/run ]]; then
    exec "bench/$1/run" "${@:2}"
fi

names=("$@")
if [[ ${#names[@]} -eq 0 ]]; then
    for script in bench/*.py; do
        # Those that cannot be run are modules of the others.
        if [[ -x $script ]]; then names+=("$(basename "$script" .py)"); fi
    done
    for program in "${GRAPEVINE_BENCH_DIR:-build/bench}"/bench_*; do
        [[ -x $program && -f $program ]] && names+=("$(basename "$program")")
    done
fi

failed=0
for name in "${names[@]}"; do
    echo "== $name"
    if [[ -f bench/$name.py ]]; then
        python3 "bench/$name.py" || failed=1
    else
        "${GRAPEVINE_BENCH_DIR:-build/bench}/$name" || failed=1
    fi
done
exit "$failed"
