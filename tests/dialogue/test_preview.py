"""The preview: each subject in a colour, numbered and named."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from airflow_provider_omnihuman.dialogue.binding import from_left_to_right
from airflow_provider_omnihuman.dialogue.fonts import can_write, font_for
from airflow_provider_omnihuman.dialogue.preview import Seen, preview_jpeg
from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.mask import mask_facts

GREY = (128, 128, 128)


def picture(size=(640, 360), mode="RGB", kind="PNG", **save) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, GREY[0] if mode == "L" else GREY).save(file, kind, **save)
    return file.getvalue()


def seen(*speakers, shape=(90, 160)):
    """Subjects side by side, in equal boxes."""
    masks = {}
    for index in range(len(speakers)):
        pixels = np.zeros(shape, dtype=bool)
        width = shape[1] // len(speakers)
        pixels[shape[0] // 5 :, index * width + 8 : (index + 1) * width - 8] = True
        masks[str(index)] = pixels
    subjects = from_left_to_right([(url, mask_facts(pixels, source=url)) for url, pixels in masks.items()])
    return [
        Seen(subject, masks[subject.mask_url], speaker, "2 lines") for subject, speaker in zip(subjects, speakers, strict=True)
    ]


def pixels_of(jpeg: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return np.asarray(image).astype(int)


def test_each_speaker_is_tinted_in_a_colour_and_the_silent_in_grey():
    pixels = pixels_of(preview_jpeg(picture(), seen("Anna", "Ben", None)))
    height, width, _ = pixels.shape
    anna, ben, silent = (pixels[int(height * 0.4), int(width * place)] for place in (1 / 6, 1 / 2, 5 / 6))
    assert anna[2] > anna[0] + 20, "blue"
    assert ben[0] > ben[2] + 20, "red"
    assert np.ptp(silent) < 20
    assert (abs(pixels[int(height * 0.05)] - GREY[0]) < 12).all(), "what is nobody stays as it is"


def test_names_and_numbers_are_written_where_they_are_told_apart():
    def widths(*names):
        """How many columns each plate takes, by its white."""
        plates = (pixels_of(preview_jpeg(picture((480, 320)), seen(*names))) > 235).all(axis=-1).any(axis=0)
        return [int(half.sum()) for half in np.array_split(plates, 2)]

    short, long = widths("A", "B"), widths("Anna M", "B")
    assert long[0] > short[0] + 20, "a longer name has a longer plate"
    assert long[1] == pytest.approx(short[1], abs=3)


def plates_of(pixels):
    """Return the rows and the columns that are a plate's, by its white."""
    white = (pixels > 235).all(axis=-1)
    return np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))


@pytest.mark.parametrize(("name", "size"), [("Maximiliane Theodora von und zu " * 3, (640, 360)), ("A" * 5000, (100, 1000))])
def test_a_name_that_is_too_long_is_cut_and_its_plate_ends_in_the_picture(name, size):
    pixels = pixels_of(preview_jpeg(picture(size), seen(name)))
    assert plates_of(pixels)[1].max() < pixels.shape[1] - 2


def test_plates_stay_in_a_low_picture():
    one = seen("Anna")[0]
    everyone = [dataclasses.replace(one, subject=dataclasses.replace(one.subject, number=number)) for number in range(1, 5)]
    rows, _ = plates_of(pixels_of(preview_jpeg(picture((1280, 160)), everyone)))
    assert 1 + (np.diff(rows) > 1).sum() == 4


def test_plates_do_not_cover_each_other():
    everyone = seen("A name that is quite long", "Another name that is long", "And a third one that is")
    plates = (pixels_of(preview_jpeg(picture((300, 900)), everyone)) > 235).all(axis=-1)
    rows = np.flatnonzero(plates.any(axis=1))
    assert 1 + (np.diff(rows) > 1).sum() == 3, "one above the other"


@pytest.mark.parametrize("size", [(40, 40), (64, 1200), (4000, 300)])
def test_pictures_of_any_shape_are_of_a_size_to_look_at(size):
    height, width, _ = pixels_of(preview_jpeg(picture(size), seen("Anna"))).shape
    assert max(width, height) <= 1280
    assert width / height == pytest.approx(size[0] / size[1], rel=0.1)


def test_a_photo_that_lies_on_its_side_is_put_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90°
    height, width, _ = pixels_of(preview_jpeg(picture(kind="JPEG", exif=exif), seen("Anna", shape=(160, 90)))).shape
    assert height > width


def test_a_name_without_letters_here_is_left_out_and_the_number_stays():
    unknown = "\U00012000"  # cuneiform, in no font that is looked for
    assert not can_write(unknown)
    assert pixels_of(preview_jpeg(picture(), seen(unknown))).any()
    assert font_for("Anna", size=20).size == 20


@pytest.mark.parametrize("data", [b"", b"no picture", picture()[:200]])
def test_what_is_no_picture_is_refused(data):
    with pytest.raises(MediaError, match="the portrait is no JPG or PNG"):
        preview_jpeg(data, seen("Anna"))
