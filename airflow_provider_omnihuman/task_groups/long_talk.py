"""Talks of any length: spoken, cut in their pauses, rendered piece by piece, joined to one film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import TaskGroup, task

from airflow_provider_omnihuman.operators.captions import CaptionsOperator
from airflow_provider_omnihuman.operators.join_videos import JoinVideosOperator
from airflow_provider_omnihuman.operators.parameters import is_nothing
from airflow_provider_omnihuman.operators.presenter_seed import PresenterSeedOperator
from airflow_provider_omnihuman.operators.speech import TextToSpeechOperator
from airflow_provider_omnihuman.operators.split_audio import SplitAudioOperator
from airflow_provider_omnihuman.presenters.presenter import DEFAULT_SEED
from airflow_provider_omnihuman.task_groups.clips import RETRIED, avatar_clips

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, XComArg

__all__ = ["long_talk_video"]

_SOUNDTRACKS = ("original", "pieces")


def long_talk_video(
    *,
    text: str | XComArg | None = None,
    audio_url: str | XComArg | None = None,
    presenter: str | None = None,
    image_url: str | XComArg | None = None,
    mask_url: Sequence[str] | str | XComArg | None = None,
    voice: str | None = None,
    engine: str | None = None,
    prompt: str | None = None,
    seed: int | str | XComArg | None = None,
    output_resolution: int | str | None = None,
    pe_fast_mode: bool | str | None = None,
    aigc_meta: Mapping[str, str] | str | None = None,
    longest_s: float | str = 59,
    soundtrack: str = "original",
    captions: Mapping[str, Any] | bool = False,
    s3_key: str | None = None,
    pool: str | None = None,
    presenters_path: str | None = None,
    aws_conn_id: str = "aws_default",
    group_id: str = "long_talk",
    speech: Mapping[str, Any] | None = None,
    split: Mapping[str, Any] | None = None,
    render: Mapping[str, Any] | None = None,
    archive: Mapping[str, Any] | None = None,
    join: Mapping[str, Any] | None = None,
) -> XComArg:
    """Make one video of a talk of any length: tasks ``speech``, ``split``, ``clips`` (mapped: render, archive), ``join``.

    The pieces are cut in the talk's pauses, and share picture, prompt and seed. Each has its own ledger entry: a failed one that
    is cleared is rendered alone. A talk under a minute is one piece.

    All arguments may be templates, except those of the second half.

    :param text: what is said, of any length
    :param audio_url: in place of it, an audio of any length, ``s3://`` or http(s). Where both are given, the audio is taken
        unless it renders to nothing, and the text is not spoken, then
    :param presenter: the name of a presenter's file: fills what is not given here
    :param image_url: the portrait
    :param mask_url: who in it speaks
    :param voice: by the engine's own name
    :param engine: of the speech
    :param prompt: picture, movement and camera, for all pieces
    :param seed: for all pieces; where it is none, or renders to nothing, the presenter's, or else a fixed one; never a random one
        for each piece
    :param output_resolution: 720 or 1080
    :param pe_fast_mode: faster, at the cost of quality
    :param aigc_meta: the label of the pieces and of the film
    :param longest_s: no piece is longer: 15 to 59 seconds. Short ones are the steadiest
    :param s3_key: where the film goes, as ``JoinVideosOperator``'s
    :param soundtrack: ``"original"``, the talk's own audio, in which no joint can be heard; or ``"pieces"``, the pieces' sound as
        the service delivers it
    :param captions: put captions of the text beside the film, by a task ``captions``; or more arguments of ``CaptionsOperator``
    :param pool: of the renders: with ``include_deferred``, it holds them within the account's limit
    :param presenters_path: where presenters are
    :param aws_conn_id: the connection to S3, of all tasks
    :param group_id: of the task group
    :param speech: more arguments of ``TextToSpeechOperator``
    :param split: more arguments of ``SplitAudioOperator``
    :param render: more arguments of ``OmniHumanVideoOperator``
    :param archive: more arguments of ``OmniHumanToS3Operator``, for the pieces
    :param join: more arguments of ``JoinVideosOperator``
    :return: the film's archive facts
    :raises ValueError: there is nothing to say, or no such soundtrack
    """
    if text is None and audio_url is None:
        raise ValueError("long_talk_video needs a text or an audio_url")
    if captions is not False and (text is None or audio_url is not None):
        raise ValueError("captions are made of the text, which must be what is said: give a text, and no audio_url")
    if soundtrack not in _SOUNDTRACKS:
        raise ValueError(f"soundtrack must be one of {', '.join(_SOUNDTRACKS)}, not {soundtrack!r}")
    shared = {"aws_conn_id": aws_conn_id}
    who = {**shared, "presenter": presenter, "presenters_path": presenters_path}
    with TaskGroup(group_id):
        said: dict[str, Any] = {"task_id": "speech", "text": text, "split_text": True, "voice": voice, "engine": engine, **who}
        said |= {"timings": True} if captions is not False else {}
        spoken = None if text is None else TextToSpeechOperator(**{**said, **RETRIED, **(speech or {})})
        audio = _audio_of(spoken, audio_url)
        cutting = {"task_id": "split", "audio_url": audio, "longest_s": longest_s, **RETRIED, **shared}
        cut = SplitAudioOperator(**{**cutting, **(split or {})})
        if spoken:
            spoken >> cut
            _speak_only_without(audio_url, spoken, cut)
        look: dict[str, Any] = {
            "image_url": image_url,
            "mask_url": mask_url,
            "prompt": prompt,
            "output_resolution": output_resolution,
        }
        look |= {"pe_fast_mode": pe_fast_mode, "aigc_meta": aigc_meta, **({"pool": pool} if pool else {})}
        if seed is None and presenter is None:
            seed = DEFAULT_SEED
        elif not isinstance(seed, int) or seed < 0:  # what a template renders to, only the run knows: to nothing, perhaps
            seed = PresenterSeedOperator(task_id="seed", seed=seed, **RETRIED, **who).output
        clips = avatar_clips(
            cut.output.map(_row),
            speak=False,
            render={**look, **who, "seed": seed, **(render or {})},
            archive={**shared, "emit_asset_event": False, **(archive or {})},
        )
        film: dict[str, Any] = {"videos": clips, "durations": cut.output, "s3_key": s3_key, "aigc_meta": aigc_meta}
        film |= {"soundtrack": audio if soundtrack == "original" else None, **RETRIED, **shared}
        joined: XComArg = JoinVideosOperator(**{"task_id": "join", **film, **(join or {})}).output
        if captions is not False and spoken:
            told = {"video": joined, "text": text, "spoken": spoken.output, **RETRIED, **shared}
            CaptionsOperator(**{"task_id": "captions", **told, **({} if captions is True else captions)})
    return joined


def _audio_of(spoken: BaseOperator | None, audio_url: Any) -> Any:
    """Return where the talk is heard: in the audio that was given, or else in the one that was spoken."""
    if spoken is None:
        return audio_url
    if audio_url is not None and not isinstance(audio_url, str):
        raise TypeError("with a text, audio_url must be a URL or a template: give one of them as a task's output")
    uri = f"(ti.xcom_pull(task_ids='{spoken.task_id}') or {{}}).get('uri', '')"
    if audio_url is None:
        return f"{{{{ {uri} }}}}"
    # "None" is what a template makes of a param that is not set.
    is_given = "given | trim | lower not in ('', 'none', 'null')"
    return f"{{% set given %}}{audio_url}{{% endset %}}{{{{ given if {is_given} else {uri} }}}}"


def _speak_only_without(audio_url: Any, spoken: BaseOperator, cut: BaseOperator) -> None:
    """Skip the speech where an audio is given after all, which only the run knows."""
    if audio_url is None:
        return

    @task.short_circuit(task_id="without_audio", ignore_downstream_trigger_rules=False)
    def without_audio(given: str | None) -> bool:
        """Whether the text must be spoken."""
        return is_nothing(given)

    without_audio(audio_url) >> spoken
    cut.trigger_rule = "none_failed"  # type: ignore[assignment]  # skipped is not failed


def _row(piece: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a piece's clip. A function of the module: Airflow keeps its source."""
    start_s, end_s = piece["start_s"], piece["start_s"] + piece["duration_s"]
    return {
        "audio_url": piece["uri"],
        "name": f"{start_s // 60:02.0f}:{start_s % 60:02.0f} to {end_s // 60:02.0f}:{end_s % 60:02.0f}",
    }
