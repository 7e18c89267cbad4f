# shellcheck shell=bash
# Part of ./dev: finds and installs what packages.txt names.

# Lines `packages probe` of the given sections.
packages_of() {
    awk -v wanted=" $* " '
        /^\[/ { section = substr($1, 2, length($1) - 2); next }
        NF && $1 !~ /^#/ && index(wanted, " " section " ") { print $1, $2 }' packages.txt
}

# need_packages SECTION...: returns when all is here, having installed what was not; exits 3 when
# it cannot.
need_packages() {
    if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
        need_debian_packages "$@"
    else
        need_commands_and_headers "$@"
    fi
}

need_debian_packages() {
    local groups group name names installed missing=()
    mapfile -t groups < <(packages_of "$@" | cut -d' ' -f1 | sort -u)
    names=$(printf '%s\n' "${groups[@]}" | tr '|' '\n')
    # One question for all. Unknown names make dpkg-query fail, which is no news here.
    # shellcheck disable=SC2086,SC2016
    installed=" $(dpkg-query -W -f '${Package} ${db:Status-Status}\n' $names 2>/dev/null |
        awk '$2 == "installed" {print $1}' | tr '\n' ' ')" || true
    for group in "${groups[@]}"; do
        for name in ${group//|/ }; do
            [[ $installed == *" $name "* ]] && continue 2
        done
        missing+=("$group")
    done
    ((${#missing[@]} == 0)) || install_debian_packages "${missing[@]}"
}

install_debian_packages() {
    local as_root=() options=(-o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -q) chosen=()
    local group name policy log=build/log/packages.txt
    mkdir -p build/log
    say "missing packages: $*"
    if ((EUID != 0)); then
        command -v sudo >/dev/null || {
            say_error "these must be installed by root, and there is no sudo: as root, run" \
                "  apt-get install --no-install-recommends ${*%%|*}"
            exit 3
        }
        as_root=(sudo)
    fi
    say "apt-get update (log: $log)"
    "${as_root[@]}" apt-get "${options[@]}" update >"$log" 2>&1 ||
        say "apt-get update failed; trying with the package lists at hand"
    for group in "$@"; do
        for name in ${group//|/ }; do
            # A name that another package merely provides has no candidate of its own.
            # Not by `| grep -q`: that ends apt-cache by a broken pipe now and then, which is a
            # failure under pipefail.
            policy=$(LC_ALL=C apt-cache policy "$name" 2>/dev/null || true)
            if [[ $policy =~ Candidate:\ [^\(] ]]; then
                chosen+=("$name")
                continue 2
            fi
        done
        say_error "this release has no package $group; ./dev knows Debian 12 and 13"
        exit 3
    done
    say "apt-get install ${chosen[*]}"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install -y \
        --no-install-recommends "${chosen[@]}" >>"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        say_error "the packages could not be installed; all of it is in $log"
        exit 3
    }
}

# Not Debian: looks for each thing itself, and names what is not there.
need_commands_and_headers() {
    local package probe missing=() headers=''
    while read -r package probe; do
        case $probe in
            -) ;;
            \<*) headers+=$(printf '#if !__has_include(%s)\n%s (Debian: %s)\n#endif' \
                "$probe" "$probe" "$package")$'\n' ;;
            *) command -v "$probe" >/dev/null || missing+=("$probe (Debian: $package)") ;;
        esac
    done < <(packages_of "$@")
    if command -v g++ >/dev/null; then
        mapfile -t -O "${#missing[@]}" missing < <(g++ -E -P -x c++ - <<<"$headers")
    else
        missing+=("and then run this again, to see which headers are missing")
    fi
    ((${#missing[@]} == 0)) && return
    say_error "this is not a Debian, so nothing is installed. Please install:"
    printf '  %s\n' "${missing[@]}" >&2
    exit 3
}
