#!/usr/bin/env bash
# Installs from Debian's packages what the tests drive: Chromium and PostgreSQL. Fails when it cannot.
set -euo pipefail
. "$(dirname "$0")/debian.sh"

missing=()
command -v chromium >/dev/null || missing+=(chromium)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ "${#missing[@]}" -eq 0 ] || need "The test suite" "${missing[@]}"
