#!/usr/bin/env bash
# The whole suite: quick tests, on both databases where they touch one; slow ones and the browser's, a
# product for each process; what must have the machine alone. Then one closing line.
set -euo pipefail
python=${PYTHON:-.venv/bin/python}
mkdir -p build
rm -f build/tests-*.xml

code=0
run() { # name, marks, options: one part of the suite
  local name=$1 marks=$2
  shift 2
  "$python" -m pytest -q -m "$marks" --junitxml "build/tests-$name.xml" "$@" || code=$?
}
run quick "not slow and not browser and not alone" -n "$(nproc)" --dist loadscope --database both "$@"
run slow "(slow or browser) and not alone" -n "$(nproc)" --dist worksteal "$@"
run alone "alone" "$@"
"$python" tools/closing_line.py build/tests-{quick,slow,alone}.xml || code=$?
exit "$code"
