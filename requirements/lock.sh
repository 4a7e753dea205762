#!/usr/bin/env bash
# Compiles the locked requirements, one file for each supported Airflow minor. The files hold hashes and no index
# lines, so that they install from whatever mirror a machine is set up for.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url
  --no-emit-find-links --no-annotate --no-header --upgrade)
for minor in 3.1 3.2 3.3; do
  echo "Airflow $minor"
  "${compile[@]}" pyproject.toml --extra dev --no-emit-package airflow-provider-omnihuman \
    --constraints <(echo "apache-airflow==$minor.*"; cat "requirements/airflow-$minor.in" 2>/dev/null || true) \
    --output-file "requirements/airflow-$minor.txt"
done
"${compile[@]}" - --output-file requirements/uv.txt <<<"uv"
