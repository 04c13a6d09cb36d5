#!/usr/bin/env bash
# Installs from Debian's packages what the tests drive: Chromium and PostgreSQL. Fails when it cannot.
set -euo pipefail
. "$(dirname "$0")/debian.sh"

missing=()
export PATH=$PATH:/sbin:/usr/sbin
command -v chromium >/dev/null || missing+=(chromium)
# The browser's driver loads it from the system, and a minimal Debian does not have it.
[[ $(ldconfig -p) == *libatomic.so.1* ]] || missing+=(libatomic1)
compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
[ "${#missing[@]}" -eq 0 ] || need "The test suite" "${missing[@]}"
