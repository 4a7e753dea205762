"""OpenLineage is told what was read and written, by its own provider, and never a signature."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from airflow.providers.openlineage.extractors.manager import ExtractorManager
from airflow.utils.state import TaskInstanceState
from openlineage.client.serde import Serde

from airflow_provider_omnihuman.operators.join_videos import JoinVideosOperator
from tests.conftest import BUCKET, PROJECT
from tests.media.films import beeps, make_clip
from tests.media.sounds import wav_of
from tests.operators.archives import archive, rendered
from tests.task_context import TaskState, task_context

__all__ = ["rendered"]  # a fixture

PARAMETERS = {"outputResolution": 720, "fastMode": False, "seed": 7, "site": "mainland", "connectionId": "omnihuman_default"}


class _DagRun:
    run_id = "manual__1"


def told(operator, *, state=TaskInstanceState.SUCCESS):
    """What the provider's own extractor makes of the operator, as it goes over the wire."""
    lineage = ExtractorManager().extract_metadata(_DagRun, operator, state, task_context()["ti"])
    return json.loads(Serde.to_json(lineage))


def names(datasets):
    return [f"{dataset['namespace']}/{dataset['name']}" for dataset in datasets]


def test_a_submit_reads_portrait_speech_and_masks_and_tells_the_parameters(submit, inputs, put, portrait_png):
    mask = put("in/mask with space.png", portrait_png)
    operator, context = submit(seed=7, prompt="a smile", mask_url=[mask]), task_context()
    operator.execute(context)
    lineage = told(operator)
    assert names(lineage["inputs"]) == [inputs["image_url"], inputs["audio_url"], mask]
    (facet,) = lineage["run_facets"].values()
    assert facet | PARAMETERS == facet
    request = context["ti"].xcoms["request"]
    assert facet["taskId"] == request["task_id"]
    assert facet["fingerprint"] == request["fingerprint"]
    assert facet["audioSeconds"] == pytest.approx(1.2, abs=0.1)
    assert facet["promptLength"] == len("a smile")
    assert "a smile" not in json.dumps(lineage)
    assert facet["_schemaURL"].startswith("https://openlineage.io/spec/")


def test_what_a_render_writes_is_what_an_archive_reads(video, rendered, s3):
    xcoms = rendered(seed=7)
    operator = archive(omnihuman_task_id=xcoms["task_id"], request=xcoms["request"])
    facts = operator.execute(task_context())
    lineage = told(operator)
    at_the_service = f"https://visual.volcengineapi.com/tasks/{xcoms['task_id']}"
    request = xcoms["request"]
    assert names(lineage["inputs"]) == [request["image_url"], request["audio_url"], at_the_service]
    (output,) = lineage["outputs"]
    assert f"{output['namespace']}/{output['name']}" == facts["uri"]
    assert output["namespace"] == f"s3://{BUCKET}"
    assert output["outputFacets"]["outputStatistics"]["size"] == facts["bytes"]
    assert output["facets"]["version"]["datasetVersion"] == f"sha256:{facts['sha256']}"
    assert "720" in output["facets"]["documentation"]["description"]

    renders = video(seed=7, reuse_archived=False)
    with pytest.raises(TaskDeferred):
        renders.execute(context := task_context(state=TaskState()))
    assert names(told(renders)["outputs"]) == [f"https://visual.volcengineapi.com/tasks/{context['ti'].xcoms['task_id']}"]


def test_signatures_are_left_out_wherever_they_come_from(submit, presigned, portrait_png, speech_wav):
    signed = {"image_url": presigned("in/p.png", portrait_png), "audio_url": presigned("in/a.wav", speech_wav(1.0))}
    operator = submit(**signed)
    for state in (TaskInstanceState.FAILED, TaskInstanceState.SUCCESS):  # before and after the run
        lineage = told(operator, state=state)
        assert [name.rsplit("/", 1)[1] for name in names(lineage["inputs"])] == ["p.png", "a.wav"]
        assert "X-Amz" not in json.dumps(lineage)
        assert all(dataset["namespace"].startswith("http://127.0.0.1:") for dataset in lineage["inputs"])
        operator.execute(task_context())


def test_a_run_that_fails_has_read_and_has_not_written(submit, inputs, emulator):
    emulator.fault(kind="code", code=50412, action="CVSubmitTask")
    operator = submit(prompt="x" * 12)
    with pytest.raises(AirflowFailException):
        operator.execute(task_context())
    lineage = told(operator, state=TaskInstanceState.FAILED)
    assert names(lineage["inputs"]) == list(inputs.values())
    assert lineage["outputs"] == []
    assert lineage["run_facets"]["omnihuman_render"]["promptLength"] == 12


def test_a_render_that_fails_after_its_submit_has_no_video(submit):
    operator = submit()
    operator.execute(task_context())
    assert len(told(operator)["outputs"]) == 1
    assert told(operator, state=TaskInstanceState.FAILED)["outputs"] == []


