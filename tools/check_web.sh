#!/usr/bin/env bash
# Biome and TypeScript over the UI; skipped with a reason where Node is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
. tools/node.sh

node_ready || { echo "web: skipped, no Node.js"; exit 0; }
make web/node_modules/.ready
echo "web"
cd web && npm run --silent check
