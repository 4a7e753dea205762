"""The building block of films: clips that are spoken, rendered and archived, each on its own, as many as there are rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException
from airflow.sdk import XComArg, task_group

from airflow_provider_omnihuman.operators.archive import OmniHumanToS3Operator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.video import OmniHumanVideoOperator

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, TaskGroup

__all__ = ["CLIP_FIELDS", "RETRIED", "avatar_clip", "avatar_clips", "group_of", "speech_of"]

_SPOKEN = ("text", "voice", "engine")
_RENDERED = ("image_url", "mask_url", "prompt", "seed")
CLIP_FIELDS = (*_SPOKEN, "audio_url", *_RENDERED, "presenter", "name")
"""What a row may have; what it has not, or has as None, is not given. ``name`` is what the UI shows of the clip."""

_LONGEST_NAME = 60
_NAMED = "{{ '%02d' % (ti.map_index + 1) }} {{ task.clip_name }}"

RETRIED: Mapping[str, Any] = {"retries": 2, "retry_delay": timedelta(minutes=1)}
"""A retry pays nothing twice: speech is kept, the ledger knows the job, the archive asks for the same video again."""
# Else the weight of the archive would let this Dag's renders overtake others in the pool.
_RENDER = {**RETRIED, "deferrable": True, "weight_rule": "absolute"}
# Before anything else: the video's URL lives for an hour, its task for twelve.
_ARCHIVE = {**RETRIED, "retries": 3, "priority_weight": 100}


def avatar_clips(
    rows: XComArg | Sequence[Mapping[str, Any]],
    *,
    speak: bool,
    group_id: str = "clips",
    render: Mapping[str, Any] | None = None,
    speech: Mapping[str, Any] | None = None,
    archive: Mapping[str, Any] | None = None,
) -> XComArg:
    """Make one archived clip of each row, by a mapped task group of the tasks ``speech`` (if ``speak``), ``render``, ``archive``.

    Each row goes its own way: it is archived as soon as it is rendered, a bad one fails alone, and each render has its own
    ledger entry, so a failed one that is cleared is rendered alone.

    :param rows: mappings with the fields of ``CLIP_FIELDS``: a list, or a task's output. Values are taken as they are: no
        template in them is rendered
    :param speak: rows have a ``text``, which is spoken first (with their ``voice`` and ``engine``); else an ``audio_url``
    :param group_id: of the task group
    :param render: arguments of ``OmniHumanVideoOperator`` that are the same for all rows, such as ``pool`` and
        ``output_resolution``. A field that is given here is not looked for in the rows; it may be a template
    :param speech: arguments of ``TextToSpeechOperator``, likewise
    :param archive: arguments of ``OmniHumanToS3Operator``, likewise
    :return: what the archive tasks return, in the order of the rows: a list of archive facts. In a task that runs although a
        clip failed, that one is missing from it; and where there is one row only, Airflow 3.3 gives its facts without a list
    :raises ValueError: a row of a list has a field that is none, or lacks what it needs
    """
    complete = _speaking_row if speak else _given_row
    clip: Any = task_group(group_id=group_id)(_clip_of(_named, speak=speak, render=render, speech=speech, archive=archive))
    mapped: XComArg = clip.expand_kwargs(
        rows.map(complete) if isinstance(rows, XComArg) else [_at_parse_time(complete, row) for row in rows]
    )
    return mapped


def avatar_clip(
    row: Mapping[str, Any],
    *,
    speak: bool,
    group_id: str = "clip",
    render: Mapping[str, Any] | None = None,
    speech: Mapping[str, Any] | None = None,
    archive: Mapping[str, Any] | None = None,
) -> XComArg:
    """Make one archived clip, by the same tasks, not mapped.

    :param row: as one of :func:`avatar_clips`; its values may be templates and outputs of tasks
    :param speak: as there, like all others
    :return: the archive facts
    :raises ValueError: the row has a field that is none, or lacks what it needs
    """
    clip: Any = task_group(group_id=group_id)(_clip_of(_unnamed, speak=speak, render=render, speech=speech, archive=archive))
    made: XComArg = clip(**_at_parse_time(_speaking_row if speak else _given_row, row))
    return made


def group_of(clips: XComArg) -> TaskGroup:
    """Return the task group that the clips are made in, to say what comes before it.

    :param clips: of :func:`avatar_clips`, or :func:`avatar_clip`
    """
    (archive, _), *_ = clips.iter_references()
    assert archive.task_group is not None
    return archive.task_group


def speech_of(clips: XComArg) -> XComArg:
    """Return what the speech tasks return, in the order of the rows.

    :param clips: of :func:`avatar_clips`, with ``speak``
    """
    group = group_of(clips)
    speech: Any = group.children[group.child_id("speech")]
    spoken: XComArg = XComArg(speech)
    return spoken


def _clip_of(
    named: Callable[[BaseOperator, Any], BaseOperator],
    *,
    speak: bool,
    render: Mapping[str, Any] | None,
    speech: Mapping[str, Any] | None,
    archive: Mapping[str, Any] | None,
) -> Callable[..., Any]:
    # Its arguments are CLIP_FIELDS: Airflow makes a stand-in for each of them.
    def clip(
        *,
        text: Any,
        voice: Any,
        engine: Any,
        audio_url: Any,
        image_url: Any,
        mask_url: Any,
        prompt: Any,
        seed: Any,
        presenter: Any,
        name: Any,
    ) -> Any:
        """One clip: spoken, rendered and archived on its own."""
        shown = {"image_url": image_url, "mask_url": mask_url, "prompt": prompt, "seed": seed}
        spoken: BaseOperator | None = None
        if speak:
            said = {"text": text, "voice": voice, "engine": engine, "presenter": presenter}
            spoken = named(TextToSpeechOperator(**{"task_id": "speech", **said, **RETRIED, **(speech or {})}), name)
            # By the map index, which is −1 where nothing is mapped; a mapping's value cannot be picked without a template.
            audio_url = f"{{{{ ti.xcom_pull(task_ids='{spoken.task_id}', map_indexes=ti.map_index)['uri'] }}}}"
        asked = {"audio_url": audio_url, "presenter": presenter, **shown}
        video = named(OmniHumanVideoOperator(**{"task_id": "render", **asked, **_RENDER, **(render or {})}), name)
        if spoken:
            spoken >> video
        delivered = {"omnihuman_task_id": XComArg(video, "task_id"), "request": XComArg(video, "request")}
        return named(OmniHumanToS3Operator(**{"task_id": "archive", **delivered, **_ARCHIVE, **(archive or {})}), name).output

    return clip


def _named(operator: BaseOperator, name: Any) -> BaseOperator:
    """Let the UI show the clip's name in place of its index."""
    # A field of this one task: its template can only be rendered from what the task has.
    operator.template_fields = (*operator.template_fields, "clip_name")
    operator.clip_name = name
    operator.map_index_template = _NAMED
    return operator


