#!/usr/bin/env bash
# Compiles the locked requirements: one file for each supported Airflow minor, and one of what the newest brings to a user who
# asks for no extra. The files hold hashes and no index lines, so that they install from whatever mirror a machine is set up for.
set -euo pipefail
cd "$(dirname "$0")/.."
compile=(uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url
  --no-emit-find-links --no-annotate --no-header --upgrade)
# An older Airflow does not run on all that came after it (3.2.2 fails on FastAPI's later releases): its packages are those of
# its own time, but for the bridge between Airflow versions, which is made to be newer.
declare -A last_day=([3.1]=2026-04-15 [3.2]=2026-06-15 [3.3]=$(date -u +%F))
for minor in 3.1 3.2 3.3; do
  echo "Airflow $minor, packages until ${last_day[$minor]}"
  "${compile[@]}" pyproject.toml --extra dev --no-emit-package airflow-provider-omnihuman \
    --exclude-newer "${last_day[$minor]}T23:59:59Z" \
    --exclude-newer-package "apache-airflow-providers-common-compat=${last_day[3.3]}T23:59:59Z" \
    --constraints <(echo "apache-airflow==$minor.*") \
    --output-file "requirements/airflow-$minor.txt"
done
"${compile[@]}" pyproject.toml --no-emit-package airflow-provider-omnihuman --constraints requirements/airflow-3.3.txt \
  --output-file requirements/runtime-3.3.txt
"${compile[@]}" - --output-file requirements/uv.txt <<<"uv"
