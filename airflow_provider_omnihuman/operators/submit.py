"""Start a render and hand on its task id."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_omnihuman.api.models import Submission, VideoRequest
from airflow_provider_omnihuman.api.urls import without_query
from airflow_provider_omnihuman.hooks.omnihuman import OmniHumanHook
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors, without_a_second_submit
from airflow_provider_omnihuman.operators.media import MediaOperator
from airflow_provider_omnihuman.operators.parameters import boolean, integer, optional_text, url_list

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

__all__ = ["OmniHumanSubmitOperator"]


class OmniHumanSubmitOperator(MediaOperator):
    """Submit one avatar video to OmniHuman 1.5 and push its task id to XCom; does not wait.

    Inputs are checked before anything is paid. A submit whose reply was lost fails the task without a retry: the API has no
    idempotency token, and the job may exist.

    XCom: the return value and the key ``task_id`` are the OmniHuman task id, a string; the key ``request`` is a mapping of
    what was asked, for the archive's manifest (URLs without their queries).

    :param image_url: the portrait, an http(s) or ``s3://`` URL: JPG or PNG, < 5 MB, < 4096 pixels a side (templated)
    :param audio_url: the speech, an http(s) or ``s3://`` URL, shorter than 60 s (templated)
    :param mask_url: at most five mask URLs, http(s) or ``s3://``, from ``OmniHumanSubjectDetectionOperator``: who speaks
        (templated)
    :param prompt: picture, movement and camera, in zh, en, ja, ko, es-MX or id; ≤ 300 characters advised (templated)
    :param seed: −1 for a random one; the same seed ≥ 0 with the same inputs very likely gives the same video (templated)
    :param output_resolution: 720 or 1080 (templated)
    :param pe_fast_mode: render faster at the cost of quality; the vendor advises it with 720 only (templated)
    :param omnihuman_conn_id: the connection to OmniHuman (templated)
    :param aws_conn_id: the connection that presigns ``s3://`` inputs (templated)
    :param presigned_url_expires_in: how long presigned inputs live, a timedelta or seconds, at most 7 days. The service
        fetches them when the job's turn comes
    :param check_inputs: read portrait and audio before the submit, and refuse what the service would refuse
    :raises AirflowFailException: what no retry mends: bad input, refused keys, a submit whose outcome is unknown
    :raises OmniHumanError: what a retry may mend, such as a limit that is reached
    """

    template_fields: Sequence[str] = (
        "image_url",
        "audio_url",
        "mask_url",
        "prompt",
        "seed",
        "output_resolution",
        "pe_fast_mode",
        "omnihuman_conn_id",
        "aws_conn_id",
    )
    ui_color = "#d7e8ff"
    signed_fields = ("image_url", "audio_url", "mask_url")

    def __init__(
        self,
        *,
        image_url: str | XComArg,
        audio_url: str | XComArg,
        mask_url: Sequence[str] | str | XComArg | None = None,
        prompt: str | None = None,
        seed: int | str = -1,
        output_resolution: int | str = 1080,
        pe_fast_mode: bool | str = False,
        omnihuman_conn_id: str = OmniHumanHook.default_conn_name,
        aws_conn_id: str | None = "aws_default",
        presigned_url_expires_in: timedelta | float = timedelta(hours=24),
        check_inputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            omnihuman_conn_id=omnihuman_conn_id,
            aws_conn_id=aws_conn_id,
            presigned_url_expires_in=presigned_url_expires_in,
            check_inputs=check_inputs,
            **kwargs,
        )
        self.image_url: Any = image_url  # Airflow renders templated arguments in place
        self.audio_url: Any = audio_url
        self.mask_url: Any = mask_url
        self.prompt = prompt
        self.seed = seed
        self.output_resolution = output_resolution
        self.pe_fast_mode = pe_fast_mode

    def execute(self, context: Context) -> Any:
        """Submit; return the OmniHuman task id."""
        with raising_airflow_errors():
            return self.submit(context)["task_id"]

    def submit(self, context: Context, **more_facts: Any) -> dict[str, Any]:
        """Check, submit, push the XComs; return what was asked and answered.

        :param more_facts: what else the manifest should know of the request
        :raises OmniHumanError: nothing was submitted, or the outcome is unknown
        """
        request, audio_s = self._checked_request()
        for warning in request.warnings:
            self.log.warning("%s", warning)
        with without_a_second_submit():
            submission = self.hook.submit(request)
        # From here on the job is billed: its id comes first, before anything that could fail.
        self.log.info(
            "Submitted OmniHuman task %s (request %s): %s of audio at %sp",
            submission.task_id,
            submission.request_id,
            "an unknown length" if audio_s is None else f"{audio_s:.1f} s",
            request.output_resolution,
        )
        with without_a_second_submit(submission.task_id):
            context["ti"].xcom_push(key="task_id", value=submission.task_id)
            facts = {**self._facts(request, submission, audio_s), **more_facts}
            context["ti"].xcom_push(key="request", value=facts)
        return facts

    def _checked_request(self) -> tuple[VideoRequest, float | None]:
        """Return the request as it will be sent, and the length of its audio in seconds where it could be read."""
        inputs = self._inputs()
        masks = url_list(self.mask_url, field="mask_url")
        request = VideoRequest(
            image_url=inputs.url(self.image_url, field="image_url"),
            audio_url=inputs.url(self.audio_url, field="audio_url"),
            mask_url=tuple(inputs.url(url, field=f"mask_url[{index}]") for index, url in enumerate(masks)),
            prompt=optional_text(self.prompt, field="prompt"),
            seed=integer(self.seed, field="seed"),
            output_resolution=integer(self.output_resolution, field="output_resolution"),
            pe_fast_mode=boolean(self.pe_fast_mode, field="pe_fast_mode"),
        )
        if not self.check_inputs:
            return request, None
        inputs.check_image(request.image_url, shown=without_query(self.image_url))
        return request, inputs.check_audio(request.audio_url, shown=without_query(self.audio_url))

    def _facts(self, request: VideoRequest, submission: Submission, audio_s: float | None) -> dict[str, Any]:
        masks = url_list(self.mask_url, field="mask_url")
        return {
            **request.facts(),
            "image_url": without_query(self.image_url),
            "audio_url": without_query(self.audio_url),
            **({"mask_url": [without_query(url) for url in masks]} if masks else {}),
            "req_key": self.hook.api.site.generate,
            "site": self.hook.api.site.name,
            "omnihuman_conn_id": self.omnihuman_conn_id,
            "audio_duration_s": audio_s,
            "task_id": submission.task_id,
            "request_id": submission.request_id,
            "submitted_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
