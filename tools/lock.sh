#!/usr/bin/env bash
# Resolves requirements.lock: versions for every platform, no addresses.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(tools/uv.sh)
"$uv" pip compile --quiet --universal --upgrade --python-version 3.11 --no-header --no-annotate \
  --group dev pyproject.toml --output-file requirements.lock
sed -i.bak -e '/^-e /d' requirements.lock && rm requirements.lock.bak
wc -l requirements.lock
