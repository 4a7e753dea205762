"""Turn a text into speech in S3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.links.s3_objects import LinkedObjects, SpokenAudioLink
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import flag, integer, optional_text
from airflow_provider_omnihuman.operators.presenting import PresentedOperator
from airflow_provider_omnihuman.speech.errors import SpeechInputError

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context

    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.archive.spoken import Spoken
    from airflow_provider_omnihuman.operators.speaking import Speaking
    from airflow_provider_omnihuman.speech.protocol import AudioFormat, SpeechEngine

__all__ = ["TextToSpeechOperator"]

_LOSSLESS = {"doubao": "pcm", "local": "wav"}


class TextToSpeechOperator(PresentedOperator):
    """Speak a text and put the audio into S3.

    XCom: the return value is ``{uri, seconds, format, bytes, engine, voice, characters, pieces, timings_uri}``: ``pieces`` is how
    many calls of the engine it is made of; ``timings_uri`` has the times of the words, None where the engine does not tell them.

    :param text: what to say; each engine has a limit, which is told before anything is sent (templated)
    :param split_text: speak a text over the engine's limit piece by piece, cut between sentences, and join the pieces: as WAV,
        unless ``audio_format`` says otherwise. Each piece is kept as soon as it is spoken (see ``reuse_spoken``), so that a crash
        in the middle pays for nothing twice (templated)
    :param timings: have the engine tell when each word is said, for captions. Doubao is asked for it; Polly takes a second
        request, billed like the first; ``local`` tells in any case (templated)
    :param engine: ``doubao`` (Volcengine), the default, ``polly`` (Amazon), ``local`` (espeak-ng, for demos and tests: extra
        ``speech-local``), or an object with the methods of :class:`SpeechEngine` (templated)
    :param voice: who speaks, by the engine's own name; by default a voice that the engine has for sure (templated)
    :param presenter: the name of a presenter's file, or its whole ``s3://`` URI: gives the engine, the voice and the settings
        below, as far as they are not given here; with another engine than the presenter's, nothing of it (templated)
    :param presenters_path: the folder of presenters, as for ``OmniHumanSubmitOperator`` (templated)
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
        "split_text",
        "timings",
        "engine",
        "voice",
        "presenter",
        "presenters_path",
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
        split_text: bool | str = False,
        timings: bool | str = False,
        engine: str | SpeechEngine | None = None,
        voice: str | None = None,
        presenter: str | None = None,
        presenters_path: str | None = None,
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
        super().__init__(presenter=presenter, presenters_path=presenters_path, **kwargs)
        self.text = text
        self.split_text = split_text
        self.timings = timings
        self.engine: Any = engine  # Airflow renders templated arguments in place
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
        from airflow_provider_omnihuman.operators.speaking import Speaking

        with raising_airflow_errors():
            self.take_voice(context)
            engine, voice = self._engine_and_voice()
            texts = self._texts(engine, self.text)
            # The place comes first: what is wrong with it is told before the speech is paid for.
            stored_as = self._stored_as(engine, is_joined=len(texts) > 1)
            hook, place = self._place(context, stored_as)
            kept = self._kept(self.text, place, stored_as, engine=engine, voice=voice)
            spoken = self._spoken_before(hook, place, kept, stored_as)
            if spoken is None:
                speaking = Speaking(hook=hook, place=place, stored_as=stored_as, kept=kept, replace=self.replace, log=self.log)
                spoken = self._speak(speaking, texts, engine=engine, voice=voice)
            self.linked = LinkedObjects(hook=hook, uris={"audio": place.uri})
            self._warn_of_length(spoken.seconds)
            return self._facts(spoken, place=place, stored_as=stored_as, engine=engine.name, voice=voice)

    def text_check(self, context: Context) -> Callable[[Any], object]:
        """Return what refuses a text as speaking it would; refuse engine, voice and settings, as far as that needs no asking.

        :param context: the task's
        :raises SpeechError: there is no such engine or voice, or it has no such setting
        """
        from airflow_provider_omnihuman.speech.limits import check_voice

        self.take_voice(context)
        engine, voice = self._engine_and_voice()
        getattr(engine, "check_voice", check_voice)(voice)
        return partial(self._texts, engine)

    def _engine_and_voice(self) -> tuple[SpeechEngine, str]:
        engine = self._engine()
        return engine, optional_text(self.voice, field="voice") or engine.default_voice

    def _texts(self, engine: SpeechEngine, text: Any) -> list[str]:
        """Return what is spoken in each call: the whole text, or its pieces where that is wanted and necessary."""
        from airflow_provider_omnihuman.speech.limits import check_text
        from airflow_provider_omnihuman.speech.sentences import split_text

        if not isinstance(text, str):
            raise SpeechInputError(f"text is a {type(text).__name__}, not text")
        if not flag(self.split_text, field="split_text"):
            engine.text_limit.check(text, engine=engine.name)
            return [text]
        check_text(text)
        is_short = engine.text_limit.measure(text) <= engine.text_limit.maximum
        return [text] if is_short else split_text(text, engine.text_limit)

    def _speak(self, speaking: Speaking, texts: list[str], *, engine: SpeechEngine, voice: str) -> Spoken:
        if len(texts) == 1:
            return speaking.at_once(texts[0], speak=partial(engine.synthesize, voice=voice))
        # Bare samples, where the engine has them: what is decoded and encoded again loses a little each time.
        lossless = {"audio_format": _LOSSLESS[self.engine]} if self.engine in _LOSSLESS else {}
        piece_engine = self._engine(**lossless)
        kept = partial(self._kept, place=speaking.place, stored_as=None, engine=piece_engine, voice=voice, **lossless)
        return speaking.in_pieces(texts, speak=partial(piece_engine.synthesize, voice=voice), kept=kept)

    def _spoken_before(self, hook: S3Hook, place: S3Location, kept: S3Location | None, stored_as: AudioFormat) -> Spoken | None:
        from airflow_provider_omnihuman.archive.spoken import spoken_before

        spoken = spoken_before(hook, kept, place, content_type=stored_as.content_type) if kept else None
        if kept and spoken:
            self.log.info("Not spoken again: the same text is in S3 since an earlier run (%s)", kept.uri)
            if flag(self.timings, field="timings") and not spoken.has_timings:
                self.log.info("It was spoken without the times of its words; reuse_spoken=False speaks, and pays, anew")
        return spoken

    def _stored_as(self, engine: SpeechEngine, *, is_joined: bool) -> AudioFormat:
        from airflow_provider_omnihuman.speech.protocol import AudioFormat

        audio_format = getattr(engine, "audio_format", AudioFormat.MP3)
        if is_joined and not optional_text(self.audio_format, field="audio_format"):
            return AudioFormat.WAV
        if audio_format not in list(AudioFormat):
            raise SpeechInputError(
                f"audio_format of the engine is {shown(audio_format)}", advice=f"use one of {', '.join(AudioFormat)}"
            )
        return AudioFormat(audio_format)

    def _kept(
        self, text: str, place: S3Location, stored_as: AudioFormat | None, *, engine: SpeechEngine, voice: str, **changes: Any
    ) -> S3Location | None:
        """Return where the same speech would be kept; None where it is not wanted, or where nobody knows what an engine does."""
        from airflow_provider_omnihuman.archive.spoken import spoken_location

        if not self.reuse_spoken or not isinstance(self.engine, str):
            return None
        settings = self._settings() | changes
        what = {**settings, "text": text, "engine": self.engine, "voice": voice, "conn": self.speech_conn_id}
        # What an emulator spoke is no speech of the live service.
        what |= {name: getattr(engine, name, None) for name in ("endpoint", "resource_id")}
        return spoken_location(place, what, extension=stored_as.extension if stored_as else "piece")

    def _engine(self, **changes: Any) -> SpeechEngine:
        from airflow_provider_omnihuman.operators.speech_engines import make_engine

        return make_engine(
            self.engine,
            self._settings() | changes,
            timings=flag(self.timings, field="timings"),
            speech_conn_id=self.speech_conn_id,
            aws_conn_id=self.aws_conn_id,
        )

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

    def _warn_of_length(self, seconds: float) -> None:
        from airflow_provider_omnihuman.api.models import MAX_AUDIO_S

        if seconds >= MAX_AUDIO_S:
            self.log.warning(
                "OmniHuman refuses audio of %d s and more, and this one has %.1f s: SplitAudioOperator cuts it into clips, and "
                "long_talk_video() makes one video of it",
                MAX_AUDIO_S,
                seconds,
            )

    def _facts(self, spoken: Spoken, *, place: S3Location, stored_as: AudioFormat, engine: str, voice: str) -> dict[str, Any]:
        from airflow_provider_omnihuman.archive.spoken import timings_location

        return {
            "uri": place.uri,
            "seconds": round(spoken.seconds, 3),
            "format": stored_as.value,
            "bytes": spoken.bytes,
            "engine": engine,
            "voice": voice,
            "characters": len(self.text),
            "pieces": spoken.pieces,
            "timings_uri": timings_location(place).uri if spoken.has_timings else None,
        }
