"""Put captions beside a video."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.links.s3_objects import CaptionedVideoLink, CaptionsLink, LinkedObjects
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.masking import SignedUrlsMasked
from airflow_provider_omnihuman.operators.parameters import flag, is_nothing, optional_text

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.captions.making import Captions
    from airflow_provider_omnihuman.speech.timings import Timing

__all__ = ["CaptionsOperator"]

_FORMATS = ("vtt", "srt")


class CaptionsOperator(SignedUrlsMasked):
    """Make captions of what is said in a video, and put them beside it as WebVTT and SubRip.

    They are timed by what the speech engine told (``timings_uri`` of what was spoken), otherwise by the pauses of the sound:
    sentences lie between them, and words are spread over the speech within. The archived video itself is never touched.

    XCom: the return value is ``{vtt_uri, srt_uri, captioned_uri, cues, timed_by, language}``: ``cues`` is how many captions there
    are, ``timed_by`` is ``engine`` or ``silence``; what was not asked for is None.

    :param video: the archived video: what ``OmniHumanToS3Operator`` or ``JoinVideosOperator`` returned, or its ``s3://`` URI;
        may be left out where there is only an audio (templated)
    :param text: all that is said (templated)
    :param lines: instead of ``text``, what each says: a list of ``{text, speaker, start_s, end_s, duration_s, timings_uri}``. All
        but the text may be left out: a line begins and ends with its clip, where the video's manifest tells of as many clips, or
        else begins where the one before, and the pause after it, ended, and lasts as long as its audio in ``spoken`` (templated)
    :param spoken: what ``TextToSpeechOperator`` returned; for lines, a list of one for each, such as the output of a mapped task
        (templated)
    :param pauses: seconds after each line, one for all or a list, where nothing tells when lines begin (templated)
    :param audio_url: the sound to be listened to for pauses, an ``s3://`` or http(s) URL; by default that of the video, or what
        was spoken (templated)
    :param language: of the text, such as ``en`` or ``zh``; by default told by its script, where that can be (templated)
    :param formats: ``vtt``, ``srt``, or both
    :param soft_subtitles: write a copy of the video, ``<video>.captioned.mp4``, with a subtitle track that viewers can switch on;
        picture, sound and AIGC label are those of the original (templated)
    :param s3_key: where the captions go, without the ending: a key or a whole ``s3://`` URL; by default beside the video, under
        its name (templated)
    :param s3_bucket: the bucket; by default the one in ``s3_key``, or the video's (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :raises AirflowFailException: what no retry mends: there is nothing to caption, a line without a text or a time
    """

    template_fields: Sequence[str] = (
        "video",
        "text",
        "lines",
        "spoken",
        "pauses",
        "audio_url",
        "language",
        "soft_subtitles",
        "s3_key",
        "s3_bucket",
        "aws_conn_id",
    )
    template_fields_renderers = {"text": "txt", "lines": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#e3fafc"
    operator_extra_links = (CaptionsLink(), CaptionedVideoLink())
    linked: LinkedObjects | None = None
    """What the links lead to."""
    signed_fields = ("audio_url",)

    def __init__(
        self,
        *,
        video: Mapping[str, Any] | str | XComArg | None = None,
        text: str | XComArg | None = None,
        lines: Sequence[Mapping[str, Any]] | str | XComArg | None = None,
        spoken: Mapping[str, Any] | Sequence[Mapping[str, Any]] | str | XComArg | None = None,
        pauses: float | str | Sequence[float] | XComArg | None = None,
        audio_url: str | XComArg | None = None,
        language: str | None = None,
        formats: Sequence[str] = _FORMATS,
        soft_subtitles: bool | str = False,
        s3_key: str | None = None,
        s3_bucket: str | None = None,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.video: Any = video  # Airflow renders templated arguments in place
        self.text = text
        self.lines = lines
        self.spoken = spoken
        self.pauses = pauses
        self.audio_url = audio_url
        self.language = language
        self.formats = formats
        self.soft_subtitles = soft_subtitles
        self.s3_key = s3_key
        self.s3_bucket = s3_bucket
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Time the words, write the files; return where they are."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from airflow_provider_omnihuman.archive.location import S3Location
        from airflow_provider_omnihuman.captions.making import make_captions
        from airflow_provider_omnihuman.operators.caption_lines import lines_of, spoken_list
        from airflow_provider_omnihuman.operators.caption_media import CaptionMedia

        with raising_airflow_errors(), tempfile.TemporaryDirectory(prefix="captions-") as folder:
            hook = S3Hook(self.aws_conn_id)
            video, spoken = self._video(hook), spoken_list(self.spoken)
            formats, place = self._checked_formats(), self._place(hook, context, video)
            wants_copy = self._wants_copy(video)
            media = CaptionMedia(hook, Path(folder), video=video, audio_url=self._audio_url(video, spoken))
            until_s = media.duration_s()
            what: dict[str, Any] = {"text": self.text, "lines": self.lines, "pauses": self.pauses}
            lines = lines_of(
                **what, spoken=spoken, clips=self._clips(hook, video), until_s=until_s, timings=partial(self._timings, hook)
            )
            language = self._language(" ".join(line.text for line in lines))
            captions = make_captions(lines, silences=media.silences, until_s=until_s if video else None)
            written = {f"{name}_uri": self._write(hook, place, name, captions) if name in formats else None for name in _FORMATS}
            copy = S3Location(place.bucket, f"{place.key}.captioned.mp4")
            captioned = media.with_subtitles(captions.cues, copy, language=language) if wants_copy else None
            self.linked = LinkedObjects(
                hook=hook, uris={"captions": next(filter(None, written.values())), "captioned": captioned}
            )
        self.log.info("%d captions, timed by the %s: %s", len(captions.cues), captions.timed_by, place.uri)
        facts = {"cues": len(captions.cues), "timed_by": captions.timed_by.value, "language": language}
        return {**written, "captioned_uri": captioned, **facts}

    def _video(self, hook: S3Hook) -> Mapping[str, Any]:
        """Return what is known of the video; nothing where there is none."""
        from airflow_provider_omnihuman.operators.given_video import given_video

        return {} if is_nothing(self.video) else given_video(self.video, hook=hook)

    def _clips(self, hook: S3Hook, video: Mapping[str, Any]) -> list[Any]:
        """Return when each clip of a joined video begins, and how long it lasts, as its manifest tells; nothing of others."""
        from airflow_provider_omnihuman.operators.given_video import manifest_of

        clips = None if is_nothing(self.lines) or not video else manifest_of(video, hook=hook).get("clips")
        return clips if isinstance(clips, list) else []

    def _checked_formats(self) -> list[str]:
        formats = [self.formats] if isinstance(self.formats, str) else list(self.formats)
        if not formats or not set(formats) <= set(_FORMATS):
            raise InvalidRequestError(f"formats must be of {', '.join(_FORMATS)}, not {shown(formats)}")
        return formats

    def _place(self, hook: S3Hook, context: Context, video: Mapping[str, Any]) -> S3Location:
        """Return where the captions go, without their ending."""
        from airflow_provider_omnihuman.archive.location import S3Location, locate
        from airflow_provider_omnihuman.operators.destination import check_bucket

        key, bucket = optional_text(self.s3_key, field="s3_key"), optional_text(self.s3_bucket, field="s3_bucket")
        if key is None and video:
            beside = S3Location.from_uri(video["uri"], field="video").sibling("")
            place = S3Location(bucket or beside.bucket, beside.key)
        else:
            place = locate(hook, bucket=bucket, key=key, context=context, filename="captions")
            place = S3Location(place.bucket, place.key.removesuffix(".vtt").removesuffix(".srt"))
        check_bucket(hook, place)
        return place

    def _language(self, text: str) -> str:
        from airflow_provider_omnihuman.captions.languages import track_language

        given = optional_text(self.language, field="language")
        if (language := track_language(given, text)) is None:
            raise InvalidRequestError(
                f"language is {shown(given)}",
                advice="use a code such as en or zh-CN; where that is not known, the one of three letters, such as eng",
            )
        return language

    def _wants_copy(self, video: Mapping[str, Any]) -> bool:
        wanted = flag(self.soft_subtitles, field="soft_subtitles")
        if wanted and not video:
            raise InvalidRequestError("soft_subtitles needs a video", advice="give video=")
        return wanted

    def _audio_url(self, video: Mapping[str, Any], spoken: Sequence[Mapping[str, Any]]) -> str | None:
        """Return the sound in which pauses are looked for; None for the video's own."""
        given = optional_text(self.audio_url, field="audio_url")
        # Without a header, bare samples cannot be read.
        is_readable = len(spoken) == 1 and spoken[0].get("format") != "pcm"
        if given or video or not is_readable:
            return given
        return optional_text(spoken[0].get("uri"), field="spoken")

    def _timings(self, hook: S3Hook, uri: Any) -> tuple[Timing, ...]:
        """Read the times of words; what is wrong with them is told, since captions can be made without."""
        from airflow_provider_omnihuman.archive.errors import ArchiveError
        from airflow_provider_omnihuman.archive.local_copy import copy_to_file
        from airflow_provider_omnihuman.archive.location import S3Location
        from airflow_provider_omnihuman.speech.errors import SpeechInputError
        from airflow_provider_omnihuman.speech.timings import read_timings

        if is_nothing(uri):
            return ()
        document = io.BytesIO()
        try:
            place = S3Location.from_uri(uri, field="timings_uri")
            copy_to_file(hook, place, document, field="timings_uri")
            return read_timings(document.getvalue(), name=place.uri)
        except (ArchiveError, SpeechInputError) as error:
            self.log.warning("The captions are timed by pauses: %s", error)
            return ()

    def _write(self, hook: S3Hook, place: S3Location, name: str, captions: Captions) -> str:
        from airflow_provider_omnihuman.archive.location import S3Location
        from airflow_provider_omnihuman.archive.objects import put_object
        from airflow_provider_omnihuman.captions import srt, webvtt

        text = webvtt.webvtt(captions.cues) if name == "vtt" else srt.srt(captions.cues)
        target = S3Location(place.bucket, f"{place.key}.{name}")
        content_type = webvtt.CONTENT_TYPE if name == "vtt" else srt.CONTENT_TYPE
        put_object(hook, target, text.encode(errors="replace"), content_type=content_type)
        return target.uri
