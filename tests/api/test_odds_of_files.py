"""Where a download goes, and what it brings: a link that leads elsewhere, a reply that holds nothing."""

from __future__ import annotations

import pytest

from airflow_provider_omnihuman.api import Credentials, OmniHumanClient, Video
from airflow_provider_omnihuman.api.download import Patience
from airflow_provider_omnihuman.api.errors import DownloadError
from tests.api.range_server import Reply, range_server

HURRIED = Patience(pauses_s=(0.0,), connect_timeout_s=5, read_timeout_s=5)


def download(url, path):
    video = Video(task_id="7", video_url=url, aigc_meta_tagged=None, request_id="r", asked_at=0.0)
    with OmniHumanClient(Credentials("AK", "SK")) as client:
        return client.download(video, path, patience=HURRIED)


@pytest.mark.parametrize("headers", [{}, {"Content-Length": None}], ids=["announced", "not announced"])
def test_an_empty_file_is_no_video(tmp_path, headers):
    with range_server(Reply(b"", headers=headers)) as server, pytest.raises(DownloadError):
        download(server.url, tmp_path / "video.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_replaced_and_what_it_leads_to_is_left_alone(tmp_path):
    other, link = tmp_path / "other.mp4", tmp_path / "video.mp4"
    other.write_bytes(b"another video")
    link.symlink_to(other)
    with range_server(Reply(b"video")) as server:
        assert download(server.url, link).read_bytes() == b"video"
    assert other.read_bytes() == b"another video"
