"""What the demo leaves at its end."""

from __future__ import annotations

import pytest
from PIL import Image

from airflow_provider_omnihuman.demo.failures import DemoError
from airflow_provider_omnihuman.demo.report import print_result, save_poster
from airflow_provider_omnihuman.demo.verification import VerifiedVideo

COLOURS = ("red", "lime", "blue", "yellow", "white")


@pytest.fixture
def videos(tmp_path):
    """Videos whose posters are of one colour each."""

    def make(count, *, labelled=False):
        made = []
        for number, colour in enumerate(COLOURS[:count]):
            poster = tmp_path / f"{number}.png"
            Image.new("RGB", (1280, 720), colour).save(poster)
            local = tmp_path / f"{number}.mp4"
            made.append(VerifiedVideo(f"s3://b/{number}.mp4", str(number), local, poster, 2.0, labelled and number == 0))
        return made

    return make


@pytest.mark.parametrize(
    ("count", "seen"),
    [
        (1, {(240, 135): "red"}),
        (2, {(120, 20): "red", (120, 250): "red", (360, 135): "lime"}),
        (3, {(80, 135): "red", (240, 135): "lime", (400, 135): "blue"}),
        (5, {(120, 60): "red", (360, 60): "lime", (120, 200): "blue", (360, 200): "yellow"}),
    ],
)
def test_the_picture_shows_as_many_posters_as_there_is_room_for(videos, tmp_path, count, seen):
    target = tmp_path / "pictures" / "all.png"
    save_poster(videos(count), target)

    with Image.open(target) as picture:
        assert picture.size == (480, 270)
        shown = {place: picture.getpixel(place) for place in seen}
    assert shown == {place: Image.new("RGB", (1, 1), colour).getpixel((0, 0)) for place, colour in seen.items()}


def test_without_any_poster_there_is_no_picture(tmp_path):
    with pytest.raises(DemoError, match="no poster to save"):
        save_poster([VerifiedVideo("s3://b/0.mp4", "0", tmp_path / "0.mp4", None, 2.0)], tmp_path / "no.jpg")


def test_each_video_has_its_lines(videos, capsys):
    print_result("story", videos(2, labelled=True), billed_s=4.0, seconds=61.2)

    lines = capsys.readouterr().out.splitlines()
    assert "Dag       story" in lines
    assert "archived  s3://b/0.mp4" in lines
    assert "          s3://b/1.mp4" in lines
    assert "AIGC label is in 1 of 2" in lines[-2]
    assert "4.0 s of video" in "\n".join(lines)


def test_pages_about_the_videos_are_named(videos, tmp_path, capsys):
    print_result("story", videos(1), billed_s=2.0, seconds=1.0, reports=[tmp_path / "story-report.html"])
    assert f"report    {tmp_path / 'story-report.html'}" in capsys.readouterr().out.splitlines()


def test_a_film_that_no_task_has_made_has_no_task_id(tmp_path, capsys):
    print_result("story", [VerifiedVideo("s3://b/f.mp4", None, tmp_path / "f.mp4", None, 9.0)], billed_s=9.0, seconds=1.0)
    assert "task id" not in capsys.readouterr().out
