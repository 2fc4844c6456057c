#!/usr/bin/env bash
# Runs the UI's unit tests, then every Python test in parallel.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/node.sh

if node_ready; then
  make web/node_modules/.ready
  (cd web && npm run --silent test)
else
  echo "web: skipped, no Node.js"
fi
exec .venv/bin/python -m pytest -n "${KISEKI_TEST_WORKERS:-2}" --dist loadgroup "$@"
