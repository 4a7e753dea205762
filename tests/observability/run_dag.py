"""Runs a Dag file in a process of its own: which listeners there are is settled as Airflow starts."""

from __future__ import annotations

import json
import sys

import pytest

from airflow_provider_omnihuman.testing.airflow_runs import AirflowRuns

if __name__ == "__main__":
    run = AirflowRuns(pytest.MonkeyPatch()).run(sys.argv[1], conf=json.loads(sys.argv[2]))
    sys.exit(run.state != "success")