def test_an_archive_that_fails_names_no_object(rendered):
    xcoms = rendered()
    operator = archive(omnihuman_task_id=xcoms["task_id"], request=xcoms["request"], s3_bucket="does-not-exist-anywhere")
    with pytest.raises(Exception, match=r"NoSuchBucket|does not exist"):
        operator.execute(task_context())
    lineage = told(operator, state=TaskInstanceState.FAILED)
    assert len(lineage["inputs"]) == 3
    assert lineage["outputs"] == []


def test_a_video_that_is_used_again_is_the_archived_one(video, rendered, s3):
    xcoms = rendered(seed=7)
    first = archive(omnihuman_task_id=xcoms["task_id"], request=xcoms["request"])
    uri = first.execute(task_context())["uri"]
    request = xcoms["request"] | {"reused": {"uri": uri, "manifest_uri": uri.replace(".mp4", ".json")}}
    again = archive(request=request, s3_key=f"s3://{BUCKET}/elsewhere.mp4")
    again.execute(task_context())
    lineage = told(again)
    assert names(lineage["inputs"])[-1] == uri
    assert names(lineage["outputs"]) == [f"s3://{BUCKET}/elsewhere.mp4"]
    assert lineage["run_facets"]["omnihuman_render"]["reused"] is True


def test_what_nothing_is_known_of_is_left_to_inlets_and_outlets():
    assert told(archive(video_url="{{ params.url }}"))["run_facets"] == {}


def test_no_lineage_is_asked_for_where_openlineage_is_not_installed():
    code = (
        "import sys; sys.modules['openlineage'] = sys.modules['airflow.providers.openlineage.extractors'] = None\n"
        "from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator\n"
        "from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator\n"
        "OmniHumanToS3Operator(task_id='a', video_url='https://x.example/v')\n"
        "OmniHumanVideoOperator(task_id='v', image_url='', audio_url='')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_whole_dag_is_told_by_the_listener(omnihuman_airflow, connections, emulator, s3, tmp_path):
    emulator.set_speed(10_000)
    log = tmp_path / "lineage.json"
    environment = os.environ | {
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "file", "log_file_path": str(log), "append": True}),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "test",
    }
    dag_file = PROJECT / "dags" / "script_to_avatar_video.py"
    conf = json.dumps({"text": "A short test.", "seed": 7, "prompt": "a quiet smile"})
    script = PROJECT / "tests" / "observability" / "run_dag.py"
    subprocess.run([sys.executable, str(script), str(dag_file), conf], env=environment, check=True, capture_output=True)
    events = [json.loads(line) for line in log.read_text().splitlines()]
    assert "X-Amz" not in log.read_text()
    done = {event["job"]["name"]: event for event in events if event["eventType"] == "COMPLETE"}
    render, archived = (done[f"script_to_avatar_video.{name}"] for name in ("render", "archive"))
    (job,) = [job for job in emulator.state()["jobs"] if job["kind"] == "generate"]
    at_the_service = f"https://visual.volcengineapi.com/tasks/{job['task_id']}"
    facet = render["run"]["facets"]["omnihuman_render"]
    assert facet | PARAMETERS | {"fastMode": True, "taskId": job["task_id"]} == facet
    portrait = hashlib.sha256((PROJECT / "dags" / "portraits" / "presenter.png").read_bytes()).hexdigest()
    assert names(render["inputs"])[0] == f"s3://{BUCKET}/omnihuman/portraits/{portrait}.png"
    assert names(render["outputs"]) == [at_the_service] == names(archived["inputs"])[2:]
    (output,) = archived["outputs"]
    assert (
        s3.head_object(Bucket=BUCKET, Key=output["name"])["ContentLength"] == output["outputFacets"]["outputStatistics"]["size"]
    )
    assert archived["run"]["facets"]["omnihuman_render"]["taskId"] == job["task_id"]


def test_a_film_is_made_of_its_clips_and_their_sound(connections, put, presigned, s3, tmp_path):
    clip = put("in/clips/a b.mp4", make_clip(tmp_path / "clip.mp4", beeps(0.4)).read_bytes())
    sound = presigned("in/talk.wav", wav_of(beeps(0.8)))
    operator = JoinVideosOperator(task_id="join", videos=[clip, clip], durations=[0.4, 0.4], soundtrack=sound)
    facts = operator.execute(task_context())
    lineage = told(operator)
    assert names(lineage["inputs"]) == [clip, sound.partition("?")[0]]
    assert names(lineage["outputs"]) == [facts["uri"]]
    assert lineage["outputs"][0]["facets"]["version"]["datasetVersion"] == f"sha256:{facts['sha256']}"
    assert "omnihuman_render" not in lineage["run_facets"]
    assert "Signature" not in json.dumps(lineage)

    failing = JoinVideosOperator(task_id="join", videos=[clip], durations=[0.4], soundtrack=sound)
    with pytest.raises(AirflowFailException, match=r"lasts 0\.800 s"):
        failing.execute(task_context())
    lineage = told(failing, state=TaskInstanceState.FAILED)
    assert names(lineage["inputs"]) == [clip, sound.partition("?")[0]]
    assert lineage["outputs"] == []
