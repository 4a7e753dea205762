"""A presenter fills what the Dag leaves out; the request is as if the Dag had said it all, and so is the video."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred
from airflow.sdk import DAG, task

from airflow_provider_omnihuman.api.errors import TaskNotDoneError
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.subjects import (
    OmniHumanSubjectDetectionOperator,
    OmniHumanSubjectRecognitionOperator,
)
from airflow_provider_omnihuman.operators.submit import OmniHumanSubmitOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator
from tests.conftest import BUCKET, PROJECT
from tests.task_context import TaskState, task_context

ANCHOR = """
portrait: ../pictures/anchor.png
engine: doubao
voice: zh_male_m191_uranus_bigtts
speech: {speech_rate: 10}
prompt: A calm smile
seed: 7
output_resolution: 720
pe_fast_mode: true
aigc_meta:
  producer_id: "{{ run_id }}/{{ ti.map_index }}"
  content_propagator: channel
"""
LABEL = {"producer_id": "manual__2026-01-01T00:00:00+00:00/-1", "content_propagator": "channel"}


@pytest.fixture(scope="module")
def duo_png():
    return (PROJECT / "dags" / "portraits" / "duo.png").read_bytes()


@pytest.fixture
def folder(tmp_path, portrait_png, duo_png):
    """A Dag's folder with presenters and their pictures."""
    for name in ("presenters", "pictures"):
        (tmp_path / name).mkdir()
    (tmp_path / "pictures" / "anchor.png").write_bytes(portrait_png)
    (tmp_path / "pictures" / "duo.png").write_bytes(duo_png)
    (tmp_path / "presenters" / "anchor.yaml").write_text(ANCHOR)
    (tmp_path / "presenters" / "guest.yaml").write_text("portrait: ../pictures/duo.png\nmask: 2")
    (tmp_path / "presenters" / "stranger.yaml").write_text("portrait: ../pictures/duo.png\nmask: 3")
    (tmp_path / "presenters" / "voice.yaml").write_text("voice: zh_male_m191_uranus_bigtts")
    return tmp_path


def deferred(operator, state, *, dag_file):
    """Execute as far as the deferral; return the trigger, and the context of the try."""
    context = {**task_context(state=state), "dag": SimpleNamespace(fileloc=str(dag_file))}
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(context)
    return caught.value.trigger, context


@pytest.fixture
def context_of(folder):
    def make(**fields):
        return {**task_context(**fields), "dag": SimpleNamespace(fileloc=str(folder / "dag.py"))}

    return make


@pytest.fixture
def audio_url(put, speech_wav):
    return put("in/a.wav", speech_wav(1.2))


@pytest.fixture
def present(connections, context_of, audio_url):
    """Submit with a presenter; return the request's facts."""

    def run(presenter="anchor", *, context=None, **arguments):
        context = context or context_of()
        OmniHumanSubmitOperator(task_id="submit", **{"audio_url": audio_url, "presenter": presenter, **arguments}).execute(
            context
        )
        return context["ti"].xcoms["request"]

    return run


@pytest.fixture
def fill(connections, context_of, audio_url):
    """Take what a presenter gives; return the operator, which has submitted nothing."""

    def run(presenter, **arguments):
        operator = OmniHumanSubmitOperator(task_id="submit", audio_url=audio_url, presenter=presenter, **arguments)
        operator.take_presenter(context_of())
        return operator

    return run


def sent(emulator):
    (job,) = [job for job in emulator.jobs() if job["kind"] == "generate"]
    return job["body"]


def test_a_presenter_fills_the_request(present, emulator):
    facts = present()
    body = sent(emulator)
    assert (body["prompt"], body["seed"], body["output_resolution"], body["pe_fast_mode"]) == ("A calm smile", 7, 720, True)
    assert facts["presenter"] == "anchor"
    assert facts["aigc_meta"] == LABEL
    assert facts["image_url"].startswith(f"s3://{BUCKET}/omnihuman/portraits/")
    assert "mask_url" not in body


