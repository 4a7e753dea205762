"""The OmniHuman 1.5 API for any Python program: no Airflow in here.

Example::

    from airflow_provider_omnihuman.api import Credentials, OmniHumanClient, VideoRequest, Wait

    with OmniHumanClient(Credentials("AKLT…", "…")) as client:
        job = client.perform(client.api.submit(VideoRequest(image_url="https://…", audio_url="https://…")))
        video = client.perform(client.api.wait_until_done(job.task_id, wait=Wait(deadline=time.time() + 7200)))
"""

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
    "Site",
    "Subjects",
    "Submission",
    "TaskReply",
    "TaskStatus",
    "Video",
    "VideoRequest",
    "Wait",
]
