#!/usr/bin/env bash
# Makes the virtual environment and puts the pinned installer (uv) into it.
# usage: make_venv.sh PYTHON FOLDER UV_VERSION
set -euo pipefail
. "$(dirname "$0")/debian.sh"
python=${1:-} folder=$2 uv_version=$3

if ! { [ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; }; then
  echo "MLAAS needs Python 3.11, and ${python:-no Python} is something else. Name it: make PYTHON=/path/to/python3.11" >&2
  exit 1
fi

missing=()
# Debian keeps venv's own parts in a package of its own.
"$python" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
# LightGBM's wheel does not bring the OpenMP library, and a minimal Debian does not have it.
"$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' 2>/dev/null || missing+=(libgomp1)
[ "${#missing[@]}" -eq 0 ] || need "MLAAS" "${missing[@]}"

echo "Making $folder"
"$python" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
