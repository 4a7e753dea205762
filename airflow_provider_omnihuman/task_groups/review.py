"""A video that a person has said yes to: rendered, shown, rendered again with the note of a no, and published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import TriggerRule, XComArg, task_group

from airflow_provider_omnihuman.operators.check import OmniHumanVideoCheckOperator
from airflow_provider_omnihuman.operators.publish import PublishVideoOperator
from airflow_provider_omnihuman.operators.still_video import StillVideoOperator
from airflow_provider_omnihuman.task_groups.clips import RETRIED, avatar_clip

if TYPE_CHECKING:
    from airflow_provider_omnihuman.operators.review import VideoReviewOperator

__all__ = ["reviewed_video"]

_PICTURED = ("image_url", "mask_url", "presenter")
"""Of the row, what every round takes over."""
_OF_THE_FIRST = ("prompt", "seed")
"""Of the render's arguments, what a further round has of its own: given to it too, it would be the rejected video once more."""
_ANOTHER = "has another one rendered, with your note in its prompt"
_CHECK = {"on_failure": "warn", "retries": 2, "retry_delay": timedelta(minutes=1)}
_PUBLISH = {"retries": 3, "retry_delay": timedelta(minutes=1)}
_STILL = "shows you a still picture with the same speech in its place"


def reviewed_video(
    row: Mapping[str, Any],
    *,
    group_id: str = "reviewed",
    rounds: int = 2,
    default: str = "reject",
    response_timeout: timedelta | None = timedelta(hours=4),
    on_rejected: str = "skip",
    fallback: Mapping[str, Any] | None = None,
    speech: Mapping[str, Any] | None = None,
    render: Mapping[str, Any] | None = None,
    archive: Mapping[str, Any] | None = None,
    check: Mapping[str, Any] | bool = True,
    review: Mapping[str, Any] | None = None,
    publish: Mapping[str, Any] | None = None,
) -> XComArg:
    """Render a video, ask a person, publish what was approved; what was rejected is rendered again, with the note.

    Tasks of a round: ``round_1.speech`` (where the row has a text; it is spoken once, for all rounds), ``round_1.render``,
    ``round_1.archive``, ``check_1``, ``review_1``; at the end ``publish``. Each round's render is paid for, ``rounds`` of them
    at most, and each only once, whatever is retried or cleared, as long as the note is the same. Another round has another seed,
    and the note in its prompt.

    Where nobody answers within ``response_timeout``, ``default`` applies; where that is a no, nothing more is rendered. Only what
    is published is told to other Dags, as an event on ``omnihuman_published``: nobody hears of a video that waits for its yes.

    :param row: what to render, as one of ``avatar_clips``: ``text`` or ``audio_url``, ``presenter`` or ``image_url``, and so on
    :param group_id: of the task group
    :param rounds: how many videos are rendered at most
    :param default: ``"approve"`` or ``"reject"``: the answer where nobody gives one
    :param response_timeout: how long to wait for an answer, in each round; None waits for ever
    :param on_rejected: after the last no: ``"skip"`` publishing, or ``"fail"`` the review
    :param fallback: arguments of ``StillVideoOperator``, such as ``image_url``: where a round fails, or a person rejects the last
        one, a film of this picture with the same speech is made, at no cost, and shown for review in its place
    :param speech: arguments of ``TextToSpeechOperator``
    :param render: of ``OmniHumanVideoOperator``, such as ``pool``; a ``prompt`` and a ``seed`` are those of the first round
    :param archive: of ``OmniHumanToS3Operator``
    :param check: of ``OmniHumanVideoCheckOperator``; by default it only warns, and the reviewer sees what it found; False for
        none
    :param review: of ``VideoReviewOperator``: ``notifiers``, ``assigned_users``, ``sign_links``, …
    :param publish: of ``PublishVideoOperator``: ``prefix``, ``name``, ``base_url``, …
    :return: what ``publish`` returns: the facts of the published video
    :raises ValueError: ``rounds`` is no positive number, or the row lacks what it needs
    """
    if rounds < 1:
        raise ValueError(f"rounds must be 1 or more, not {rounds}")
    # A question that cannot be put, or whose answer cannot be taken, is asked once more.
    asking = {"text": row.get("text"), "default": default, "response_timeout": response_timeout, "on_rejected": on_rejected}
    asking = {**RETRIED, **asking, **(review or {})}
    checking = None if check is False else {**_CHECK, **(check if isinstance(check, Mapping) else {})}
    making: dict[str, Any] = {"render": dict(render or {}), "archive": {"emit_asset_event": False, **(archive or {})}}
    again_making = {**making, "render": {name: value for name, value in making["render"].items() if name not in _OF_THE_FIRST}}

    @task_group(group_id=group_id)
    def reviewed() -> Any:
        made = avatar_clip(row, speak=row.get("text") is not None, group_id="round_1", speech=speech, **making)
        audio = row.get("audio_url") or f"{{{{ ti.xcom_pull(task_ids='{_group_of(made)}.speech')['uri'] }}}}"
        questions = [_question(made, 1, checking=checking, asking=asking)]
        for number in range(2, rounds + 1):
            again = _another(row, audio, after=questions[-1])
            made = avatar_clip(again, speak=False, group_id=f"round_{number}", **again_making)
            questions[-1].rejected, questions[-1].rejected_means = _group_of(made), _ANOTHER
            questions.append(_question(made, number, checking=checking, asking=asking))
        if fallback is not None:
            questions.append(
                _fallback(questions, {"presenter": row.get("presenter"), "audio_url": audio, **fallback}, asking=asking)
            )
        return _published(questions, has_fallback=fallback is not None, publish=publish)

    published: Any = reviewed()
    result: XComArg = published
    return result


