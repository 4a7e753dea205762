"""The film itself, decoded again: size, length, sound, movement, and the same for the same seed."""

from __future__ import annotations

import hashlib
import io
import time
from pathlib import Path

import av
import emulator_drawing as drawing
import numpy as np
import pytest
from PIL import Image

from airflow_provider_omnihuman.emulator.face import find_face
from airflow_provider_omnihuman.emulator.pictures import read_portrait
from airflow_provider_omnihuman.emulator.render import Scene, render
from airflow_provider_omnihuman.emulator.sound import decode_sound
from airflow_provider_omnihuman.emulator.spoiling import Spoil
from airflow_provider_omnihuman.emulator.subjects import find_subjects


def make(path, picture, seconds=1.0, *, masks=None, **scene):
    portrait = read_portrait(picture)
    masks = find_subjects(portrait) if masks is None else masks
    sound = decode_sound(drawing.voice_wav(seconds))
    render(Scene(portrait.image, masks, sound, **{"resolution": 720, "seed": 7} | scene), path)
    return path


def frames_of(path):
    with av.open(path) as video:
        return [frame.to_ndarray(format="gray") for frame in video.decode(video=0)]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return make(tmp_path_factory.mktemp("film") / "film.mp4", drawing.portrait_png(), 3.0)


def test_streams_are_what_the_service_delivers(film):
    with av.open(film) as video:
        (picture,), (sound,) = video.streams.video, video.streams.audio
        assert (picture.codec_context.name, picture.pix_fmt) == ("h264", "yuv420p")
        assert (picture.width, picture.height) == (720, 960)
        assert picture.average_rate == 25
        assert sound.codec_context.name == "aac"
        assert float(video.duration / av.time_base) == pytest.approx(3.0, abs=0.08)
        assert picture.frames == 75
    data = film.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # fast start


@pytest.mark.parametrize(
    ("size", "resolution", "expected"),
    [((600, 800), 720, (720, 960)), ((600, 800), 1080, (1080, 1440)), ((801, 603), 720, (956, 720))],
)
def test_short_side_is_the_resolution_and_sides_are_even(tmp_path, size, resolution, expected):
    path = make(tmp_path / "film.mp4", drawing.portrait_png(*size), 0.2, resolution=resolution)
    with av.open(path) as video:
        assert (video.streams.video[0].width, video.streams.video[0].height) == expected


