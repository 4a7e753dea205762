"""A request as a Dag gives it: rendered arguments become what is sent, what identifies it, and what may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_omnihuman.api.conversations import Conversations
from airflow_provider_omnihuman.api.errors import InvalidRequestError
from airflow_provider_omnihuman.api.models import VideoRequest
from airflow_provider_omnihuman.api.urls import without_query
from airflow_provider_omnihuman.ledger.fingerprint import fingerprint_of
from airflow_provider_omnihuman.operators.inputs import MediaInputs
from airflow_provider_omnihuman.operators.parameters import optional_boolean, optional_integer, optional_text, url_list
from airflow_provider_omnihuman.operators.reach import reach_warnings

__all__ = ["PreparedRequest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """One request, built from templated arguments.

    :param request: as it would be sent, its ``s3://`` inputs presigned
    :param given: its inputs as the user gave them, by the names of ``request.urls``
    :param inputs: reads them
    """

    request: VideoRequest
    given: dict[str, str]
    inputs: MediaInputs

    @classmethod
    def build(cls, arguments: Mapping[str, Any], *, inputs: MediaInputs) -> PreparedRequest:
        """Return the request that an operator's arguments ask for.

        :param arguments: rendered, under the names of :class:`VideoRequest`
        :raises InvalidRequestError: names the argument and its value
        """
        masks = url_list(arguments["mask_url"], field="mask_url")
        given = {"image_url": arguments["image_url"], "audio_url": arguments["audio_url"]}
        given |= {f"mask_url[{index}]": url for index, url in enumerate(masks)}
        urls = {name: inputs.url(url, field=name) for name, url in given.items()}
        optional: dict[str, Any] = {
            "seed": optional_integer(arguments["seed"], field="seed"),
            "output_resolution": optional_integer(arguments["output_resolution"], field="output_resolution"),
            "pe_fast_mode": optional_boolean(arguments["pe_fast_mode"], field="pe_fast_mode"),
        }
        request = VideoRequest(
            image_url=urls.pop("image_url"),
            audio_url=urls.pop("audio_url"),
            mask_url=tuple(urls.values()),
            prompt=optional_text(arguments["prompt"], field="prompt"),
            # What nobody gave has the API's default, and counts in the fingerprint as if it had been given.
            **{name: value for name, value in optional.items() if value is not None},
        )
        return cls(request=request, given=given, inputs=inputs)

    def fingerprint(self, *, conn_id: str, api: Conversations) -> str:
        """Return what is equal exactly where the same video would be rendered again; reads the ETags of ``s3://`` inputs.

        :param conn_id: the connection
        :param api: site and endpoint
        :raises InvalidRequestError: an input is not there
        """
        identities = {name: self.inputs.identity(url, field=name) for name, url in self.given.items()}
        return fingerprint_of(
            self.request, identities=identities, conn_id=conn_id, endpoint=api.base_url, req_key=api.site.generate
        )

    def check(self, *, read: bool, max_billed_s: float | None) -> float | None:
        """Refuse, before anything is paid, what the service would refuse or what would cost too much.

        :param read: read the portrait and the audio
        :param max_billed_s: the longest audio that may be paid for, seconds; None for any
        :return: the length of the audio in seconds, None where it could not be read
        :raises InvalidRequestError: says what is wrong, with which value
        """
        request, audio_s = self.request, None
        if read:
            self.inputs.check_image(request.image_url, shown=without_query(self.given["image_url"]))
        if read or max_billed_s is not None:
            audio_s = self.inputs.check_audio(request.audio_url, shown=without_query(self.given["audio_url"]))
        if max_billed_s is not None:
            self._check_budget(audio_s, max_billed_s)
        return audio_s

    def warnings(self, *, endpoint: str) -> list[str]:
        """Return what the service would take, but probably not as meant.

        :param endpoint: of the service
        """
        return [*self.request.warnings, *reach_warnings(self.request.urls, endpoint=endpoint)]

    def facts(self) -> dict[str, Any]:
        """Return the request as it may be shown and kept: inputs as the user gave them, queries left out."""
        image_url, audio_url, *masks = (without_query(url) for url in self.given.values())
        return {**self.request.facts(), "image_url": image_url, "audio_url": audio_url, **({"mask_url": masks} if masks else {})}

    def _check_budget(self, audio_s: float | None, max_billed_s: float) -> None:
        audio = f"audio_url {without_query(self.given['audio_url'])}"
        if audio_s is None:
            raise InvalidRequestError(
                f"the length of {audio} is not known, so max_billed_seconds={max_billed_s:g} cannot be kept",
                advice="give an audio that this worker can read, or leave max_billed_seconds out",
            )
        if audio_s > max_billed_s:
            raise InvalidRequestError(
                f"{audio} lasts {audio_s:.2f} s, and each second is billed; max_billed_seconds is {max_billed_s:g}",
                advice="nothing was submitted: shorten the text, or raise max_billed_seconds",
            )
