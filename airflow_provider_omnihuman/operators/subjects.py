"""Look at a portrait before it is rendered: whether there is a subject, and which mask is whose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.common.compat.sdk import AirflowFailException, AirflowSkipException

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.urls import without_query
from airflow_provider_omnihuman.hooks.default_connections import OMNIHUMAN_CONN_ID
from airflow_provider_omnihuman.links.s3_objects import LargestMaskLink, LinkedObjects
from airflow_provider_omnihuman.links.vendor_console import VendorConsoleLink
from airflow_provider_omnihuman.operators.errors import raising_airflow_errors
from airflow_provider_omnihuman.operators.parameters import optional_text
from airflow_provider_omnihuman.operators.presenting import PresentedMediaOperator

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook
    from airflow.sdk import Context, XComArg

    from airflow_provider_omnihuman.archive.location import S3Location

__all__ = ["OmniHumanSubjectDetectionOperator", "OmniHumanSubjectRecognitionOperator"]

OnMissing = Literal["fail", "skip", "continue"]
_ON_MISSING = ("fail", "skip", "continue")


class _PortraitOperator(PresentedMediaOperator):
    """What both operators take: a portrait, and what to do when nobody is in it."""

    template_fields: Sequence[str] = ("image_url", "presenter", "presenters_path", "omnihuman_conn_id", "aws_conn_id")
    ui_color = "#eee3ff"

    def __init__(
        self,
        *,
        image_url: str | XComArg | None = None,
        presenter: str | None = None,
        presenters_path: str | None = None,
        on_missing: OnMissing = "fail",
        omnihuman_conn_id: str = OMNIHUMAN_CONN_ID,
        aws_conn_id: str | None = "aws_default",
        presigned_url_expires_in: timedelta | float = timedelta(hours=1),
        check_inputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            image_url=image_url,
            presenter=presenter,
            presenters_path=presenters_path,
            omnihuman_conn_id=omnihuman_conn_id,
            aws_conn_id=aws_conn_id,
            presigned_url_expires_in=presigned_url_expires_in,
            check_inputs=check_inputs,
            **kwargs,
        )
        if on_missing not in _ON_MISSING:
            raise InvalidRequestError(f"on_missing must be one of {', '.join(_ON_MISSING)}, not {on_missing!r}")
        self.on_missing = on_missing

    def _portrait(self, context: Context) -> str:
        """Return the URL for the service, checked."""
        inputs = self._inputs()
        if presenter := self.read_presenter(context):
            self.fill_portrait(presenter, mask=False)
        url = inputs.url(self.image_url, field="image_url")
        if self.check_inputs:
            inputs.check_image(url, shown=without_query(self.image_url))
        return url

    def _missing(self) -> None:
        message = (
            f"no person, human-like or anthropomorphic subject was found in {without_query(self.image_url)}: "
            "use a picture with a clear subject"
        )
        if self.on_missing == "fail":
            raise AirflowFailException(message)
        if self.on_missing == "skip":
            raise AirflowSkipException(message)
        self.log.warning("%s", message)


class OmniHumanSubjectRecognitionOperator(_PortraitOperator):
    """Ask whether a person, human-like or anthropomorphic subject is in the picture, before a render of it is paid for.

    XCom: the return value is True or, with ``on_missing="continue"``, False.

    :param image_url: the portrait, an http(s) or ``s3://`` URL; by default the presenter's (templated)
    :param presenter: the name of a presenter's file, or its whole ``s3://`` URI: gives the portrait (templated)
    :param presenters_path: the folder of presenters, as for ``OmniHumanSubmitOperator`` (templated)
    :param on_missing: with no subject: ``fail`` the task (not retried), ``skip`` it and what depends on it, or ``continue``
    :param omnihuman_conn_id: the connection to OmniHuman (templated)
    :param aws_conn_id: the connection that presigns an ``s3://`` portrait (templated)
    :param presigned_url_expires_in: how long the presigned URL lives, a timedelta or seconds
    :param check_inputs: read the portrait first, and refuse what the service would refuse
    """

    def execute(self, context: Context) -> bool:
        """Ask; return whether a subject is there."""
        with raising_airflow_errors():
            found = self.hook.recognize_subject(self._portrait(context))
        if not found:
            self._missing()
        return found


class OmniHumanSubjectDetectionOperator(_PortraitOperator):
    """Find the subjects of a picture: give one of the masks as ``mask_url`` to choose who speaks.

    XCom: the return value is a list of mask URLs, the largest subject first, at most five: ``s3://`` ones when ``s3_key`` is
    given, else the service's own, which die after an hour.

    :param image_url: the portrait, an http(s) or ``s3://`` URL; by default the presenter's (templated)
    :param presenter: the name of a presenter's file, or its whole ``s3://`` URI: gives the portrait (templated)
    :param presenters_path: the folder of presenters, as for ``OmniHumanSubmitOperator`` (templated)
    :param s3_key: copy the masks to S3 under this prefix, a key or a whole ``s3://`` URL (templated)
    :param s3_bucket: the bucket; by default the one in ``s3_key``, or in the connection's ``service_config`` (templated)
    :param on_missing: with no subject: ``fail`` the task (not retried), ``skip`` it, or ``continue`` with an empty list
    :param omnihuman_conn_id: the connection to OmniHuman (templated)
    :param aws_conn_id: the connection to S3 (templated)
    :param presigned_url_expires_in: how long the presigned URL of an ``s3://`` portrait lives, a timedelta or seconds
    :param check_inputs: read the portrait first, and refuse what the service would refuse
    """

    template_fields: Sequence[str] = (*_PortraitOperator.template_fields, "s3_key", "s3_bucket")
    operator_extra_links = (VendorConsoleLink(), LargestMaskLink())

    def __init__(self, *, s3_key: str | None = None, s3_bucket: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.s3_key = s3_key
        self.s3_bucket = s3_bucket

    def execute(self, context: Context) -> list[str]:
        """Detect; return the mask URLs."""
        with raising_airflow_errors():
            places = self._places(context)
            urls = list(self.hook.detect_subjects(self._portrait(context)).mask_urls)
            self.log.info("%d subject(s) found", len(urls))
            if urls and places:
                return self._copy(urls, places)
        if not urls:
            self._missing()
        return urls

    def _places(self, context: Context) -> list[S3Location]:
        """Return where the masks will go, largest first; what is wrong with it is told before anything is asked."""
        from airflow_provider_omnihuman.api.models import MAX_MASKS
        from airflow_provider_omnihuman.archive.location import locate
        from airflow_provider_omnihuman.operators.destination import check_bucket

        prefix, bucket = optional_text(self.s3_key, field="s3_key"), optional_text(self.s3_bucket, field="s3_bucket")
        if not prefix:
            return []
        key = prefix if prefix.endswith("/") else f"{prefix}/"
        places = [
            locate(self._s3, bucket=bucket, key=key, context=context, filename=f"mask-{number}.png")
            for number in range(1, MAX_MASKS + 1)
        ]
        check_bucket(self._s3, places[0])
        return places

    @cached_property
    def _s3(self) -> S3Hook:
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        return S3Hook(aws_conn_id=self.aws_conn_id)

    def _copy(self, urls: list[str], places: list[S3Location]) -> list[str]:
        from airflow_provider_omnihuman.archive.transfer import download_to_s3
        from airflow_provider_omnihuman.media.probe import probe_image

        copied = list(zip(urls, places, strict=False))  # at most as many masks as places, by the API's limit
        for url, place in copied:
            download_to_s3(url, self._s3.get_conn(), place, verify=probe_image, extra_args={"ContentType": "image/png"})
        self.linked = LinkedObjects(hook=self._s3, uris={"mask": copied[0][1].uri})
        return [place.uri for _, place in copied]
