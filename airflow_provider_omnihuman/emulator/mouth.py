"""Draws a mouth that is open so far: the jaw pulled down, darkness and teeth between the lips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from airflow_provider_omnihuman.emulator.planes import Field, Plane, Planes, Window

if TYPE_CHECKING:
    from airflow_provider_omnihuman.emulator.face import Face

JAW = 0.62  # how far a jaw drops, in widths of the mouth
# Luma and the two chroma values (BT.601) of the inside of a mouth, and of teeth.
_INSIDE = (38.0, 122.0, 150.0)
_TEETH = (205.0, 124.0, 132.0)


def mouth_window(face: Face, size: tuple[int, int]) -> Window:
    """Return the part of the picture that a mouth changes."""
    half, jaw = 0.5 * face.mouth_width, JAW * face.mouth_width
    x, y = face.mouth_x, face.mouth_y
    return Window.around(x - 2.4 * half, y - 0.8 * jaw, x + 2.4 * half, y + 2.2 * jaw, size)


def draw_mouth(closed: Planes, face: Face, window: Window, opening: float) -> tuple[Field, Field, Field]:
    """Return the window of each plane with the mouth open, 0 to 1.

    :param closed: the still picture.
    """
    half, jaw = face.mouth_width * (0.47 - 0.06 * opening), JAW * face.mouth_width
    drawn = []
    for index, (plane, step) in enumerate(closed.each()):
        x, y = window.grid(step)
        across, down = (x - face.mouth_x) / half, y - face.mouth_y
        gap = 0.8 * jaw * opening * np.sqrt(np.clip(1 - across**2, 0, 1))
        pull = 0.75 * jaw * opening * np.exp(-((across / 1.05) ** 2))
        columns, rows = (x / step).astype(np.float32), (y - _stretch(down, pull, gap, jaw)) / step
        moved = _sample_rows(plane, columns, rows.astype(np.float32))
        drawn.append(_draw_inside(moved, index, down, gap, step))
    return drawn[0], drawn[1], drawn[2]


def _stretch(down: Field, pull: Field, gap: Field, jaw: float) -> Field:
    """Return how far each pixel was moved: the jaw down, fading towards the chin; the upper lip a little up."""
    below = np.clip(1 - np.clip(down, 0, None) / (2.1 * jaw), 0, 1) ** 1.5 * pull
    above = -0.25 * gap * np.clip(1 + down / (0.8 * jaw), 0, 1)
    return np.asarray(np.where(down > 0, np.minimum(below, down), above), dtype=np.float32)


def _draw_inside(moved: Field, index: int, down: Field, gap: Field, step: int) -> Field:
    upper, lower = -0.25 * gap, 0.75 * gap
    inside = np.clip((down - upper) / step, 0, 1) * np.clip((lower - down) / step, 0, 1)
    teeth = np.clip((upper + 0.3 * gap - down) / step, 0, 1) * np.clip((gap - 6) / 6, 0, 0.85)
    colour = _INSIDE[index] * (1 - teeth) + _TEETH[index] * teeth
    return np.asarray(moved * (1 - inside) + colour * inside, dtype=np.float32)


def _sample_rows(plane: Plane, x: Field, y: Field) -> Field:
    """Return a plane's values between its rows (linear); nothing moves sideways here."""
    y = np.clip(y, 0, plane.shape[0] - 1.001)
    row = y.astype(np.int32)
    at = row * plane.shape[1] + x.astype(np.int32)
    flat = plane.ravel()
    upper, lower = flat.take(at).astype(np.float32), flat.take(at + plane.shape[1])
    return np.asarray(upper + (lower - upper) * (y - row), dtype=np.float32)
