"""Links to what a task has put, or found, in S3: places that last, never a signed URL that dies."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from urllib.parse import urlencode, urlsplit

from airflow.providers.common.compat.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_provider_omnihuman.archive.location import S3Location

__all__ = [
    "ArchivedVideoLink",
    "CaptionedVideoLink",
    "CaptionsLink",
    "LargestMaskLink",
    "LinkedObjects",
    "ManifestLink",
    "PublishedVideoLink",
    "ReportLink",
    "SpokenAudioLink",
    "WhoIsWhoLink",
]

log = logging.getLogger(__name__)

_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")
_CONSOLES = {
    "aws": "https://console.aws.amazon.com",
    "aws-cn": "https://console.amazonaws.cn",
    "aws-us-gov": "https://console.amazonaws-us-gov.com",
}


@dataclass(kw_only=True)
class LinkedObjects:
    """The objects that a task's links lead to; their URLs are made when its work is done, and hold no secret.

    :param hook: to the store that they are in
    :param uris: ``s3://`` URIs, by the ``target`` of a link; or addresses of a website, which are linked as they are
    """

    hook: S3Hook
    uris: Mapping[str, str | None]

    def url(self, target: str) -> str:
        """Return the URL for a person: of AWS's console, or of the object itself in any other store.

        :param target: of a link
        :return: nothing where there is no such object
        """
        from airflow_provider_omnihuman.archive.location import S3Location

        uri = self.uris.get(target)
        if not uri:
            return ""
        if uri.startswith(("https://", "http://")):
            return uri
        place = S3Location.from_uri(uri, field=target)
        console = _CONSOLES.get(self._client.meta.partition)
        if console and (urlsplit(self._client.meta.endpoint_url).hostname or "").endswith(_AWS_HOSTS):
            return f"{console}/s3/object/{place.bucket}?{urlencode(self._in_console(place))}"
        url: str = self._unsigned_client.generate_presigned_url("get_object", Params={"Bucket": place.bucket, "Key": place.key})
        return url

    def _in_console(self, place: S3Location) -> dict[str, str]:
        region = self._client.meta.region_name
        return ({"region": region} if region and region != "aws-global" else {}) | {"prefix": place.key}

    @cached_property
    def _client(self) -> Any:
        return self.hook.get_conn()

    @cached_property
    def _unsigned_client(self) -> Any:
        """A client that signs nothing, and knows how the store wants its buckets addressed."""
        from botocore import UNSIGNED
        from botocore.config import Config

        return self.hook.get_client_type(config=self.hook.config.merge(Config(signature_version=UNSIGNED)))


class _Linking(Protocol):
    linked: LinkedObjects | None


class _ObjectLink(BaseOperatorLink):
    """A link to one of the objects that the operator has noted in ``linked``."""

    target: ClassVar[str]

    def get_link(self, operator: _Linking, *, ti_key: Any) -> str:  # type: ignore[override]  # noqa: ARG002 - Airflow passes it
        """Return the URL; nothing, and so no button, where there is no such object."""
        linked = getattr(operator, "linked", None)
        if linked is None:
            return ""
        try:
            url: str = linked.url(self.target)
        except Exception as error:  # noqa: BLE001 - whatever boto has against it: the work is done, a button is not worth an error
            log.info("There is no link %r: %s", self.name, type(error).__name__)
            return ""
        return url


class ArchivedVideoLink(_ObjectLink):
    """To the video in the archive."""

    name = "Archived video"
    target = "video"


class CaptionsLink(_ObjectLink):
    """To the captions."""

    name = "Captions"
    target = "captions"


class CaptionedVideoLink(_ObjectLink):
    """To the copy of the video that has the captions in it."""

    name = "Captioned video"
    target = "captioned"


class ManifestLink(_ObjectLink):
    """To the manifest beside the video."""

    name = "Manifest"
    target = "manifest"


class PublishedVideoLink(_ObjectLink):
    """To the video where it is published."""

    name = "Published video"
    target = "published"


class ReportLink(_ObjectLink):
    """To the report of a batch."""

    name = "Report"
    target = "report"


class SpokenAudioLink(_ObjectLink):
    """To the speech in S3."""

    name = "Spoken audio"
    target = "audio"


class LargestMaskLink(_ObjectLink):
    """To the mask of the largest subject in S3."""

    name = "Mask of the largest subject"
    target = "mask"


class WhoIsWhoLink(_ObjectLink):
    """To the picture that shows which subject each speaker of a dialogue is."""

    name = "Who is who"
    target = "preview"