def test_it_is_the_same_video_as_if_everything_was_given(present, submit, put, portrait_png, audio_url):
    """So that what was paid for with explicit arguments is found again, and the other way round."""
    by_name = present()
    context = task_context()
    explicit = {"image_url": put("elsewhere/p.png", portrait_png), "audio_url": audio_url, "prompt": "A calm smile"}
    submit(**explicit, seed=7, output_resolution=720, pe_fast_mode=True).execute(context)
    assert context["ti"].xcoms["request"]["fingerprint"] == by_name["fingerprint"]
    assert "presenter" not in context["ti"].xcoms["request"]


def test_what_is_given_wins(present, emulator, put, portrait_png):
    other = put("in/other.png", portrait_png)
    facts = present(image_url=other, prompt="A frown", seed=-1, output_resolution="1080", pe_fast_mode="False")
    body = sent(emulator)
    assert (body["prompt"], body["seed"], body["output_resolution"], body["pe_fast_mode"]) == ("A frown", -1, 1080, False)
    assert facts["image_url"] == other


@pytest.mark.parametrize("nothing", [None, "", "None"])
def test_what_came_to_nothing_is_not_given(fill, nothing):
    names = ("prompt", "seed", "output_resolution", "pe_fast_mode", "mask_url")
    filled = fill("anchor", image_url="s3://b/p.png", **dict.fromkeys(names, nothing))
    assert [getattr(filled, name) for name in names] == ["A calm smile", 7, 720, True, nothing]


def test_an_empty_portrait_is_the_presenters_and_a_broken_one_is_refused(present, emulator):
    assert present(image_url="")["image_url"].startswith(f"s3://{BUCKET}/omnihuman/portraits/")
    with pytest.raises(AirflowFailException, match="image_url must be an http.s. URL with a host, not 'None'"):
        present(image_url="None")
    assert emulator.accepted() == 1


def test_a_mask_is_detected_once_for_all_who_share_the_picture(present, fill, emulator):
    (mask,) = present("guest")["mask_url"]
    assert mask.endswith("/mask-2.png")
    assert fill("guest").mask_url == [mask]
    assert sum(emulator.state()["requests"]["CVProcess"].values()) == 1


def test_a_mask_belongs_to_its_own_picture_and_a_given_one_wins(fill):
    assert fill("guest", image_url="s3://b/p.png").mask_url is None
    assert fill("guest", mask_url=[]).mask_url == []
    assert fill("guest", mask_url="s3://b/m.png").mask_url == "s3://b/m.png"


def test_a_subject_that_is_not_in_the_picture_is_told_before_the_render(present, emulator):
    with pytest.raises(AirflowFailException, match=r"presenter .+stranger.yaml: mask is 3, and 2 subjects were found"):
        present("stranger")
    assert emulator.accepted() == 0


def test_nothing_of_a_broken_presenter_is_submitted(present, folder, emulator, s3):
    (folder / "presenters" / "anchor.yaml").write_text("portrait: a.png\nseed: often")
    with pytest.raises(AirflowFailException, match=r"^presenter .+/presenters/anchor.yaml: seed must be .+ not str 'often'"):
        present()
    with pytest.raises(AirflowFailException, match=r"there is no presenter .+/presenters/ancor.yaml.+did you mean 'anchor'"):
        present("ancor")
    with pytest.raises(AirflowFailException, match="image_url is missing: presenter .+voice.yaml has no portrait"):
        present("voice")
    assert emulator.accepted() == 0
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET, Prefix="omnihuman/")


@pytest.mark.parametrize("nobody", [None, ""])
def test_a_mapped_task_without_portrait_and_presenter_is_refused_when_it_runs(present, context_of, audio_url, nobody):
    operator = OmniHumanSubmitOperator(task_id="submit", audio_url=audio_url, presenter="{{ the row's }}")
    operator.presenter = nobody
    with pytest.raises(AirflowFailException, match="image_url is missing: give the portrait's URL, or a presenter"):
        operator.execute(context_of())


