"""What is seen: a film that fails each check of the pictures, and what must not be a false alarm."""

import io
import math

import av
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance

from airflow_provider_omnihuman.media.joining import Clip, join_videos
from tests.media.quality.films import FPS, LABEL, RATE, SIZE, TAGS, card, film, head, wav

BLACK = Image.new("RGB", SIZE)
SECONDS = 4.0


def shown(pictures, **options):
    """A silent film of these pictures."""
    return film(**{"sound": None, "seconds": SECONDS, "pictures": pictures} | options)


def between(start_s, end_s, other):
    """The head, and something else for some time."""
    return lambda number: other if start_s * FPS <= number < end_s * FPS else head(number)


def test_a_good_film_passes_everything(findings, voice):
    found = findings(film(sound=voice, tags=TAGS), aigc_meta=LABEL)
    assert {name: finding.message for name, finding in found.items() if not finding.passed} == {}
    assert len(found) == 10
    assert found["readable"].message == "all 150 pictures decode, and all of the sound"


def test_a_damaged_film_is_not_readable_and_says_where(findings, good_film):
    middle = good_film.find(b"mdat") + (len(good_film) - good_film.find(b"mdat")) // 3
    damaged = good_film[:middle] + bytes(300) + good_film[middle + 300 :]
    found = findings(damaged, "readable")["readable"]
    assert found.passed is False
    assert found.value["damaged"] >= 1
    assert "damaged, at 0:0" in found.message


