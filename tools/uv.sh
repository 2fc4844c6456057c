#!/usr/bin/env bash
# Prints the path of uv; installs it into .uv/ when the machine has none.
set -euo pipefail
cd "$(dirname "$0")/.."

if command -v uv > /dev/null; then command -v uv; exit; fi
if [ -x .uv/bin/uv ]; then echo "$PWD/.uv/bin/uv"; exit; fi

python=
for candidate in python3.13 python3.12 python3.11 python3; do
  if command -v "$candidate" > /dev/null && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "Kiseki needs Python 3.11 or newer; none is on the PATH." >&2
  echo "hint: apt install python3 python3-venv" >&2
  exit 1
fi
echo "Installing uv into .uv/ …" >&2
if ! output=$("$python" -m venv .uv 2>&1); then
  rm -rf .uv
  echo "Cannot make a virtual environment: $output" >&2
  echo "hint: apt install python3-venv" >&2
  exit 1
fi
if ! .uv/bin/python -m pip install --quiet --disable-pip-version-check uv >&2; then
  rm -rf .uv
  echo "Cannot install uv: the package index was not reached." >&2
  echo "hint: check the network and pip's configuration, or install uv yourself, then run make again" >&2
  exit 1
fi
echo "$PWD/.uv/bin/uv"