def test_a_retry_finds_its_job_and_a_presenter_that_is_gone_names_it(present, context_of, folder, emulator):
    state = TaskState()
    first = present(context=context_of(state=state))
    assert present(context=context_of(state=state))["task_id"] == first["task_id"]
    (folder / "presenters" / "anchor.yaml").unlink()
    with pytest.raises(AirflowFailException, match=rf"there is no presenter .+ OmniHuman task {first['task_id']}, submitted"):
        present(context=context_of(state=state))
    assert emulator.accepted() == 1


def test_the_label_of_the_request_is_asked_for_although_the_presenter_has_changed(
    connections, context_of, audio_url, folder, emulator
):
    emulator.set_speed(0)  # it renders for as long as the test lasts

    def video():
        return OmniHumanVideoOperator(task_id="a_task", audio_url=audio_url, presenter="anchor", deferrable=True)

    trigger, context = deferred(video(), TaskState(), dag_file=folder / "dag.py")
    assert trigger.aigc_meta == LABEL
    (folder / "presenters" / "anchor.yaml").unlink()
    event, resumed = {"status": "success", "task_id": trigger.omnihuman_task_id}, video()
    with pytest.raises(TaskNotDoneError):  # it is still rendered; it was asked for
        resumed.resume_execution("execute_complete", {"event": event}, context)
    assert resumed.aigc_meta == LABEL


CONTENT = ANCHOR.replace('"{{ run_id }}/{{ ti.map_index }}"', '"v1/{{ content_id }}"')


def test_a_label_may_name_its_content_and_is_the_same_in_each_run(present, context_of, folder):
    """A label that names the run would make another video of it, which the archive does not have, and is paid for again."""
    (folder / "presenters" / "anchor.yaml").write_text(CONTENT)
    first, second = present(), present(context=context_of(run_id="another_run"))
    assert first["aigc_meta"] == second["aigc_meta"] == {**LABEL, "producer_id": f"v1/{first['fingerprint']}"}
    other = present(prompt="A frown")
    assert other["aigc_meta"]["producer_id"] == f"v1/{other['fingerprint']}" != first["aigc_meta"]["producer_id"]


def test_with_a_random_seed_each_task_is_another_content(present, context_of, folder):
    (folder / "presenters" / "anchor.yaml").write_text(CONTENT)
    ids = [
        present(seed=-1, context=context_of(run_id=run, state=state))["aigc_meta"]["producer_id"]
        for state in [TaskState()]
        for run in ("a_run", "another_run", "a_run")
    ]
    assert ids[0] == ids[2] != ids[1]


def test_the_label_names_its_content_to_whoever_asks_for_the_video(connections, context_of, audio_url, folder, emulator):
    """The first query, the trigger's, and the ones after it: the service writes the label into what it delivers to each."""
    emulator.set_speed(0)  # it renders for as long as the test lasts
    (folder / "presenters" / "anchor.yaml").write_text(CONTENT)
    given = {"producer_id": "{content_id}", "content_propagator": "channel"}
    for label in (None, given):

        def video(label=label):
            return OmniHumanVideoOperator(
                task_id="a_task", audio_url=audio_url, presenter="anchor", deferrable=True, aigc_meta=label
            )

        state = TaskState()
        trigger, context = deferred(video(), state, dag_file=folder / "dag.py")
        fingerprint = context["ti"].xcoms["request"]["fingerprint"]
        assert trigger.aigc_meta["producer_id"].endswith(fingerprint)
        resumed = video()
        with pytest.raises(TaskNotDoneError):
            resumed.resume_execution(
                "execute_complete", {"event": {"status": "success", "task_id": trigger.omnihuman_task_id}}, context
            )
        assert resumed.aigc_meta == trigger.aigc_meta
        again, _ = deferred(video(), state, dag_file=folder / "dag.py")  # a retry, which finds the job
        assert again.aigc_meta == trigger.aigc_meta


