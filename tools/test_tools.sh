#!/usr/bin/env bash
# Installs what the tests use beyond Python packages: Chromium, PostgreSQL, a font for Japanese.
# Only as root on Debian or Ubuntu; elsewhere the tests that need them are skipped with a reason.
set -euo pipefail

packages=()
command -v chromium > /dev/null || packages+=(chromium)
[ -n "$(compgen -G '/usr/lib/postgresql/*/bin/initdb' || true)" ] || packages+=(postgresql)
command -v fc-list > /dev/null && [ -n "$(fc-list :lang=ja family 2> /dev/null)" ] || packages+=(fontconfig fonts-noto-cjk)
[ ${#packages[@]} -eq 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
  echo "Not installed: ${packages[*]}. Tests that need them will be skipped."
  exit 0
fi
echo "Installing for the tests: ${packages[*]} …"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || true
apt-get install -y -qq --no-install-recommends "${packages[@]}" > /dev/null || echo "Could not install ${packages[*]}; tests that need them will be skipped."
