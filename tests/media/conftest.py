"""Files that many tests read."""

import json

import pytest

from tests.media.media_files import LABEL, make_video


@pytest.fixture(scope="session")
def video(tmp_path_factory):
    return make_video(tmp_path_factory.mktemp("video") / "plain.mp4")


@pytest.fixture(scope="session")
def labelled_video(tmp_path_factory):
    tags = {"AIGC": json.dumps(LABEL)}
    return make_video(tmp_path_factory.mktemp("video") / "labelled.mp4", tags=tags, movflags="use_metadata_tags")
