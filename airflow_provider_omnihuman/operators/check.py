"""Check an archived video before anybody sees it: the gate between the archive and what publishes from it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.links.s3_objects import ArchivedVideoLink, LinkedObjects, ManifestLink
from airflow_provider_omnihuman.operators.archive_inputs import request_facts, task_facts
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.given_video import given_video
from airflow_provider_omnihuman.operators.masking import SignedUrlsMasked
from airflow_provider_omnihuman.operators.parameters import is_nothing

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.api.download import Patience
    from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["OmniHumanVideoCheckOperator"]

OnFailure = Literal["fail", "skip", "warn"]
_ON_FAILURE = ("fail", "skip", "warn")
_RESULT = "return_value"
"""The XCom key of what a task returns."""


class OmniHumanVideoCheckOperator(SignedUrlsMasked):
    """Check an archived video: what it should be is known from its manifest, and may be said here.

    Reads the video once, decodes every picture and all of the sound, and never writes it. The checks: ``readable``,
    ``resolution``, ``fps``, ``duration``, ``soundtrack``, ``loudness``, ``black``, ``frozen``, ``label``, ``replacement``. One
    that lacks what to compare with is not run, and says why; unless it is named in ``checks``: then it has failed. What is found
    goes into XCom and, under ``checks``, into the manifest beside the video.

    XCom: the return value is ``{passed, video_uri, manifest_uri, checks}``, ``checks`` being a list of ``{name, passed, value,
    expected, message}`` with ``passed`` None for what was not run. It is there too when the task fails or is skipped.

    :param video: what ``OmniHumanToS3Operator`` or ``JoinVideosOperator`` returned, or the ``s3://`` URI of a video (templated)
    :param audio_url: the audio that the whole film was made for, an ``s3://`` or http(s) URL; by default the request's, as
        ``request`` or the manifest have it, and of a joined film its clips' (templated)
    :param image_url: the portrait, or a list of those that the film shows; by default likewise (templated)
    :param request: what was asked for, as the submitting task pushes it under the XCom key ``request``; by default the
        manifest's (templated)
    :param output_resolution: pixels of the short side; by default the request's (templated)
    :param fps: pictures a second; the service takes no such wish, so by default they are told and not judged (templated)
    :param aigc_meta: the AIGC label that must be in the file; by default the request's (templated)
    :param checks: names of the checks to run; by default all that can be (templated)
    :param limits: how far off the film may be, such as ``{"frozen_s": 2.0, "least_lufs": -40}``; docs/quality-gate.md lists
        them (templated)
    :param on_failure: with a check that failed: ``fail`` the task, at once, since a retry renders nothing anew; ``skip`` it and
        what depends on it; or ``warn`` in the log and go on
    :param s3_extra_args: for the manifest that is written, such as ``{"ServerSideEncryption": "aws:kms"}``
    :param aws_conn_id: the connection to S3 (templated)
    :raises AirflowFailException: a check failed; or the video, or what was given to compare it with, is not there
    :raises AirflowSkipException: a check failed, and ``on_failure`` is ``skip``
    """

    template_fields: Sequence[str] = (
        "video",
        "audio_url",
        "image_url",
        "request",
        "output_resolution",
        "fps",
        "aigc_meta",
        "checks",
        "limits",
        "aws_conn_id",
    )
    template_fields_renderers = {"video": "json", "request": "json", "limits": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#fdeec4"
    operator_extra_links = (ArchivedVideoLink(), ManifestLink())
    linked: LinkedObjects | None = None
    """What the links lead to."""
    signed_fields = ("audio_url", "image_url", "request")

    def __init__(
        self,
        *,
        video: dict[str, Any] | str | XComArg,
        audio_url: str | XComArg | None = None,
        image_url: str | Sequence[str] | XComArg | None = None,
        request: dict[str, Any] | str | XComArg | None = None,
        output_resolution: int | str | None = None,
        fps: float | str | None = None,
        aigc_meta: dict[str, str] | str | None = None,
        checks: Sequence[str] | str | None = None,
        limits: dict[str, float] | str | None = None,
        on_failure: OnFailure = "fail",
        s3_extra_args: dict[str, Any] | None = None,
        aws_conn_id: str | None = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if on_failure not in _ON_FAILURE:
            raise InvalidRequestError(f"on_failure must be one of {', '.join(_ON_FAILURE)}, not {on_failure!r}")
        self.video = video
        self.audio_url = audio_url
        self.image_url = image_url
        self.request = request
        self.output_resolution = output_resolution
        self.fps = fps
        self.aigc_meta = aigc_meta
        self.checks = checks
        self.limits = limits
        self.on_failure = on_failure
        self.s3_extra_args = s3_extra_args
        self.aws_conn_id = aws_conn_id

    def execute(self, context: Context) -> dict[str, Any]:
        """Check; return what was found."""
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from airflow_provider_omnihuman.archive.checks import record_checks
        from airflow_provider_omnihuman.archive.kept_manifest import kept_manifest
        from airflow_provider_omnihuman.archive.location import S3Location

        with raising_airflow_errors():
            hook = S3Hook(aws_conn_id=self.aws_conn_id, extra_args=self.s3_extra_args)
            place = S3Location.from_uri(given_video(self.video, hook=hook)["uri"], field="video")
            manifest = kept_manifest(hook, place)
            found, sha256 = self._check(hook, place, manifest)
            self.linked = LinkedObjects(hook=hook, uris={"video": place.uri, "manifest": found["manifest_uri"]})
            record_checks(hook, place, sha256=sha256, found=found, airflow=task_facts(context))
        if not found["passed"]:
            self._act(found, context)
        return found

    @cached_property
    def patience(self) -> Patience:
        """How long a download from the web is tried for."""
        from airflow_provider_omnihuman.api.download import PATIENCE

        return PATIENCE

    def _check(self, hook: S3Hook, place: S3Location, manifest: dict[str, Any] | None) -> tuple[dict[str, Any], str]:
        """Return what was found, and the SHA-256 of the bytes in which it was found."""
        import tempfile
        from pathlib import Path

        from airflow_provider_omnihuman.archive.joined_film import made_of_clips
        from airflow_provider_omnihuman.archive.local_copy import copy_to_file
        from airflow_provider_omnihuman.archive.quality import asked_of, check_file, findings_text, in_xcom
        from airflow_provider_omnihuman.operators.check_inputs import Materials, checks_of, expected_of, limits_of

        named, limits = checks_of(self.checks), limits_of(self.limits)
        asked = asked_of(request_facts(self.request), manifest, made_of_clips(hook, manifest))
        with tempfile.TemporaryDirectory(prefix="omnihuman-check-") as folder:
            materials = Materials(hook=hook, folder=Path(folder), patience=self.patience)
            audio = materials.audio(self.audio_url, asked.get("audio_url"))
            portraits = materials.portraits(self.image_url, asked.get("image_url"))
            expected = expected_of(vars(self), asked, materials=materials)
            film = Path(folder) / "film.mp4"
            with film.open("wb") as file:
                sha256 = copy_to_file(hook, place, file, field="video")
            findings = check_file(
                film,
                audio=audio,
                portraits=portraits,
                expected=expected,
                limits=limits,
                named=named,
                sha256=(sha256, manifest),
                is_audio_given=not is_nothing(self.audio_url),
            )
        for level, line in findings_text(place.uri, findings):
            self.log.log(level, "%s", line)
        return in_xcom(findings, place, manifest), sha256

    def _act(self, found: dict[str, Any], context: Context) -> None:
        """Do what is to be done about a film that has not passed."""
        from airflow_provider_omnihuman.archive.quality import failure_text

        message = failure_text(found)
        if self.on_failure == "warn":
            self.log.warning("%s", message)
            return
        if self.do_xcom_push:  # what is raised returns nothing
            context["ti"].xcom_push(key=_RESULT, value=found)
        raise (AirflowSkipException if self.on_failure == "skip" else AirflowFailException)(message)
