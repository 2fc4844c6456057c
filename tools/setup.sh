#!/usr/bin/env bash
# Makes .venv from requirements.lock, with both wheels editable.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(tools/uv.sh)
echo "Setting up .venv …"
if [ ! -x .venv/bin/python ]; then
  "$uv" venv --quiet --python '>=3.11,<3.15' .venv
fi
if ! "$uv" pip sync --python .venv/bin/python requirements.lock; then
  echo "Cannot install the packages of requirements.lock." >&2
  echo "hint: check the network, then run make setup again; finished downloads are kept" >&2
  exit 1
fi
"$uv" pip install --quiet --python .venv/bin/python --no-deps --editable sdk --editable server
echo "Ready: .venv/bin/kiseki"
