"""The two sites, and which actions and req_keys each of them serves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

SERVICE = "cv"


class Kind(StrEnum):
    """What a req_key stands for."""

    GENERATE = "generate"
    RECOGNISE = "recognise"
    DETECT = "detect"


class Action(StrEnum):
    """The served actions."""

    SUBMIT = "CVSubmitTask"
    QUERY = "CVGetResult"
    PROCESS = "CVProcess"


# Detection is synchronous, the other two are tasks (facts of the companion calls).
KINDS_OF_ACTION = {
    Action.SUBMIT: {Kind.GENERATE, Kind.RECOGNISE},
    Action.QUERY: {Kind.GENERATE, Kind.RECOGNISE},
    Action.PROCESS: {Kind.DETECT},
}


@dataclass(frozen=True, slots=True)
class Site:
    """One of the vendor's two clouds.

    :param video_in_resp_data: the video's URL lies in the JSON string ``data.resp_data``.
    """

    name: str
    region: str
    version: str
    req_keys: dict[str, Kind]
    video_in_resp_data: bool


MAINLAND = Site(
    name="mainland",
    region="cn-north-1",
    version="2022-08-31",
    req_keys={
        "jimeng_realman_avatar_picture_omni_v15": Kind.GENERATE,
        "jimeng_realman_avatar_picture_create_role_omni_v15": Kind.RECOGNISE,
        "jimeng_realman_avatar_object_detection": Kind.DETECT,
    },
    video_in_resp_data=False,
)
INTERNATIONAL = Site(
    name="international",
    region="ap-singapore-1",
    version="2024-06-06",
    req_keys={
        "realman_avatar_picture_omni15_cv": Kind.GENERATE,
        "realman_avatar_picture_create_role_omni_cv": Kind.RECOGNISE,
        "realman_avatar_object_detection_cv": Kind.DETECT,
    },
    video_in_resp_data=True,
)
SITES = {site.name: site for site in (MAINLAND, INTERNATIONAL)}
EVERY_REQ_KEY = {key for site in SITES.values() for key in site.req_keys}
