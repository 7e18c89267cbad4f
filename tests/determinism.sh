#!/usr/bin/env bash
# Same seed, same trace: plays scenarios, and links of the lab, with two builds of the program, and
# compares the hashes of everything that happened. ./dev test runs it with g++ -O2 and clang -O0.
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

links=(
    'experiment=rumor&members=200&loss=0.1&actions=500:kill:3;900:rumor:20'
    'experiment=rumor&members=200&rounds=own&algorithm=push-pull&fanout=3'
    'experiment=rumor&members=200&algorithm=tree'
    'experiment=sync&members=20&loss=0.1'
    'experiment=average&members=100&loss=0.1'
    'experiment=average&members=100&method=push-sum'
    'experiment=detection&members=12&duration_ms=8000&actions=4000:kill:3'
    'experiment=group&members=12&duration_ms=8000&actions=3000:rumor:3;4000:partition:0-3;6000:heal'
)

scenario_hash() { # PROGRAM SCENARIO SEED
    "$1" sim "$2" --seed "$3" --members "$members" --json | jq -er .trace_hash
}
link_hash() { # PROGRAM LINK
    "$1" lab run "$2" --json | jq -er .trace_hash
}

compare() { # NAME HASH AGAIN OTHER
    compared=$((compared + 1))
    if [[ $2 == "$3" && $2 == "$4" ]]; then
        echo "$1: $2"
    else
        different=$((different + 1))
        echo "error: $1: $2, again $3, other $4"
    fi
}

for scenario in "$root"/lab/scenarios/*; do
    [[ -f $scenario && $scenario != *.md ]] || continue
    for seed in "${seeds[@]}"; do
        compare "sim $(basename "$scenario") --seed $seed --members $members" \
            "$(scenario_hash "$first" "$scenario" "$seed")" \
            "$(scenario_hash "$first" "$scenario" "$seed")" \
            "$(scenario_hash "$second" "$scenario" "$seed")"
    done
done
for link in "${links[@]}"; do
    compare "lab run '$link'" "$(link_hash "$first" "$link")" "$(link_hash "$first" "$link")" \
        "$(link_hash "$second" "$link")"
done

if ((compared == 0)); then
    echo "error: no scenario in lab/scenarios"
    exit 1
fi
echo "$compared compared, $different different"
((different == 0))
