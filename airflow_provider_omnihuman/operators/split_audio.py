"""Cut a long talk into pieces that are short enough for one render each."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import shown
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.masking import SignedUrlsMasked
from airflow_provider_omnihuman.operators.parameters import optional_seconds, optional_text

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.archive.location import S3Location
    from airflow_provider_omnihuman.media.splitting import AudioPiece

__all__ = ["SplitAudioOperator"]

_LONGEST_S = 59
_SHORTEST_LIMIT_S = 15
_FIRST = "piece-000.wav"
_NAMED = "audio_url"


class SplitAudioOperator(SignedUrlsMasked):
    """Cut an audio of any length into pieces in S3 that OmniHuman takes, each at the last pause that it reaches.

    Put one after another, the pieces are the samples that the audio decodes to, as 16-bit WAV. An unchanged audio gives the same
    bytes again, so that what was rendered from them is found, and not paid for twice. Nobody's word is cut where there is a
    pause; where there is none for so long, the quietest point is taken, and the log tells. A short audio gives one piece.

    The worker needs disk for the audio and for its pieces: an hour of 48 kHz stereo is 700 MB of them; memory for one piece.

    XCom: the return value is a list of ``{uri, index, start_s, duration_s}``, to be mapped over.

    :param audio_url: WAV, MP3, M4A, AAC, OGG or FLAC, or a film with sound, at an ``s3://`` or http(s) URL (templated)
    :param longest_s: no piece is longer, seconds: 15 to 59 (templated)
    :param s3_key: where the pieces go: a folder, or a whole ``s3://`` URL of one; by default
        ``omnihuman/<dag_id>/<run_id>/<task_id>[/<map_index>]/``. They are named ``piece-000.wav`` and so on (templated)
    :param s3_bucket: the bucket; by default the one in ``s3_key``, or in the connection's ``service_config`` (templated)
    :param s3_extra_args: for the objects written, such as ``{"ServerSideEncryption": "aws:kms"}``
    :param aws_conn_id: the connection to S3 (templated)
    :raises AirflowFailException: what no retry mends: the audio is not there, or is none; the limit is out of its range
    """

    template_fields: Sequence[str] = ("audio_url", "longest_s", "s3_key", "s3_bucket", "aws_conn_id")
    ui_color = "#ffe8cc"
    signed_fields = ("audio_url",)

    def __init__(
        self,
        *,
        audio_url: str | XComArg,
        longest_s: float | str = _LONGEST_S,
        s3_key: str | None = None,
        s3_bucket: str | None = None,
        s3_extra_args: dict[str, Any] | None = None,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.audio_url = audio_url
        self.longest_s = longest_s
        self.s3_key = s3_key
        self.s3_bucket = s3_bucket
        self.s3_extra_args = s3_extra_args
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Split, upload; return the pieces."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        with raising_airflow_errors():
            longest_s, url = self._longest_s(), optional_text(self.audio_url, field=_NAMED)
            if not url:
                raise InvalidRequestError(f"{_NAMED} is empty", advice="check the task that it is pulled from, and the key")
            hook = S3Hook(aws_conn_id=self.aws_conn_id, extra_args=self.s3_extra_args)
            first = self._first(hook, context)
            with tempfile.TemporaryDirectory(prefix="omnihuman-split-") as folder:
                pieces = self._split(hook, url, folder, longest_s=longest_s)
                written = [self._upload(hook, first, piece, index) for index, piece in enumerate(pieces)]
        total_s = sum(piece.duration_s for piece in pieces)
        self.log.info("%.1f s of audio in %d piece(s) at %s", total_s, len(pieces), first.uri.removesuffix(_FIRST))
        return written

    def _split(self, hook: S3Hook, url: str, folder: str, *, longest_s: float) -> list[AudioPiece]:
        from airflow_provider_omnihuman.archive.fetching import fetch
        from airflow_provider_omnihuman.media.errors import MediaError
        from airflow_provider_omnihuman.media.splitting import split_audio

        with tempfile.TemporaryFile() as file:
            fetch(url, file, hook=hook, field=_NAMED)
            try:
                return split_audio(file, folder, longest_s=longest_s)
            except MediaError as error:
                raise InvalidRequestError(f"{_NAMED} {shown(url)} {error.message}", advice=error.advice) from error

    def _longest_s(self) -> float:
        longest_s = optional_seconds(self.longest_s, field="longest_s") or _LONGEST_S
        if not _SHORTEST_LIMIT_S <= longest_s <= _LONGEST_S:
            raise InvalidRequestError(
                f"longest_s must be {_SHORTEST_LIMIT_S} to {_LONGEST_S} seconds, not {shown(self.longest_s)}",
                advice="OmniHuman takes less than 60 s",
            )
        return longest_s

    def _first(self, hook: S3Hook, context: Context) -> S3Location:
        """Return where the first piece goes; what is wrong with the place is told before anything is downloaded."""
        from airflow_provider_omnihuman.archive.location import locate
        from airflow_provider_omnihuman.operators.destination import check_bucket

        key = optional_text(self.s3_key, field="s3_key")
        bucket = optional_text(self.s3_bucket, field="s3_bucket")
        first = locate(hook, bucket=bucket, key=key and key.rstrip("/") + "/", context=context, filename=_FIRST)
        check_bucket(hook, first)
        return first

    def _upload(self, hook: S3Hook, first: S3Location, piece: AudioPiece, index: int) -> dict[str, Any]:
        from airflow_provider_omnihuman.archive.location import S3Location
        from airflow_provider_omnihuman.archive.objects import put_unless_same

        place = S3Location(first.bucket, first.key.removesuffix(_FIRST) + piece.path.name)
        put_unless_same(hook, place, piece.path.read_bytes(), content_type="audio/wav")
        return {"uri": place.uri, "index": index, "start_s": piece.start_s, "duration_s": piece.duration_s}
