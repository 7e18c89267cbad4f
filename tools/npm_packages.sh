#!/usr/bin/env bash
# Installs what web/package-lock.json names, unless it is there: then no network is used.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../web"
stamp=node_modules/.installed
if [[ -f $stamp ]] && cmp -s package-lock.json "$stamp"; then exit 0; fi
# Not `npm ci`: that refuses a lock file without the packages of other platforms, which mirrors of
# the registry need not have. With --no-save the lock file is obeyed and not changed.
npm install --no-save --no-audit --no-fund --prefer-offline --loglevel=error || {
    echo "error: the packages of web/package-lock.json could not be installed" >&2
    echo "  cure: connect to the npm registry, or build without the page: -DGRAPEVINE_WEB=OFF" >&2
    exit 1
}
cp package-lock.json "$stamp"
