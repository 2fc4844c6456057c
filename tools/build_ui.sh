#!/usr/bin/env bash
# Builds the UI into the server package. With --if-needed: only when a source is newer than the
# build, and without Node a notice instead of an error (the server explains the rest).
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/node.sh

built=server/src/kiseki_server/_web/index.html
if [ "${1:-}" = --if-needed ]; then
  if [ -f "$built" ] && [ -z "$(find web/src web/public web/index.html web/*.ts web/package-lock.json -newer "$built" -type f -print -quit 2> /dev/null)" ]; then
    exit 0
  fi
  node_ready || { echo "Going on without the UI." >&2; exit 0; }
else
  node_ready
fi
make web/node_modules/.ready
echo "Building the UI …"
(cd web && npm run --silent build)
