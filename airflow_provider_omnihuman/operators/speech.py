"""Turn a text into speech in S3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.links.s3_objects import LinkedObjects, SpokenAudioLink
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import integer, optional_text
from airflow_provider_omnihuman.speech.errors import SpeechInputError

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context

    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.speech.protocol import AudioFormat, SpeechEngine, SpokenAudio

__all__ = ["TextToSpeechOperator"]


class TextToSpeechOperator(BaseOperator):
    """Speak a text and put the audio into S3.

    XCom: the return value is ``{uri, seconds, format, bytes, engine, voice, characters}``.

    :param text: what to say; each engine has a limit, which is told before anything is sent (templated)
    :param engine: ``doubao`` (Volcengine), ``polly`` (Amazon), ``local`` (espeak-ng, for demos and tests: extra
        ``speech-local``), or an object with the methods of :class:`SpeechEngine` (templated)
    :param voice: who speaks, by the engine's own name; by default a voice that the engine has for sure (templated)
    :param speech_conn_id: the connection of the engine: ``doubao_speech_default`` for Doubao, ``aws_conn_id`` for Polly, none
        for the local one (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :param s3_key: a key, a whole ``s3://`` URL, or a prefix ending in ``/``; by default
        ``omnihuman/<dag_id>/<run_id>/<task_id>[/<map_index>]/speech.<format>`` (templated)
    :param s3_bucket: the bucket; by default the one in ``s3_key``, or in the connection's ``service_config`` (templated)
    :param replace: write over an object that is there already
    :param reuse_spoken: take the audio of an earlier run where text, voice and settings are the same: engines give other bytes
        each time, which would be another video, paid for again. Kept in the same bucket, under ``omnihuman/index/speech/``
    :param audio_format: ``mp3`` by default; OmniHuman takes mp3 and wav for sure (templated)
    :param sample_rate: in Hz; the engine's own by default (templated)
    :param speech_rate: percent of change to the normal speed, −50 to 100 (templated)
    :param engine_options: what only this engine has. Doubao: ``resource_id``, ``loudness_rate``, ``additions``,
        ``max_bytes``. Polly: ``engine``, ``language_code`` (templated)
    :raises AirflowFailException: what no retry mends: a text over the limit, an unknown voice, refused keys
    :raises SpeechError: what a retry may mend, such as a limit of concurrency
    """

    template_fields: Sequence[str] = (
        "text",
        "engine",
        "voice",
        "speech_conn_id",
        "aws_conn_id",
        "s3_key",
        "s3_bucket",
        "audio_format",
        "sample_rate",
        "speech_rate",
        "engine_options",
    )
    template_fields_renderers = {"text": "txt", "engine_options": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#ffe8cc"
    operator_extra_links = (SpokenAudioLink(),)
    linked: LinkedObjects | None = None
    """What the link leads to."""

    def __init__(
        self,
        *,
        text: str,
        engine: str | SpeechEngine = "doubao",
        voice: str | None = None,
        speech_conn_id: str | None = None,
        aws_conn_id: str | None = "aws_default",
        s3_key: str | None = None,
        s3_bucket: str | None = None,
        replace: bool = True,
        reuse_spoken: bool = True,
        audio_format: str | None = None,
        sample_rate: int | str | None = None,
        speech_rate: int | str | None = None,
        engine_options: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.text = text
        self.engine = engine
        self.voice = voice
        self.speech_conn_id = speech_conn_id
        self.aws_conn_id = aws_conn_id
        self.s3_key = s3_key
        self.s3_bucket = s3_bucket
        self.replace = replace
        self.reuse_spoken = reuse_spoken
        self.audio_format = audio_format
        self.sample_rate = sample_rate
        self.speech_rate = speech_rate
        self.engine_options = engine_options

    def execute(self, context: Context) -> dict[str, Any]:
        """Speak, upload; return where and how long."""
        from airflow_provider_omnihuman.archive.spoken import keep_spoken, spoken_before

        with raising_airflow_errors():
            engine = self._engine()
            if not isinstance(self.text, str):
                raise SpeechInputError(f"text is a {type(self.text).__name__}, not text")
            engine.text_limit.check(self.text, engine=engine.name)
            voice = optional_text(self.voice, field="voice") or engine.default_voice
            # The place comes first: what is wrong with it is told before the speech is paid for.
            stored_as = self._stored_as(engine)
            hook, place = self._place(context, stored_as)
            spoken: dict[str, Any] = {"place": place, "stored_as": stored_as, "engine": engine.name, "voice": voice}
            kept = self._kept(place, stored_as, engine=engine, voice=voice)
            if kept and (before := spoken_before(hook, kept, place, content_type=stored_as.content_type)):
                self.log.info("Not spoken again: the same text is in S3 since an earlier run (%s)", kept.uri)
                self._link(hook, place)
                return self._facts(*before, **spoken)
            audio = engine.synthesize(self.text, voice=voice)
            self._upload(hook, place, audio)
            self._link(hook, place)
            if kept:
                keep_spoken(hook, place, kept, seconds=audio.duration_s, content_type=stored_as.content_type)
            return self._facts(audio.duration_s, len(audio.data), **spoken)

    def _stored_as(self, engine: SpeechEngine) -> AudioFormat:
        from airflow_provider_omnihuman.speech.protocol import AudioFormat

        audio_format = getattr(engine, "audio_format", AudioFormat.MP3)
        if audio_format not in list(AudioFormat):
            raise SpeechInputError(
                f"audio_format of the engine is {shown(audio_format)}", advice=f"use one of {', '.join(AudioFormat)}"
            )
        return AudioFormat(audio_format)

    def _kept(self, place: S3Location, stored_as: AudioFormat, *, engine: SpeechEngine, voice: str) -> S3Location | None:
        """Return where the same speech would be kept; None where it is not wanted, or where nobody knows what an engine does."""
        from airflow_provider_omnihuman.archive.spoken import spoken_location

        if not self.reuse_spoken or not isinstance(self.engine, str):
            return None
        what = {**self._settings(), "text": self.text, "engine": self.engine, "voice": voice, "conn": self.speech_conn_id}
        # What an emulator spoke is no speech of the live service.
        what |= {name: getattr(engine, name, None) for name in ("endpoint", "resource_id")}
        return spoken_location(place, what, extension=stored_as.extension)

    def _engine(self, **changes: Any) -> SpeechEngine:
        from airflow_provider_omnihuman.operators.speech_engines import make_engine

        settings = self._settings() | changes
        return make_engine(self.engine, settings, speech_conn_id=self.speech_conn_id, aws_conn_id=self.aws_conn_id)

    def _settings(self) -> dict[str, Any]:
        """Return what was asked of the engine; what was not is left to it."""
        options = self.engine_options or {}
        if not isinstance(options, Mapping):
            raise SpeechInputError(f"engine_options is a {type(options).__name__}, not a mapping")
        rates = {"sample_rate": self.sample_rate, "speech_rate": self.speech_rate}
        given = {name: integer(value, field=name) for name, value in rates.items() if value is not None and value != ""}
        audio_format = optional_text(self.audio_format, field="audio_format")
        return {**options, **given, **({"audio_format": audio_format} if audio_format else {})}

    def _place(self, context: Context, stored_as: AudioFormat) -> tuple[S3Hook, S3Location]:
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from airflow_provider_omnihuman.archive.location import locate
        from airflow_provider_omnihuman.operators.destination import check_bucket

        hook = S3Hook(self.aws_conn_id, extra_args={"ContentType": stored_as.content_type})
        place = locate(
            hook,
            bucket=optional_text(self.s3_bucket, field="s3_bucket"),
            key=optional_text(self.s3_key, field="s3_key"),
            context=context,
            filename=f"speech.{stored_as.extension}",
        )
        check_bucket(hook, place)
        if not self.replace and hook.check_for_key(place.key, place.bucket):
            raise SpeechInputError(f"{place.uri} exists already", advice="set replace=True, or another s3_key")
        return hook, place

    def _link(self, hook: S3Hook, place: S3Location) -> None:
        self.linked = LinkedObjects(hook=hook, uris={"audio": place.uri})

    def _upload(self, hook: S3Hook, place: S3Location, audio: SpokenAudio) -> None:
        from airflow_provider_omnihuman.api.models import MAX_AUDIO_S

        hook.load_bytes(audio.data, place.key, place.bucket, replace=self.replace)
        self.log.info("%s: %.1f s of speech, %d bytes", place.uri, audio.duration_s, len(audio.data))
        if audio.duration_s >= MAX_AUDIO_S:
            self.log.warning(
                "OmniHuman refuses audio of %d s and more, and this one has %.1f s: split the text",
                MAX_AUDIO_S,
                audio.duration_s,
            )

    def _facts(
        self, seconds: float, size: int, *, place: S3Location, stored_as: AudioFormat, engine: str, voice: str
    ) -> dict[str, Any]:
        return {
            "uri": place.uri,
            "seconds": round(seconds, 3),
            "format": stored_as.value,
            "bytes": size,
            "engine": engine,
            "voice": voice,
            "characters": len(self.text),
        }