def test_sound_is_the_given_one(film):
    with av.open(film) as video:
        decoded = np.concatenate([frame.to_ndarray() for frame in video.decode(audio=0)], axis=1)[0]
    given = decode_sound(drawing.voice_wav(3.0)).samples[0]

    def loudness(samples):
        return np.abs(samples[: 44100 * 3 // 441 * 441]).reshape(-1, 441).mean(axis=1)

    count = min(decoded.size, given.size)
    assert np.corrcoef(loudness(decoded[:count]), loudness(given[:count]))[0, 1] > 0.97


def test_mouth_opens_with_the_sound(film):
    """The dark inside of the mouth shows when it is loud, and is gone when it is silent."""
    portrait = read_portrait(drawing.portrait_png())
    face = find_face(np.asarray(portrait.image), find_subjects(portrait)[0])
    scale = 720 / portrait.image.width
    x, y = face.mouth_x * scale, face.mouth_y * scale
    reach = face.mouth_width * scale / 2
    dark = [
        (frame[int(y - reach / 2) : int(y + reach), int(x - reach) : int(x + reach)] < 70).mean() for frame in frames_of(film)
    ]
    openings = decode_sound(drawing.voice_wav(3.0)).openings(25)
    assert np.corrcoef(dark, openings[: len(dark)])[0, 1] > 0.9
    assert max(dark) > 0.1
    assert min(dark) < 0.02


def test_mouth_is_found_where_it_was_drawn():
    portrait = read_portrait(drawing.portrait_png(600, 800))
    face = find_face(np.asarray(portrait.image), find_subjects(portrait)[0])
    assert face.mouth_x == pytest.approx(300, abs=4)
    assert face.mouth_y == pytest.approx(800 * 0.42 + 0.75 * 120, abs=6)


def test_same_seed_same_bytes_another_seed_another_film(tmp_path):
    def digest(name, seed):
        path = make(tmp_path / name, drawing.portrait_png(), 0.4, seed=seed)
        return hashlib.sha256(path.read_bytes()).hexdigest()

    assert digest("a", 5) == digest("b", 5)
    assert digest("c", 6) != digest("a", 5)


def test_only_the_masked_subject_moves(tmp_path):
    portrait = read_portrait(drawing.duo_png())
    left, right = sorted(find_subjects(portrait), key=lambda mask: np.nonzero(mask)[1].mean())

    def movement(masks):
        path = make(tmp_path / "film.mp4", drawing.duo_png(), 1.0, masks=masks)
        change = np.ptp(np.stack(frames_of(path)), axis=0) > 40
        half = change.shape[1] // 2
        return change[:, :half].sum(), change[:, half:].sum()

    assert movement([left])[0] > 200
    assert movement([left])[1] == 0
    assert movement([right])[1] > 200
    assert movement([right])[0] == 0


def test_picture_is_marked_as_the_emulators(film):
    """Bottom right; the same corner of the portrait is plain."""
    corner = frames_of(film)[0][-40:, -130:]
    assert np.ptp(corner) > 60


def test_fast_mode_is_faster_and_speed_is_enough(tmp_path):
    """At least twice real time here, whatever else the machine does; docs/emulator.md has the measured figure."""

    def cost(*, fast):
        started_s = time.process_time()
        make(tmp_path / "film.mp4", drawing.portrait_png(), 6.0, fast=fast)
        return time.process_time() - started_s

    normal = cost(fast=False)
    assert normal < 3.0
    assert min(cost(fast=True) for _ in range(2)) < normal


def test_any_shape_of_portrait_renders(tmp_path):
    """Faces at the very border, tiny ones, and masks that cover everything."""
    picture = drawing.portrait_png()
    size = read_portrait(picture).image.size[::-1]
    everything, corner, line = np.ones(size, bool), np.zeros(size, bool), np.zeros(size, bool)
    corner[:3, :3] = True
    line[-1, :] = True
    for masks in ([everything], [corner], [line]):
        assert frames_of(make(tmp_path / "film.mp4", picture, 0.4, masks=masks))


@pytest.mark.parametrize("picture_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_pictures_of_other_modes(picture_format, mode):
    if (picture_format, mode) == ("JPEG", "P"):
        pytest.skip("JPEG has no palette")
    image = Image.open(io.BytesIO(drawing.portrait_png())).convert(mode)
    target = io.BytesIO()
    image.save(target, picture_format)
    portrait = read_portrait(target.getvalue())
    assert (portrait.image.mode, portrait.image.size) == ("RGB", (600, 800))
    assert portrait.cutout is None


def test_a_head_close_to_the_edge_draws_no_black_line(tmp_path):
    presenter = (Path(__file__).parents[2] / "dags" / "portraits" / "presenter.png").read_bytes()
    film = make(tmp_path / "film.mp4", presenter, 2.5)
    assert min(int(frame[:4].min()) for frame in frames_of(film)) > 100  # its background is light


def levels(path):
    return [frame.mean() for frame in frames_of(path)]


@pytest.mark.parametrize(("spoil", "level"), [(Spoil.BLACK, 16), (Spoil.REPLACED, 235)])
def test_a_film_can_be_spoilt_by_pictures_of_one_colour(tmp_path, spoil, level):
    path = make(tmp_path / "film.mp4", drawing.portrait_png(), 2.4, spoil=spoil, fast=True)
    spoilt = [index for index, mean in enumerate(levels(path)) if abs(mean - (level - 16) * 255 / 219) < 2]
    assert spoilt == list(range(10, 50))


def test_a_film_can_be_spoilt_by_a_picture_that_stands_still(tmp_path):
    path = make(tmp_path / "film.mp4", drawing.portrait_png(), 2.4, spoil=Spoil.FROZEN, fast=True)
    frames = frames_of(path)
    assert max(abs(frames[index].astype(int) - frames[20]).max() for index in range(20, 50)) < 3
    assert abs(frames[55].astype(int) - frames[20]).max() > 20


def test_a_film_can_be_spoilt_by_silence(tmp_path):
    path = make(tmp_path / "film.mp4", drawing.portrait_png(), 0.6, spoil=Spoil.SILENT, fast=True)
    with av.open(path) as video:
        assert max(abs(frame.to_ndarray()).max() for frame in video.decode(audio=0)) < 1e-4


@pytest.mark.parametrize(
    ("prompt", "spoil"),
    [
        ("emulate-black", Spoil.BLACK),
        ("she nods, emulate-unlabelled.", Spoil.UNLABELLED),
        ("emulate-blackness", None),
        ("", None),
    ],
)
def test_only_a_whole_word_spoils_a_film(prompt, spoil):
    assert Spoil.of(prompt) is spoil
