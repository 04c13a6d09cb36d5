#!/usr/bin/env bash
# Makes the virtual environment and puts the pinned installer (uv) into it.
# usage: make_venv.sh PYTHON FOLDER UV_VERSION
set -euo pipefail
python=${1:-} folder=$2 uv_version=$3

fail() { echo "$1" >&2; exit 1; }

[ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null ||
  fail "MLAAS needs Python 3.11, and ${python:-no Python} is something else. Name it: make PYTHON=/path/to/python3.11"

# Debian keeps venv's own parts in a package of its own.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  sentence="Python cannot make virtual environments here. Install the package first: apt-get install python3-venv"
  [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || fail "$sentence"
  echo "Installing python3-venv from Debian's packages"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends python3-venv >/dev/null; } || fail "$sentence"
fi

echo "Making $folder"
"$python" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