def test_an_id_that_gets_too_long_is_told_before_the_render(present, folder, emulator):
    (folder / "presenters" / "anchor.yaml").write_text(CONTENT.replace("v1/", "v" * 200))
    with pytest.raises(AirflowFailException, match="aigc_meta.producer_id has 264 characters"):
        present()
    assert emulator.accepted() == 0


def test_a_decorated_function_may_leave_the_portrait_to_a_presenter(connections, folder, audio_url):
    def run(returned, **arguments):
        with DAG("a_dag", schedule=None):
            made = task.omnihuman(task_id="a_task", deferrable=True, **arguments)(lambda: returned)()
        return deferred(made.operator, TaskState(), dag_file=folder / "dag.py")[1]["ti"].xcoms["request"]

    by_decorator = run({"audio_url": audio_url, "seed": 8}, presenter="anchor")
    by_function = run({"audio_url": audio_url, "seed": 8, "presenter": "anchor"})
    assert by_decorator["presenter"] == by_function["presenter"] == "anchor"
    assert by_decorator["seed"] == 8
    assert by_decorator["fingerprint"] == by_function["fingerprint"]
    with pytest.raises(AirflowFailException, match="image_url is missing"):
        run({"audio_url": audio_url})


def test_a_presenter_speaks_and_the_speech_is_the_same_as_with_arguments(connections, context_of, emulator):
    def say(**arguments):
        return TextToSpeechOperator(task_id="speech", text="Good evening.", **arguments).execute(context_of())

    by_name = say(presenter="anchor")
    assert (by_name["engine"], by_name["voice"]) == ("doubao", "zh_male_m191_uranus_bigtts")
    assert say(engine="doubao", voice="zh_male_m191_uranus_bigtts", speech_rate=10)["bytes"] == by_name["bytes"]
    assert sum(emulator.state()["requests"]["speech"].values()) == 1, "it is not paid for again"


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"presenter": "anchor"}, ("doubao", "zh_male_m191_uranus_bigtts", 10)),
        ({"presenter": "anchor", "engine": "doubao", "voice": "v"}, ("doubao", "v", 10)),
        ({"presenter": "anchor", "speech_rate": 60, "voice": ""}, ("doubao", "zh_male_m191_uranus_bigtts", 60)),
        ({"presenter": "voice", "engine": "polly"}, ("polly", "zh_male_m191_uranus_bigtts", None)),
        ({"presenter": "guest"}, ("doubao", None, None)),
        ({}, ("doubao", None, None)),
        ({"presenter": "anchor", "engine": "local"}, ("local", None, None)),  # a voice belongs to its own engine
    ],
    ids=str,
)
def test_what_speech_takes_from_a_presenter(context_of, given, taken):
    operator = TextToSpeechOperator(task_id="speech", text="Good evening.", **given)
    operator.take_voice(context_of())
    assert (operator.engine, operator.voice, operator.speech_rate) == taken


@pytest.mark.parametrize("operator", [OmniHumanSubjectDetectionOperator, OmniHumanSubjectRecognitionOperator])
def test_a_presenters_portrait_is_looked_at(connections, context_of, operator):
    look = operator(task_id="look", presenter="guest")
    assert "X-Amz-Signature" in look._portrait(context_of())
    assert look.image_url.startswith(f"s3://{BUCKET}/omnihuman/portraits/")


def test_the_option_of_airflow_names_the_folder(context_of, folder, monkeypatch):
    monkeypatch.setenv("AIRFLOW__OMNIHUMAN__PRESENTERS_PATH", str(folder / "presenters"))
    elsewhere = {**context_of(), "dag": SimpleNamespace(fileloc="/nowhere/dag.py")}
    speech = TextToSpeechOperator(task_id="speech", text="x", presenter="anchor")
    assert speech.read_presenter(elsewhere).source == str(folder / "presenters" / "anchor.yaml")
