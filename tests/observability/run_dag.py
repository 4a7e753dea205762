"""Runs a Dag file in a process of its own, by ``dag.test()``: which listeners there are is settled as Airflow starts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import BundleDagBag

if __name__ == "__main__":
    path = Path(sys.argv[1])
    (dag,) = BundleDagBag(dag_folder=path, bundle_path=path.parent, bundle_name="dags-folder").dags.values()
    run = dag.test(run_conf=json.loads(sys.argv[2]))
    sys.exit(str(run.state) != "success")
