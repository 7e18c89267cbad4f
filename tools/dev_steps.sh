# shellcheck shell=bash
# Part of ./dev: runs steps, one after the other, each into its own log, and sums up.
#
# A step NAME is the function step_NAME. It calls run_logged, run_ctest and skip_step.

LOG_FOLDER=build/log
STEPS_FAILED=0
STEP_ROWS=() # "name result seconds note", for the table at the end
TESTS_PASSED=0
TESTS_FAILED=0
TESTS_SKIPPED=0

if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
    RED=$'\e[31m' GREEN=$'\e[32m' YELLOW=$'\e[33m' BOLD=$'\e[1m' PLAIN=$'\e[0m'
else
    RED='' GREEN='' YELLOW='' BOLD='' PLAIN=''
fi

say() { printf '%s\n' "$*"; }
say_error() {
    printf '%serror:%s %s\n' "$RED" "$PLAIN" "$1" >&2
    shift
    (($# == 0)) || printf '%s\n' "$@" >&2
}
minutes_and_seconds() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

# Runs a command, having written it to the log and noted it as the one to replay. A failure ends the
# step.
run_logged() {
    printf '%q ' "$@" >"$LOG_FOLDER/$STEP.command"
    printf '\n+ %s\n' "$(cat "$LOG_FOLDER/$STEP.command")"
    "$@" || exit 1
}

# Runs ctest and ends the step with its verdict; what it counts goes into the sum. No test found is
# a failure: a claim that nobody makes does not hold. CTEST_SECONDS limits one test.
run_ctest() {
    local code=0
    local command=(ctest "$@" --output-on-failure --timeout "${CTEST_SECONDS:-300}"
        --no-tests=error)
    printf '%q ' "${command[@]}" >"$LOG_FOLDER/$STEP.command"
    printf '\n+ %s\n' "$(cat "$LOG_FOLDER/$STEP.command")"
    "${command[@]}" | tee "$LOG_FOLDER/$STEP.ctest" || code=1
    exit "$code"
}

# Ends the step without verdict; the reason is shown.
skip_step() {
    printf '%s\n' "$*" >"$LOG_FOLDER/$STEP.skipped"
    exit 0
}

# run_steps NAME...: all of them, also behind one that failed.
run_steps() {
    local index=0 name
    mkdir -p "$LOG_FOLDER"
    for name in "$@"; do
        index=$((index + 1))
        run_step "$name" "$index" $#
    done
}

run_step() {
    local name=$1 number="[$2/$3]" started=$SECONDS code=0 log=$LOG_FOLDER/$1.txt
    rm -f "$LOG_FOLDER/$name".{txt,ctest,skipped,command}
    [[ -t 1 ]] || printf '%s %s ...\n' "$number" "${name//_/ }"
    # In a process group of its own, so that Ctrl-C ends all that the step has started.
    set -m
    (
        STEP=$name
        "step_$name"
    ) >"$log" 2>&1 </dev/null &
    STEP_PID=$!
    set +m
    trap 'kill -- -"$STEP_PID" 2>/dev/null; printf "\ninterrupted\n"; exit 130' INT TERM
    show_progress "$number" "${name//_/ }" "$log" "$started"
    wait "$STEP_PID" || code=$?
    trap - INT TERM
    finish_step "$name" "$number" "$code" $((SECONDS - started)) "$log"
}

# On a terminal one line that is written over every second; in a log a line a minute.
show_progress() {
    local number=$1 name=$2 log=$3 started=$4 elapsed said=0 last
    while kill -0 "$STEP_PID" 2>/dev/null; do
        elapsed=$((SECONDS - started))
        if [[ -t 1 ]]; then
            last=$(tail -c 400 "$log" 2>/dev/null | tr -d '\r\e' | sed '/^ *$/d' | tail -n 1)
            printf '\r\e[K%s %s %s  %.*s' "$number" "$name" "$(minutes_and_seconds "$elapsed")" \
                "$((${COLUMNS:-80} - 30))" "$last"
        elif ((elapsed >= said + 60)); then
            said=$elapsed
            printf '%s %s at %s: %.60s\n' "$number" "$name" "$(minutes_and_seconds "$elapsed")" \
                "$(tail -n 1 "$log")"
        fi
        sleep 0.2
    done
    [[ ! -t 1 ]] || printf '\r\e[K'
}

finish_step() {
    local name=$1 number=$2 code=$3 seconds=$4 log=$5 result note=''
    CTEST_FAILED=0
    if [[ -f $LOG_FOLDER/$name.ctest ]] && count_tests "$LOG_FOLDER/$name.ctest"; then
        note=$CTEST_NOTE
    fi
    if ((code != 0)); then
        result=failed
        STEPS_FAILED=$((STEPS_FAILED + 1))
        # What failed outside of ctest (a build, a format) counts as one.
        ((CTEST_FAILED > 0)) || TESTS_FAILED=$((TESTS_FAILED + 1))
    elif [[ -f $LOG_FOLDER/$name.skipped ]]; then
        result=skipped
        note=$(cat "$LOG_FOLDER/$name.skipped")
    else
        result=passed
    fi
    STEP_ROWS+=("$name|$result|$seconds|$note")
    printf '%s %s: %s in %s%s\n' "$number" "${name//_/ }" "$(coloured "$result")" \
        "$(minutes_and_seconds "$seconds")" "${note:+ ($note)}"
    ((code == 0)) || show_failure "$name" "$log"
}

# Adds the last lines of ctest to the sums, and says them in CTEST_FAILED and CTEST_NOTE. Fails when
# ctest came to no sum.
count_tests() {
    local total skipped passed
    read -r CTEST_FAILED total < <(sed -nE \
        's/^[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+).*/\1 \2/p' "$1") || {
        CTEST_FAILED=0
        return 1
    }
    skipped=$(grep -cE '^\s+[0-9]+ - .* \(Skipped\)$' "$1" || true)
    passed=$((total - CTEST_FAILED - skipped))
    TESTS_FAILED=$((TESTS_FAILED + CTEST_FAILED))
    TESTS_SKIPPED=$((TESTS_SKIPPED + skipped))
    TESTS_PASSED=$((TESTS_PASSED + passed))
    CTEST_NOTE="$passed passed, $CTEST_FAILED failed"
    ((skipped == 0)) || CTEST_NOTE+=", $skipped skipped"
}

# The lines that look like the cause, the end of the log, and what to type.
show_failure() {
    local name=$1 log=$2
    printf '%s-- %s: lines with errors --%s\n' "$BOLD" "$log" "$PLAIN"
    grep -nE 'error[: ]|ERROR: |FAILED|Failure$|\*\*\*(Failed|Exception|Timeout)|Assertion|seed' \
        "$log" | head -n 20 | cut -c1-300 || true
    printf '%s-- the end of it --%s\n' "$BOLD" "$PLAIN"
    tail -n 40 "$log" | cut -c1-300
    [[ ! -f $LOG_FOLDER/$name.command ]] ||
        printf '%sreplay:%s %s\n' "$BOLD" "$PLAIN" "$(cat "$LOG_FOLDER/$name.command")"
}

coloured() {
    case $1 in
        passed) printf '%s%s%s' "$GREEN" "$1" "$PLAIN" ;;
        failed) printf '%s%s%s' "$RED" "$1" "$PLAIN" ;;
        *) printf '%s%s%s' "$YELLOW" "$1" "$PLAIN" ;;
    esac
}

# The table, the closing line, and the exit.
print_summary() {
    local row name result seconds note
    printf '\n%s%-14s %-8s %7s%s\n' "$BOLD" step result seconds "$PLAIN"
    for row in "${STEP_ROWS[@]}"; do
        IFS='|' read -r name result seconds note <<<"$row"
        printf '%-14s %s%*s %7s  %s\n' "${name//_/ }" "$(coloured "$result")" \
            $((8 - ${#result})) '' "$seconds" "$note"
    done
    printf '%-14s %-8s %7s\n\n' all '' "$SECONDS"
    ((TESTS_SKIPPED == 0)) || printf '%s tests were skipped\n' "$TESTS_SKIPPED"
    printf '%s passed, %s failed\n' "$TESTS_PASSED" "$TESTS_FAILED"
    ((STEPS_FAILED == 0)) || exit 1
}