def test_a_film_whose_end_is_missing_is_not_readable(findings, tmp_path):
    whole = shown(head, seconds=2.0)
    cut = _with_index_first(whole, tmp_path)[: len(whole) * 2 // 3]
    found = findings(cut, "readable")["readable"]
    assert found.passed is False
    assert found.value["missing"] > 5
    assert "of the 50 pictures in its index are missing" in found.message


def _with_index_first(mp4, folder):
    """Move the index before the pictures, as films for the web have it, so that a film that breaks off can be opened."""
    path = folder / "film.mp4"
    with av.open(io.BytesIO(mp4)) as before, av.open(str(path), "w", options={"movflags": "faststart"}) as after:
        streams = {stream.index: after.add_stream_from_template(stream) for stream in before.streams}
        for packet in before.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                after.mux(packet)
    return path.read_bytes()


@pytest.mark.parametrize("cut_s", [0.5, 2.5], ids=["within the first group", "after it"])
def test_pictures_that_an_edit_list_cuts_off_are_not_missing(findings, voice, cut_s):
    cut = _beginning_later(film(sound=voice, g="50"), cut_s)
    found = findings(cut, "readable", "duration", "soundtrack", audio=wav(voice[round(cut_s * RATE) :]))
    assert {name: finding.message for name, finding in found.items() if not finding.passed} == {}


def _beginning_later(mp4, seconds):
    """Cut a film as players and FFmpeg do without encoding it anew: all is there, and its edit list tells where to begin."""
    target = io.BytesIO()
    with av.open(io.BytesIO(mp4)) as before, av.open(target, "w", "mp4", options={"avoid_negative_ts": "disabled"}) as after:
        streams = {stream.index: after.add_stream_from_template(stream) for stream in before.streams}
        for packet in before.demux():
            if packet.dts is not None:
                shift = round(seconds / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - shift, packet.dts - shift, streams[packet.stream.index]
                after.mux(packet)
    return target.getvalue()


def test_another_resolution_than_asked_for_fails(findings, good_film):
    assert findings(good_film, "resolution")["resolution"].passed
    found = findings(good_film, "resolution", short_side=720)["resolution"]
    assert found.passed is False
    assert "short side has 180 pixels, asked for were 720" in found.message


def test_a_portrait_format_is_measured_by_its_short_side_too(findings):
    upright = shown(lambda number: head(number, size=(180, 320)), seconds=0.5)
    assert findings(upright, "resolution")["resolution"].passed


def test_another_frame_rate_than_expected_fails(findings, good_film):
    assert findings(good_film, "fps")["fps"].passed
    found = findings(good_film, "fps", fps=30)["fps"]
    assert (found.passed, found.value) == (False, 25.0)


def test_pictures_that_are_held_leave_the_frame_rate_as_it_is(findings):
    held = shown(head, ticks=lambda number: number + (20 if number > 50 else 0))
    assert findings(held, "fps")["fps"].passed


@pytest.mark.parametrize(("seconds", "passed"), [(6.0, True), (5.88, True), (5.6, False), (6.4, False)])
def test_a_film_lasts_as_long_as_its_audio(findings, seconds, passed):
    found = findings(shown(head, seconds=seconds), "duration")["duration"]
    assert found.passed is passed
    assert found.expected == {"seconds": 6.0, "tolerance": 0.2}
    assert f"the film lasts {seconds:.2f} s, its audio 6.00 s" in found.message


def test_without_the_audio_its_recorded_length_is_taken(findings):
    mp4 = shown(head)
    assert findings(mp4, "duration", audio=None, audio_s=4.1)["duration"].passed
    assert findings(mp4, "duration", audio=None, audio_s=5.1)["duration"].passed is False


@pytest.mark.parametrize(("length_s", "passed"), [(1.0, True), (1.2, False)])
def test_a_long_black_stretch_fails_and_says_where(findings, length_s, passed):
    found = findings(shown(between(1, 1 + length_s, BLACK)), "black")["black"]
    assert found.passed is passed
    assert ("the screen is black at 0:01.0–0:02.2 (1.2 s)" in found.message) is not passed


def test_a_film_that_ends_in_black_fails(findings):
    found = findings(shown(between(2.4, 9, BLACK)), "black", "replacement")
    assert found["black"].value == [[2.4, 4.0]]
    assert found["replacement"].passed, "it is told once"


@pytest.mark.parametrize(("length_s", "passed"), [(0.96, True), (1.2, False)])
def test_a_long_frozen_stretch_fails_and_says_where(findings, length_s, passed):
    found = findings(shown(between(1, 1 + length_s, head(25))), "frozen")["frozen"]
    assert found.passed is passed, found.message
    assert ("the picture stands still at 0:01.0–0:02.2 (1.2 s)" in found.message) is not passed


def test_one_picture_that_is_held_is_frozen_too(findings):
    held = shown(head, ticks=lambda number: number + (35 if number > 50 else 0))
    found = findings(held, "frozen")["frozen"]
    assert found.passed is False
    assert found.value[0] == [pytest.approx(2.0), pytest.approx(3.44)]


@pytest.mark.parametrize(("pause_s", "passed"), [(1.0, True), (1.4, False)])
def test_a_film_that_was_joined_may_have_pauses_of_a_second(findings, voice, tmp_path, pause_s, passed):
    spoken = [voice[: round(1.9 * RATE)], voice[round(1.9 * RATE) : 4 * RATE]]
    clips = [film(sound=sound, seconds=2) for sound in spoken]
    whole = np.concatenate([spoken[0], np.zeros(round(pause_s * RATE)), spoken[1]])
    target = tmp_path / "joined.mp4"
    join_videos([Clip(clips[0], duration_s=1.9, pause_s=pause_s), Clip(clips[1], duration_s=2.1)], target)
    found = findings(target.read_bytes(), audio=wav(whole))
    failed = [name for name, finding in found.items() if finding.passed is False]
    assert failed == ([] if passed else ["frozen"]), found["frozen"].message


@pytest.mark.parametrize("options", [{"qp": "35"}, {"qp": "28", "g": "50"}], ids=["coarse", "with key frames"])
def test_an_encoder_that_retouches_a_still_picture_does_not_hide_it(findings, options):
    still = head(25, size=(640, 360))
    mp4 = shown(lambda number: still if number >= 25 else head(number, size=(640, 360)), **options)
    assert findings(mp4, "frozen")["frozen"].passed is False


def test_a_portrait_of_which_only_the_mouth_moves_is_not_frozen(findings):
    large = (1280, 720)
    mp4 = shown(lambda number: _small_mouth(large, number), fps=10)
    assert findings(mp4, "frozen", "replacement")["frozen"].passed


def _small_mouth(size, number):
    image = head(size=size).copy()
    gap = 1 + round(6 * abs(math.sin(number / 2)))
    image.paste((110, 30, 40), (630, 400 - gap, 650, 400 + gap))  # 20 pixels wide, of 1280
    return image


def test_a_portrait_that_only_breathes_in_a_pause_is_not_frozen(findings):
    def breathing(number):
        scale = 1 + 0.0015 * (1 - math.cos(2 * math.pi * number / (3 * FPS)))  # 0.3 % larger at the height of a breath
        width, height = SIZE
        shift = ((1 - 1 / scale) * width / 2, (1 - 1 / scale) * height / 2)
        return head().transform(
            SIZE, Image.Transform.AFFINE, (1 / scale, 0, shift[0], 0, 1 / scale, shift[1]), Image.Resampling.BICUBIC
        )

    assert findings(shown(breathing), "frozen")["frozen"].passed


@pytest.mark.parametrize(
    "other",
    [card(), card(colour=(214, 222, 230)), Image.new("RGB", SIZE, (128, 128, 128)), Image.effect_noise(SIZE, 80).convert("RGB")],
    ids=["card", "card of the background's colour", "grey", "noise"],
)
def test_something_else_in_place_of_the_portrait_fails_and_says_where(findings, other):
    found = findings(shown(between(2, 2.8, other)), "replacement")["replacement"]
    assert found.passed is False
    assert "it does not show the portrait at 0:02.0–" in found.message
    assert found.value == [[pytest.approx(2.0, abs=0.11), pytest.approx(2.8, abs=0.11)]]


def test_without_a_portrait_cards_are_found_all_the_same(findings):
    found = findings(shown(between(2, 4, card())), "replacement", portraits=())["replacement"]
    assert found.passed is False
    fine = findings(shown(head, seconds=0.5), "replacement", portraits=())["replacement"]
    assert fine.passed
    assert "compared with empty pictures and cards only" in fine.message


def test_a_film_of_several_portraits_may_show_any_of_them(findings):
    other = Image.effect_noise(SIZE, 80).convert("RGB")
    assert findings(shown(between(2, 4, other)), "replacement", portraits=(head(), other))["replacement"].passed


@pytest.mark.parametrize("radius", [37, 39])
def test_a_small_figure_before_a_white_wall_is_no_card(findings, radius):
    def figure(radius):
        image = Image.new("RGB", SIZE, "white")
        ImageDraw.Draw(image).ellipse((160 - radius, 90 - radius, 160 + radius, 90 + radius), fill=(230, 120, 40))
        return image

    mp4 = shown(lambda _: figure(radius - 2), fps=5)
    assert findings(mp4, "replacement", portraits=(figure(radius),))["replacement"].passed


@pytest.mark.parametrize("factor", [1.5, 2.0], ids=["near", "very near"])
def test_a_camera_that_moves_in_shows_the_portrait_still(findings, factor):
    width, height = (round(side / factor) for side in SIZE)
    box = ((SIZE[0] - width) // 2, 20, (SIZE[0] + width) // 2, 20 + height)
    mp4 = shown(lambda number: head(number).resize(SIZE, box=box), fps=5)
    assert findings(mp4, "replacement", limits={"portrait_likeness": 0.65})["replacement"].passed


def test_a_light_that_is_dimmed_shows_the_portrait_still(findings):
    dimmed = ImageEnhance.Brightness(head()).enhance(0.6)
    assert findings(shown(lambda _: dimmed, fps=5), "replacement")["replacement"].passed


@pytest.mark.parametrize(
    ("tags", "told"),
    [({}, "there is no label in the file"), ({"AIGC": '{"Label": "1", "ProduceID": "p"}'}, "ProduceID is 'p'")],
    ids=["none", "another"],
)
def test_a_label_other_than_asked_for_fails(findings, tags, told):
    found = findings(shown(head, seconds=0.2, tags=tags), "label", aigc_meta=LABEL)["label"]
    assert found.passed is False
    assert told in found.message


def test_what_nobody_asked_for_is_not_run_and_says_why(findings):
    mp4 = shown(head, seconds=0.2)
    found = findings(mp4, audio=None, short_side=None, fps=None)
    not_run = {name: finding.message for name, finding in found.items() if finding.passed is None}
    assert not_run == {
        "resolution": "not run: no output_resolution is known",
        "fps": "not run: the service takes no frame rate, and no fps was given to compare with",
        "duration": "not run: no audio_url is known",
        "soundtrack": "not run: no audio_url is known",
        "label": "not run: no aigc_meta was asked for",
    }
