"""The speech engine that an operator names, made with its connection and settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.speech.errors import SpeechInputError

if TYPE_CHECKING:
    from airflow_provider_omnihuman.speech.protocol import SpeechEngine

__all__ = ["make_engine"]

# What each engine takes in engine_options, beside the operator's own arguments.
_ENGINE_OPTIONS = {
    "doubao": ("additions", "loudness_rate", "max_bytes", "resource_id"),
    "local": (),
    "polly": ("engine", "language_code"),
}
_ASKED_FOR_TIMINGS = ("doubao", "polly")
_ARGUMENTS = {"audio_format", "sample_rate", "speech_rate"}


def make_engine(
    engine: str | SpeechEngine,
    settings: Mapping[str, Any],
    *,
    timings: bool,
    speech_conn_id: str | None,
    aws_conn_id: str | None,
) -> SpeechEngine:
    """Return the engine, checked.

    :param engine: its name, or an object that is one
    :param settings: what was asked of it, by name
    :param timings: whether it shall tell when each word is said; for those that tell it where they are asked
    :param speech_conn_id: its connection; None for its own default
    :param aws_conn_id: of Amazon's services
    :raises SpeechInputError: there is no such engine, or it has no such option
    """
    if not isinstance(engine, str):
        if settings:
            raise SpeechInputError(
                f"{', '.join(map(str, settings))} cannot be set on an engine that is an object", advice="set it on that object"
            )
        return _checked(engine)
    makers: dict[str, Callable[..., SpeechEngine]] = {"doubao": _doubao, "local": _local, "polly": _polly}
    if engine not in makers:
        raise SpeechInputError(f"there is no speech engine {engine!r}", advice=f"use one of {', '.join(makers)}")
    unknown = settings.keys() - {*_ARGUMENTS, *_ENGINE_OPTIONS[engine]}
    if unknown:
        raise SpeechInputError(
            f"the {engine} engine has no option {', '.join(sorted(map(str, unknown)))}",
            advice=f"it has {', '.join(_ENGINE_OPTIONS[engine]) or 'none'}",
        )
    asked = {"timings": True} if timings and engine in _ASKED_FOR_TIMINGS else {}
    return makers[engine](speech_conn_id, aws_conn_id, **settings, **asked)


def _doubao(speech_conn_id: str | None, _aws_conn_id: str | None, **settings: Any) -> SpeechEngine:
    from airflow_provider_omnihuman.hooks.doubao_speech import DoubaoSpeechHook

    return DoubaoSpeechHook(speech_conn_id or DoubaoSpeechHook.default_conn_name).engine(**settings)


def _polly(speech_conn_id: str | None, aws_conn_id: str | None, **settings: Any) -> SpeechEngine:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    from airflow_provider_omnihuman.speech.polly import PollySpeechEngine

    hook = AwsBaseHook(speech_conn_id or aws_conn_id, client_type="polly")
    return PollySpeechEngine(client=hook.get_conn(), **settings)


def _local(_speech_conn_id: str | None, _aws_conn_id: str | None, **settings: Any) -> SpeechEngine:
    from airflow_provider_omnihuman.speech.local import LocalSpeechEngine

    return LocalSpeechEngine(**settings)


def _checked(engine: Any) -> SpeechEngine:
    """Return an engine of the author's own, if it has what is asked of engines."""
    lacking = [name for name in ("name", "default_voice", "text_limit", "synthesize") if not hasattr(engine, name)]
    if lacking:
        raise SpeechInputError(
            f"engine is {shown(engine)}, which lacks {', '.join(lacking)}",
            advice=f"use one of {', '.join(_ENGINE_OPTIONS)}, or an object with the methods of SpeechEngine",
        )
    checked: SpeechEngine = engine
    return checked
