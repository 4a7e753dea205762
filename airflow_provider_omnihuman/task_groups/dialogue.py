"""Dialogues: a picture with several people and a script become one film in which each of them speaks in turn."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import TaskGroup, XComArg

from airflow_provider_omnihuman.operators.captions import CaptionsOperator
from airflow_provider_omnihuman.operators.dialogue import CastDialogueOperator
from airflow_provider_omnihuman.operators.join_videos import JoinVideosOperator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.task_groups.clips import RETRIED, avatar_clips, group_of, speech_of

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

__all__ = ["dialogue_video"]

_TIME_TO_CONFIRM = timedelta(hours=2)
_QUESTION = """The picture is behind the button "Who is who" of the task `CAST`. From left to right:

{% for one in ti.xcom_pull(task_ids='CAST', key='cast') %}
* {{ one.subject }} is **{{ one.speaker }}**, with {{ one.lines }} line(s)
{% endfor %}

Nothing is paid for yet. To change it, reject; give speakers their `subject`, counted from left to right; clear `CAST`.
"""


def dialogue_video(
    *,
    script: Any,
    image_url: str | XComArg | None = None,
    presenter: str | None = None,
    speakers: Mapping[str, Any] | None = None,
    prompt: str | None = None,
    seed: int | str | None = None,
    pause: float | str = 0.4,
    output_resolution: int | str | None = None,
    pe_fast_mode: bool | str | None = None,
    aigc_meta: Mapping[str, str] | str | None = None,
    s3_key: str | None = None,
    captions: Mapping[str, Any] | bool = False,
    confirm: timedelta | bool = False,
    pool: str | None = None,
    presenters_path: str | None = None,
    aws_conn_id: str = "aws_default",
    group_id: str = "dialogue",
    cast: Mapping[str, Any] | None = None,
    speech: Mapping[str, Any] | None = None,
    render: Mapping[str, Any] | None = None,
    archive: Mapping[str, Any] | None = None,
    join: Mapping[str, Any] | None = None,
) -> XComArg:
    """Make one video of a dialogue: tasks ``cast``, ``clips`` (mapped: speech, render, archive), ``join``.

    ``cast`` reads the script, finds who is in the picture, and draws a preview of who is who: what is wrong is told there,
    before anything is paid for. Then each line is one speech and one render with the speaker's mask, with a ledger entry of its
    own. Between two lines the picture is held, which costs nothing.

    All arguments may be templates, except those from ``captions`` on.

    :param script: who says what, as ``CastDialogueOperator`` takes it: a list, YAML or JSON, or a file of these
    :param image_url: the picture with all of them
    :param presenter: the name of a presenter's file: gives the picture, and what speakers and lines do not say
    :param speakers: ``{voice, engine, prompt, seed, presenter, subject}`` by name; ``subject`` is counted from left to right
    :param prompt: picture, movement and camera, for all lines without a prompt
    :param seed: for all lines without one; None: the presenter's, or else a fixed one
    :param pause: seconds between two lines, unless a line has its own
    :param output_resolution: 720 or 1080
    :param pe_fast_mode: faster, at the cost of quality
    :param aigc_meta: the label of the clips and of the film
    :param s3_key: where the film goes, as ``JoinVideosOperator``'s
    :param captions: put captions with the speakers' names beside the film, by a task ``captions``; or more arguments of
        ``CaptionsOperator``, such as ``{"soft_subtitles": True}``
    :param confirm: let a person look at the preview before anything is rendered; a timedelta is how long they have, after which
        the dialogue is rendered as it is; True: two hours
    :param pool: of the renders: with ``include_deferred``, it holds them within the account's limit
    :param presenters_path: where presenters are
    :param aws_conn_id: the connection to S3, of all tasks
    :param group_id: of the task group
    :param cast: more arguments of ``CastDialogueOperator``
    :param speech: more arguments of ``TextToSpeechOperator``
    :param render: more arguments of ``OmniHumanVideoOperator``
    :param archive: more arguments of ``OmniHumanToS3Operator``, for the clips
    :param join: more arguments of ``JoinVideosOperator``
    :return: the film's archive facts
    """
    shared: dict[str, Any] = {"aws_conn_id": aws_conn_id}
    folder = {"presenters_path": presenters_path}
    with TaskGroup(group_id):
        asked = {"script": script, "image_url": image_url, "presenter": presenter, "speakers": speakers, "prompt": prompt}
        asked |= {"seed": seed, "pause": pause, **RETRIED, **shared, **folder}
        said_by = {**shared, **folder, **({"timings": True} if captions else {}), **(speech or {})}
        # What else there is, such as a pool, says how the task is run.
        asked["speech"] = {name: value for name, value in said_by.items() if name in TextToSpeechOperator.template_fields}
        who = CastDialogueOperator(**{"task_id": "cast", **asked, **(cast or {})})
        look = {"output_resolution": output_resolution, "pe_fast_mode": pe_fast_mode, "aigc_meta": aigc_meta}
        clips = avatar_clips(
            who.output,
            speak=True,
            speech=said_by,
            render={**look, **shared, **folder, **({"pool": pool} if pool else {}), **(render or {})},
            archive={**shared, "emit_asset_event": False, **(archive or {})},
        )
        if confirm:
            asking = _confirmed(who, response_timeout=_TIME_TO_CONFIRM if confirm is True else confirm)
            who >> asking >> group_of(clips)
        said, pauses = speech_of(clips), XComArg(who, "pauses")
        film: dict[str, Any] = {"videos": clips, "durations": said, "soundtrack": said, "pause": pauses}
        film |= {"s3_key": s3_key, "aigc_meta": aigc_meta, **RETRIED, **shared}
        joined: XComArg = JoinVideosOperator(**{"task_id": "join", **film, **(join or {})}).output
        if captions is not False:
            told = {"video": joined, "lines": XComArg(who, "lines"), "spoken": said, "pauses": pauses, **RETRIED, **shared}
            CaptionsOperator(**{"task_id": "captions", **told, **({} if captions is True else captions)})
    return joined


def _confirmed(who: CastDialogueOperator, *, response_timeout: timedelta | None) -> BaseOperator:
    """Return the task that waits for a person's yes: whoever says nothing agrees, whoever says no stops the dialogue."""
    from airflow.providers.standard.operators.hitl import ApprovalOperator

    return ApprovalOperator(
        task_id="confirm",
        subject="Is everybody who they should be?",
        body=_QUESTION.replace("CAST", who.task_id),
        defaults=ApprovalOperator.APPROVE,
        response_timeout=response_timeout,
        fail_on_reject=True,  # what is skipped looks as if it were done
    )
