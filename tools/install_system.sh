#!/usr/bin/env bash
# Installs from Debian's packages what the tests drive: Chromium and PostgreSQL. Fails when it cannot.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ "${#missing[@]}" -eq 0 ] && exit 0

fail() {
  echo "The tests need ${missing[*]}, and $1. Install with: apt-get install ${missing[*]}" >&2
  exit 1
}
root=()
if [ "$(id -u)" -ne 0 ]; then
  sudo -n true 2>/dev/null || fail "installing needs root"
  root=(sudo -n)
fi
command -v apt-get >/dev/null || fail "this machine has no apt-get"
echo "Installing ${missing[*]} from Debian's packages"
export DEBIAN_FRONTEND=noninteractive
{ "${root[@]}" apt-get -qq update &&
  "${root[@]}" apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null; } ||
  fail "apt-get could not install it"
