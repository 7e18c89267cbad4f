#!/usr/bin/env bash
# Same seed, same trace: plays scenarios with two builds of the program, and compares the hashes of
# everything that happened. ./dev test runs it with g++ -O2 against clang -O0.
#
# usage: tests/determinism.sh GRAPEVINE OTHER_GRAPEVINE
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
first=${1:?the first program}
second=${2:?the second program}
members=12
seeds=(1 2)
compared=0
different=0

trace_hash() { # PROGRAM SCENARIO SEED
    "$1" sim "$2" --seed "$3" --members "$members" --json | jq -er .trace_hash
}

for scenario in "$root"/lab/scenarios/*; do
    [[ -f $scenario && $scenario != *.md ]] || continue
    for seed in "${seeds[@]}"; do
        hash=$(trace_hash "$first" "$scenario" "$seed")
        again=$(trace_hash "$first" "$scenario" "$seed")
        other=$(trace_hash "$second" "$scenario" "$seed")
        compared=$((compared + 1))
        if [[ $hash == "$again" && $hash == "$other" ]]; then
            echo "$(basename "$scenario") seed $seed: $hash"
        else
            different=$((different + 1))
            echo "error: $(basename "$scenario") seed $seed: $hash, again $again, other $other"
            echo "replay: $first sim $scenario --seed $seed --members $members --json"
        fi
    done
done

if ((compared == 0)); then
    echo "error: no scenario in lab/scenarios"
    exit 1
fi
echo "$compared compared, $different different"
((different == 0))
