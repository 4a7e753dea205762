"""The poster, judged by decoding it."""

import io

import numpy as np
import pytest
from PIL import Image

from airflow_provider_omnihuman.media.poster import poster_jpeg
from tests.media.media_files import make_video

# media_files.picture() counts the pictures in the blue channel, 255 after 50.
BLUE_OF_ONE_PICTURE = 255 / 50


def blue(jpeg):
    return np.asarray(Image.open(io.BytesIO(jpeg)))[..., 2].mean()


def test_it_is_the_picture_a_third_into_the_video(video):
    jpeg = poster_jpeg(video)
    image = Image.open(io.BytesIO(jpeg))
    assert (image.format, image.size) == ("JPEG", (320, 180))
    assert blue(jpeg) == pytest.approx(17 * BLUE_OF_ONE_PICTURE, abs=6)


def test_its_colours_are_those_of_the_video(video):
    image = np.asarray(Image.open(io.BytesIO(poster_jpeg(video)))).astype(float)
    assert image[90, 310, 0] > 235  # the gradient is red on the right
    assert image[90, 10, 0] < 20
    assert image[170, 160, 1] > 225  # and green at the foot


def test_a_black_picture_is_passed_over(tmp_path):
    path = make_video(tmp_path / "fade.mp4", black=lambda second: second < 0.9)
    assert blue(poster_jpeg(path)) == pytest.approx(25 * BLUE_OF_ONE_PICTURE, abs=6)


def test_a_video_that_is_black_throughout_has_a_black_poster(tmp_path):
    path = make_video(tmp_path / "night.mp4", black=lambda _second: True)
    assert np.asarray(Image.open(io.BytesIO(poster_jpeg(path)))).max() < 10


def test_a_single_picture_is_enough(tmp_path):
    assert poster_jpeg(make_video(tmp_path / "blink.mp4", seconds=0.04, sound=False))
