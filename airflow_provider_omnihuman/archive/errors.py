"""What can go wrong while a video is archived; part of the tree in ``api.errors``."""

from __future__ import annotations

from airflow_provider_omnihuman.api.error_codes import Retry
from airflow_provider_omnihuman.api.errors import OmniHumanError

__all__ = ["ArchiveError", "DownloadError"]


class ArchiveError(OmniHumanError):
    """The video cannot be archived as asked: wrong place, or a file that is not the video that was ordered."""


class DownloadError(ArchiveError):
    """The video's bytes did not arrive whole; a fresh URL may deliver them."""

    default_retry = Retry.ASK_AGAIN