def _unnamed(operator: BaseOperator, name: Any) -> BaseOperator:  # noqa: ARG001 - has no index, and so no name for it
    return operator


def _speaking_row(row: Any) -> dict[str, Any]:
    """Return a row whose text is to be spoken, with all fields. A function of the module: Airflow keeps its source."""
    return _complete(row, needed="text", without=("audio_url",))


def _given_row(row: Any) -> dict[str, Any]:
    """Return a row whose audio is there, with all fields."""
    return _complete(row, needed="audio_url", without=_SPOKEN)


def _complete(row: Any, *, needed: str, without: Sequence[str]) -> dict[str, Any]:
    """Return the row with all fields, as the stand-ins look each of them up.

    :raises AirflowFailException: says what is wrong with it
    """
    if not isinstance(row, Mapping):
        raise AirflowFailException(f"a clip's row must be a mapping, not {type(row).__name__}")
    if unknown := sorted(set(map(str, row)) - set(CLIP_FIELDS)):
        raise AirflowFailException(f"a clip's row has no field {', '.join(unknown)}; it has {', '.join(CLIP_FIELDS)}")
    if row.get(needed) is None:
        raise AirflowFailException(f"the clip's row has no {needed}")
    if surplus := [field for field in without if row.get(field) is not None]:
        raise AirflowFailException(f"the clip's row has {needed}, and so must not have {', '.join(surplus)}")
    name = row.get("name") or (row[needed] if isinstance(row[needed], str) else "")
    return {**dict.fromkeys(CLIP_FIELDS), **row, "name": _short(name.rpartition("/")[2] if needed == "audio_url" else name)}


def _short(name: str) -> str:
    line = " ".join(name.split())
    return line if len(line) <= _LONGEST_NAME else line[: _LONGEST_NAME - 1].rstrip() + "…"


def _at_parse_time(complete: Callable[[Any], dict[str, Any]], row: Any) -> dict[str, Any]:
    try:
        return complete(row)
    except AirflowFailException as error:
        raise ValueError(str(error)) from error
