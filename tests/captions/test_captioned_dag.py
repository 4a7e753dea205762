"""Captions in a Dag: the output of mapped speech tasks goes in as Airflow hands it on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.captions.caption_files import read_vtt
from tests.conftest import BUCKET

DAG_FILE = Path(__file__).parent / "dags" / "captioned.py"


@pytest.mark.timeout(300)
def test_what_mapped_tasks_spoke_is_captioned_line_by_line(omnihuman_airflow, connections, s3):
    run = omnihuman_airflow.run(DAG_FILE)
    result = run.xcom("captions")
    assert (result["vtt_uri"], result["timed_by"], result["srt_uri"]) == (f"s3://{BUCKET}/captioned/captions.vtt", "engine", None)
    ann, bob = read_vtt(s3.get_object(Bucket=BUCKET, Key="captioned/captions.vtt")["Body"].read().decode())
    assert (ann[0], ann[2:]) == (0.0, ("Ann", "Good evening."))
    assert bob[2:] == ("Bob", "Good evening, Ann.")
    assert bob[0] == pytest.approx(run.xcom("speech", map_index=0)["seconds"] + 0.5, abs=0.002)
