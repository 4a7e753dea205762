"""Where a mask's subject is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from airflow_provider_omnihuman.media.errors import MediaError
from airflow_provider_omnihuman.media.mask import MaskFacts, mask_facts, mask_pixels


def png(mode: str, pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8), mode).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def marked() -> np.ndarray:
    """A box in the left half of a picture of 40×20."""
    marked = np.zeros((20, 40), dtype=bool)
    marked[5:15, 4:12] = True
    return marked


def test_white_is_the_subject(marked):
    assert (mask_pixels(png("L", marked * 255)) == marked).all()
    assert (mask_pixels(png("RGB", np.dstack([marked * 255, marked * 0, marked * 0]))) == marked).all(), "or any bright colour"


def test_what_is_not_transparent_is_the_subject(marked):
    assert (mask_pixels(png("RGBA", np.dstack([marked * 0, marked * 0, marked * 0, marked * 255]))) == marked).all()


def test_places_are_parts_of_the_picture(marked):
    facts = mask_facts(marked, source="m.png")
    assert facts == MaskFacts(pytest.approx(0.2), pytest.approx(0.5), 0.1, 0.25, 0.3, 0.75, 0.1)


def test_a_mask_that_marks_nothing_is_refused(marked):
    with pytest.raises(MediaError, match="m.png marks nothing"):
        mask_facts(~marked & marked, source="m.png")


def test_what_is_no_picture_is_refused():
    with pytest.raises(MediaError):
        mask_pixels(b"no picture")
