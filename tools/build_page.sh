#!/usr/bin/env bash
# Builds web/ and makes of it what cmake/GrapevinePage.cmake compiles: build_page.sh FOLDER
set -euo pipefail
folder=$(realpath "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools/npm_packages.sh
# The folder of assets is emptied by Vite itself.
(cd web && npx --no-install tsc --noEmit && npx --no-install vite build --logLevel warn \
    --outDir "$folder/dist" --emptyOutDir)
node tools/embed_page.mjs "$folder/dist" "$folder"