def _group_of(made: XComArg) -> str:
    """Return the id of the task group that a clip was made in."""
    archive: Any = made.operator  # type: ignore[attr-defined]  # of the output of one task
    return str(archive.task_id).rpartition(".")[0]


def _question(
    made: XComArg, number: int | str, *, asking: Mapping[str, Any], checking: Mapping[str, Any] | None = None
) -> VideoReviewOperator:
    """Ask about a video, once it is checked: what was found is in its manifest, from where the question has it."""
    from airflow_provider_omnihuman.operators.review import VideoReviewOperator

    question = VideoReviewOperator(**{"task_id": f"review_{number}", "video": made, **asking})
    if checking is not None:
        OmniHumanVideoCheckOperator(**{"task_id": f"check_{number}", "video": made, **checking}) >> question
    return question


def _another(row: Mapping[str, Any], audio: Any, *, after: VideoReviewOperator) -> dict[str, Any]:
    """Return the row of a further round: the same speech and picture, with another seed, and the note in the prompt."""
    shown = {name: row[name] for name in _PICTURED if row.get(name) is not None}
    return {**shown, "audio_url": audio, "prompt": XComArg(after, "next_prompt"), "seed": XComArg(after, "next_seed")}


def _fallback(
    questions: list[VideoReviewOperator], arguments: Mapping[str, Any], *, asking: Mapping[str, Any]
) -> VideoReviewOperator:
    """Put the still picture, and the question about it, after all others."""
    # Whatever came before: a yes skips it itself, and a no by default skips it, too.
    still = StillVideoOperator(**{"task_id": "still", "trigger_rule": TriggerRule.ALL_DONE, **arguments})
    questions >> still
    questions[-1].rejected, questions[-1].rejected_means = still.task_id, _STILL
    return _question(still.output, "still", asking=asking)


def _published(questions: list[VideoReviewOperator], *, has_fallback: bool, publish: Mapping[str, Any] | None) -> XComArg:
    # Rounds that were skipped are no obstacle; one that failed is none where something else is shown in its place. (What is
    # called "all done, at least one success" skips as soon as anything was skipped.)
    rule = TriggerRule.ALL_DONE if has_fallback else TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS
    asked = {"video": [question.output for question in questions], "reviews": [question.task_id for question in questions]}
    publishing = PublishVideoOperator(**{"task_id": "publish", **asked, "trigger_rule": rule, **_PUBLISH, **(publish or {})})
    for question in questions:
        question.approved = publishing.task_id
    return publishing.output
