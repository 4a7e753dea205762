"""The masks of a portrait's subjects: found once, kept in S3, the same ones ever after.

Masks are part of what a video is known by. Whoever detects the subjects of a picture that another task has just detected takes
those that were written down first: were they to change between two tries of a task, the second would be another video, and
be paid for again.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.archive.location import S3Location
from airflow_provider_omnihuman.archive.objects import head, read_small, s3_code, seen
from airflow_provider_omnihuman.archive.transfer import download_to_s3
from airflow_provider_omnihuman.presenters.keeping import kept_at

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

__all__ = ["KeptMasks"]

log = logging.getLogger(__name__)

_PREFIX = "omnihuman/masks/"
_INDEX = "subjects.json"
_THERE_ALREADY = {"412", "PreconditionFailed", "409", "ConditionalRequestConflict"}
_UNCONDITIONAL = {"501", "NotImplemented"}
"""What a store says that knows no conditional writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMasks:
    """The masks of one picture.

    :param hook: to S3; the bucket is the one in its connection's ``service_config``
    :param identity: what the picture is known by, and the service that detects: what an emulator finds is none of the live
        service's
    :param detect: asks the service; returns its URLs of the masks, largest subject first, which die within an hour
    """

    hook: S3Hook
    identity: Sequence[str]
    detect: Callable[[], Sequence[str]]

    def mask(self, number: int, *, told: str) -> str:
        """Return the ``s3://`` URI of a subject's mask.

        :param number: of the subject, 1 being the largest
        :param told: what to call the picture in messages
        :raises InvalidRequestError: there are fewer subjects
        """
        masks = self.all()
        if number > len(masks):
            count = {0: "no subject was", 1: "one subject was"}.get(len(masks), f"{len(masks)} subjects were")
            raise InvalidRequestError(
                f"{told}: mask is {number}, and {count} found in the portrait", advice="nothing was submitted: 1 is the largest"
            )
        return masks[number - 1]

    def all(self) -> list[str]:
        """Return the ``s3://`` URIs of all masks, largest subject first; none where nobody is in the picture."""
        index = self._place(_INDEX)
        return self._kept(index) or self._keep(index)

    def _place(self, name: str) -> S3Location:
        digest = hashlib.sha256(json.dumps(list(self.identity)).encode()).hexdigest()
        return kept_at(self.hook, f"{_PREFIX}{digest}/{name}", told="the masks of a portrait")

    def _kept(self, index: S3Location, *, look: Callable[..., Any] = seen) -> list[str]:
        """Return the masks that were written down; none where there are none, or somebody has deleted one."""
        if look(self.hook, index) is None:
            return []
        try:
            masks = json.loads(read_small(self.hook, index))["masks"]
            places = [S3Location.from_uri(uri, field="mask") for uri in masks]
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidRequestError(f"{index.uri} is no list of masks", advice="delete it, and clear this task") from error
        if any(seen(self.hook, place) is None for place in places):
            raise InvalidRequestError(
                f"{index.uri} names masks that are not there any more",
                advice="delete it to detect them anew; what was rendered with the old ones is not found again, then",
            )
        return [place.uri for place in places]

    def _keep(self, index: S3Location) -> list[str]:
        """Detect; write the masks down, and the list last: what it names is there."""
        from airflow_provider_omnihuman.media.probe import probe_image

        urls, detection = list(self.detect()), uuid4().hex[:16]
        places = [self._place(f"{detection}/mask-{number}.png") for number in range(1, len(urls) + 1)]
        client = self.hook.get_conn()
        for url, place in zip(urls, places, strict=True):
            download_to_s3(url, client, place, verify=probe_image, extra_args={"ContentType": "image/png"})
        if not places:  # asked again next time: it costs no more than this
            return []
        log.info("%d subject(s) found in the portrait; their masks are kept in %s", len(places), self._place("").uri)
        if seen(self.hook, index) is None:  # for stores that know no conditional writes, the best that can be done
            self._write(client, index, json.dumps({"masks": [place.uri for place in places]}).encode())
        # Not what was found here, if another task was first. What is there may be seen, or the next task would have other masks.
        return self._kept(index, look=head)

    def _write(self, client: Any, index: S3Location, document: bytes) -> None:
        from botocore.exceptions import ClientError

        new = {"Bucket": index.bucket, "Key": index.key, "Body": document, "ContentType": "application/json"}
        try:
            client.put_object(**new, IfNoneMatch="*")
        except ClientError as error:
            if s3_code(error) in _UNCONDITIONAL:
                client.put_object(**new)
            elif s3_code(error) not in _THERE_ALREADY:
                raise
