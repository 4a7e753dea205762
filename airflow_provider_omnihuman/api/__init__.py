"""The OmniHuman 1.5 API for any Python program: no Airflow in here.

Example::

    from airflow_provider_omnihuman.api import Credentials, OmniHumanClient, VideoRequest

    with OmniHumanClient(Credentials("AKLT…", "…")) as client:
        task_id = client.submit(VideoRequest(image_url="https://…", audio_url="https://…")).task_id
        video = client.wait(task_id, on_progress=print)
        client.download(video, "video.mp4")

Each name is imported when it is first used: a Dag file that needs the errors only does not pay for the client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_omnihuman.api.client import AsyncOmniHumanClient, OmniHumanClient
    from airflow_provider_omnihuman.api.conversations import Conversation, Conversations, Pause
    from airflow_provider_omnihuman.api.errors import OmniHumanError
    from airflow_provider_omnihuman.api.models import (
        AigcMeta,
        Subjects,
        Submission,
        TaskReply,
        TaskStatus,
        Video,
        VideoRequest,
    )
    from airflow_provider_omnihuman.api.schedule import PollSchedule
    from airflow_provider_omnihuman.api.signing import Credentials
    from airflow_provider_omnihuman.api.sites import INTERNATIONAL, MAINLAND, Site
    from airflow_provider_omnihuman.api.sts import Role
    from airflow_provider_omnihuman.api.waiting import Progress, Wait

__all__ = [
    "INTERNATIONAL",
    "MAINLAND",
    "AigcMeta",
    "AsyncOmniHumanClient",
    "Conversation",
    "Conversations",
    "Credentials",
    "OmniHumanClient",
    "OmniHumanError",
    "Pause",
    "PollSchedule",
    "Progress",
    "Role",
    "Site",
    "Subjects",
    "Submission",
    "TaskReply",
    "TaskStatus",
    "Video",
    "VideoRequest",
    "Wait",
]

_HOMES = {
    "INTERNATIONAL": "sites",
    "MAINLAND": "sites",
    "AigcMeta": "models",
    "AsyncOmniHumanClient": "client",
    "Conversation": "conversations",
    "Conversations": "conversations",
    "Credentials": "signing",
    "OmniHumanClient": "client",
    "OmniHumanError": "errors",
    "Pause": "conversations",
    "PollSchedule": "schedule",
    "Progress": "waiting",
    "Role": "sts",
    "Site": "sites",
    "Subjects": "models",
    "Submission": "models",
    "TaskReply": "models",
    "TaskStatus": "models",
    "Video": "models",
    "VideoRequest": "models",
    "Wait": "waiting",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
