"""Every Dag that is shipped imports, cheaply, and the example runs as it is against the emulator."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import BUCKET, PROJECT

DAG_FILES = sorted((PROJECT / "dags").glob("*.py"))


@pytest.fixture(scope="session")
def airflow_database() -> None:
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


def dag_of(path: Path):
    try:
        from airflow.dag_processing.dagbag import BundleDagBag
    except ModuleNotFoundError:  # Airflow 3.1
        from airflow.models.dagbag import DagBag

        bag = DagBag(dag_folder=path, include_examples=False)
    else:
        bag = BundleDagBag(dag_folder=path, bundle_path=path.parent, bundle_name="dags-folder")
    assert bag.import_errors == {}
    (dag,) = bag.dags.values()
    return dag


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_it_imports_and_tells_about_itself(airflow_database, path):
    dag = dag_of(path)
    assert dag.dag_id == path.stem
    assert dag.doc_md
    assert "omnihuman" in dag.tags


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_parsing_it_loads_nothing_heavy_and_needs_no_network(path):
    code = "import runpy, sys; runpy.run_path(sys.argv[1]); print(sorted({'av', 'boto3', 'volcengine'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "conf"),
    [("script_to_avatar_video", {"output_resolution": 720, "seed": 7}), ("choose_the_speaker", {"speaker": 2})],
)
def test_an_example_runs_from_script_to_archive(airflow_database, connections, emulator, s3, name, conf):
    emulator.admin("POST", "/clock", {"speed": 10_000})
    run = dag_of(PROJECT / "dags" / f"{name}.py").test(run_conf={"text": "A short test.", **conf})
    assert str(run.state) == "success", {ti.task_id: str(ti.state) for ti in run.get_task_instances()}
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"omnihuman/{name}/")["Contents"]
    (manifest_key,) = [item["Key"] for item in listed if item["Key"].endswith(".json")]
    manifest = json.loads(s3.get_object(Bucket=BUCKET, Key=manifest_key)["Body"].read())
    video = s3.get_object(Bucket=BUCKET, Key=manifest_key.replace(".json", ".mp4"))["Body"].read()
    assert hashlib.sha256(video).hexdigest() == manifest["video"]["sha256"]
    assert manifest["request"]["pe_fast_mode"] is True
    assert manifest["aigc_label"]["found"] is (name == "choose_the_speaker")
    assert bool(manifest["aigc_label"]["requested"]) is (name == "choose_the_speaker")
    (job,) = [job for job in emulator.state()["jobs"] if job["kind"] == "generate"]
    assert ("mask_url" in job["body"]) is (name == "choose_the_speaker")
    assert "prompt" not in job["body"]
