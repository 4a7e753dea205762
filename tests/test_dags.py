"""Every Dag that is shipped imports, cheaply, and the example runs as it is against the emulator."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import airflow
import pytest
from airflow.sdk import AssetAlias

from tests.conftest import BUCKET, PROJECT

DAG_FILES = sorted((PROJECT / "dags").glob("*.py"))


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """The database of this process's Airflow home, for tests that start an Airflow of their own there."""
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_it_imports_and_tells_about_itself(omnihuman_airflow, path):
    dag = omnihuman_airflow.load(path)
    assert dag.dag_id == path.stem
    assert dag.doc_md
    assert "omnihuman" in dag.tags
    assert dag.catchup is False


def test_parsing_them_loads_nothing_heavy_and_needs_no_network():
    code = (
        "import runpy, sys\nfor path in sys.argv[1:]:\n    runpy.run_path(path)\n"
        "    print(path, *({'av', 'boto3', 'numpy', 'volcengine'} & set(sys.modules)))"
    )
    paths = [str(path) for path in DAG_FILES]
    done = subprocess.run([sys.executable, "-c", code, *paths], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines() == paths


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda path: path.stem)
def test_it_is_one_short_story(path):
    assert len(path.read_text().splitlines()) <= 60


def test_what_stories_share_is_in_the_package():
    """A block of six lines or more is nowhere twice; five are what each Dag begins with."""
    places: dict[tuple[str, ...], set[str]] = {}
    for path in DAG_FILES:
        code = path.read_text().split("from __future__ import annotations")[1].splitlines()
        lines = [line.strip() for line in code if line.strip() and not line.startswith(("from ", "import "))]
        for first in range(len(lines) - 5):
            places.setdefault(tuple(lines[first : first + 6]), set()).add(path.name)
    assert [(block, files) for block, files in places.items() if len(files) > 1] == []


def test_the_bulletin_names_the_day_of_its_viewers(omnihuman_airflow):
    """At five in the morning in Shanghai it is yesterday in UTC, in which Airflow keeps its times."""
    dag = omnihuman_airflow.load(PROJECT / "dags" / "reviewed_daily_bulletin.py")
    speech = dag.get_task("bulletin.round_1.speech")
    run = SimpleNamespace(run_after=datetime(2026, 2, 28, 21, tzinfo=UTC))
    said = speech.render_template(speech.text, {"dag": dag, "dag_run": run, "params": {"text": "News of {date}."}})
    assert said == "News of March 1."


NEWEST = airflow.__version__ >= "3.3"


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("name", "conf"),
    [
        # On the newest Airflow, the scenarios run it.
        pytest.param("script_to_avatar_video", {"output_resolution": 720, "seed": 7}, marks=[pytest.mark.slow] * NEWEST),
        pytest.param("choose_the_speaker", {"speaker": 2}, marks=[pytest.mark.slow] * (not NEWEST)),
    ],
)
def test_an_example_runs_from_script_to_archive(omnihuman_airflow, connections, emulator, s3, name, conf):
    emulator.set_speed(10_000)
    run = omnihuman_airflow.run(PROJECT / "dags" / f"{name}.py", conf={"text": "A short test.", **conf})
    assert run.state == "success", run.task_states
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"omnihuman/{name}/")["Contents"]
    (manifest_key,) = [item["Key"] for item in listed if item["Key"].endswith(".json")]
    manifest = json.loads(s3.get_object(Bucket=BUCKET, Key=manifest_key)["Body"].read())
    video = s3.get_object(Bucket=BUCKET, Key=manifest_key.replace(".json", ".mp4"))["Body"].read()
    assert hashlib.sha256(video).hexdigest() == manifest["video"]["sha256"]
    assert manifest["request"]["pe_fast_mode"] is True
    assert manifest["request"]["presenter"] == {"script_to_avatar_video": "news_anchor", "choose_the_speaker": "host"}[name]
    assert manifest["aigc_label"]["found"]
    assert manifest["aigc_label"]["requested"]["producer_id"] == manifest["fingerprint"]
    (job,) = [job for job in emulator.jobs() if job["kind"] == "generate"]
    assert ("mask_url" in job["body"]) is (name == "choose_the_speaker")
    assert "prompt" not in job["body"]


class TriggeringEvents(list):
    """The events by their alias, as Airflow gives them; in 3.1, an alias is no key of a dict."""

    def __getitem__(self, alias):
        assert alias == AssetAlias("omnihuman_videos")
        return list(self)


def test_each_new_video_is_published_once_by_what_its_event_tells(omnihuman_airflow):
    told = [{"uri": "s3://b/a.mp4", "sha256": "a"}, {"uri": "s3://b/b.mp4", "sha256": "b"}]
    new_videos = omnihuman_airflow.load(PROJECT / "dags" / "on_new_video.py").get_task("new_videos")
    events = TriggeringEvents([SimpleNamespace(extra=facts) for facts in [told[0], *told]])
    assert new_videos.execute({"triggering_asset_events": events}) == told
