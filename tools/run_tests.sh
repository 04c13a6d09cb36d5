#!/usr/bin/env bash
# The whole suite: what can share the cores, the database's tests again on PostgreSQL, what must have the
# machine alone, then one closing line.
set -euo pipefail
python=${PYTHON:-.venv/bin/python}
mkdir -p build
rm -f build/tests-*.xml

code=0
"$python" -m pytest -q -n "$(nproc)" --dist loadscope -m "not slow and not browser" \
  --junitxml build/tests-shared.xml "$@" || code=$?
"$python" -m pytest -q -n "$(nproc)" --dist loadscope -m "not slow and not browser and not postgres" \
  --database postgresql --junitxml build/tests-postgresql.xml tests/engines tests/app tests/pages "$@" || code=$?
"$python" -m pytest -q -m "slow or browser" --junitxml build/tests-alone.xml "$@" || code=$?
"$python" tools/closing_line.py build/tests-shared.xml build/tests-postgresql.xml build/tests-alone.xml ||
  code=$?
exit "$code"
