"""The two sites of the service, as data: mainland (Volcengine) and international (BytePlus)."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_omnihuman.api.errors import InvalidConnectionError

__all__ = ["INTERNATIONAL", "MAINLAND", "SERVICE", "SITES", "Site", "site_named"]

SERVICE = "cv"
"""The service name in the signature's scope, on both sites (reference page, Header)."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where and under which names the API is served.

    :param name: as a connection's ``site`` says it
    :param endpoint: base URL
    :param region: of the signature's scope
    :param version: the ``Version`` query parameter
    :param generate: ``req_key`` of the avatar video
    :param recognize: ``req_key`` of subject recognition
    :param detect: ``req_key`` of subject detection
    :param sts_endpoint: base URL of STS, where roles are assumed
    :param sts_region: of the scope of its signatures
    :param console_url: where a person looks at keys, quotas and bills
    """

    name: str
    endpoint: str
    region: str
    version: str
    generate: str
    recognize: str
    detect: str
    sts_endpoint: str
    sts_region: str
    console_url: str


MAINLAND = Site(
    # The reference page, and the vendor's pages of the companion calls.
    name="mainland",
    endpoint="https://visual.volcengineapi.com",
    region="cn-north-1",
    version="2022-08-31",
    generate="jimeng_realman_avatar_picture_omni_v15",
    recognize="jimeng_realman_avatar_picture_create_role_omni_v15",
    detect="jimeng_realman_avatar_object_detection",
    sts_endpoint="https://sts.volcengineapi.com",  # volcengine.com/docs/6257/86374, and volcengine.sts.StsService
    sts_region="cn-north-1",
    console_url="https://console.volcengine.com/",
)

INTERNATIONAL = Site(
    # BytePlus's pages; the result's URL comes in data.resp_data there.
    name="international",
    endpoint="https://cv.byteplusapi.com",
    region="ap-singapore-1",
    version="2024-06-06",
    generate="realman_avatar_picture_omni15_cv",
    recognize="realman_avatar_picture_create_role_omni_cv",
    detect="realman_avatar_object_detection_cv",
    sts_endpoint="https://sts.byteplusapi.com",  # ? BytePlus's SDK and command line; its page says open.byteplusapi.com
    sts_region="ap-southeast-1",  # ? likewise; the page's example is signed for cn-north-1
    console_url="https://console.byteplus.com/",
)

SITES = {site.name: site for site in (MAINLAND, INTERNATIONAL)}


def site_named(name: str) -> Site:
    """Return the site of that name.

    :raises InvalidConnectionError: names the field and the values allowed
    """
    try:
        return SITES[name]
    except (KeyError, TypeError) as error:
        raise InvalidConnectionError(f"site must be one of {', '.join(SITES)}, not {name!r}") from error
